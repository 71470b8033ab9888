/* Did it work in this process, and can perf, here, see it? */
#include "base/number.h"
#include "doctor/checks.h"
#include "perf/images.h"

#include <pyperf.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

struct process {
    pid_t pid;
    char root[64]; /* its root folder, as we can reach it */
    long own_pid;  /* as it sees itself: the last of NSpid */
    long uid;      /* effective */
    long no_new_privileges;
    long seccomp; /* 2: a filter */
    bool library, other_namespace;
    size_t images, lost;  /* images mapped; of them without a file */
    char image[PATH_MAX]; /* one of them, as the process sees it */
};

static FILE *open_of(const struct process *process, const char *name)
{
    char path[64];
    snprintf(path, sizeof(path), "/proc/%ld/%s", (long)process->pid, name);
    return fopen(path, "re");
}

static void read_status(struct process *process)
{
    FILE *file = open_of(process, "status");
    char line[512];

    process->own_pid = process->pid;
    while (file && fgets(line, sizeof(line), file)) {
        char *last = strrchr(line, '\t');
        char *effective = strncmp(line, "Uid:\t", 5) == 0 ? strchr(line + 5, '\t') : NULL;
        process->uid = effective ? number_at(effective, 0) : process->uid;
        process->no_new_privileges = number_behind(line, "NoNewPrivs:", process->no_new_privileges);
        process->seccomp = number_behind(line, "Seccomp:", process->seccomp);
        if (strncmp(line, "NSpid:", 6) == 0 && last)
            process->own_pid = number_at(last, process->pid);
    }
    if (file)
        fclose(file);
}

/* One line of maps.  An image appears several times: its code counts. */
static void read_mapping(struct process *process, char *line)
{
    static const char deleted[] = " (deleted)";
    char *path = strchr(line, '/'), *gone, reachable[PATH_MAX + 64];

    if (!path)
        return;
    path[strcspn(path, "\n")] = '\0';
    gone = strstr(path, deleted);
    if (gone)
        *gone = '\0';
    if (strstr(path, "/libpyperf.so"))
        process->library = true;
    if (!images_is_image(path) || !strstr(line, "r-x"))
        return;
    process->images++;
    snprintf(process->image, sizeof(process->image), "%s", path);
    snprintf(reachable, sizeof(reachable), "%s%s", process->root, path);
    process->lost += gone || access(reachable, R_OK) != 0;
}

static int read_process(struct process *process, pid_t pid)
{
    char line[PATH_MAX + 128], ours[64] = "", theirs[64] = "", name[64];
    FILE *maps;

    *process = (struct process){.pid = pid};
    snprintf(process->root, sizeof(process->root), "/proc/%ld/root", (long)pid);
    maps = open_of(process, "maps");
    if (!maps)
        return -errno;
    read_status(process);
    while (fgets(line, sizeof(line), maps))
        read_mapping(process, line);
    fclose(maps);
    snprintf(name, sizeof(name), "/proc/%ld/ns/mnt", (long)pid);
    if (readlink("/proc/self/ns/mnt", ours, sizeof(ours) - 1) > 0 &&
        readlink(name, theirs, sizeof(theirs) - 1) > 0)
        process->other_namespace = strcmp(ours, theirs) != 0;
    return 0;
}

/* The value of a variable in its start environment; "" if unset or unreadable. */
static const char *variable_of(const struct process *process, const char *name, char *value,
                               size_t size)
{
    FILE *file = open_of(process, "environ");
    size_t length = strlen(name);
    char *entry = NULL;
    size_t room = 0;

    value[0] = '\0';
    while (file && getdelim(&entry, &room, '\0', file) > 0)
        if (strncmp(entry, name, length) == 0 && entry[length] == '=')
            snprintf(value, size, "%s", entry + length + 1);
    free(entry);
    if (file)
        fclose(file);
    return value;
}

static void check_library(struct findings *findings, const struct process *process)
{
    char preload[PATH_MAX], off[16];

    variable_of(process, "LD_PRELOAD", preload, sizeof(preload));
    if (process->library) {
        findings_add(findings, VERDICT_OK, "loaded", NULL, "libpyperf.so is in the process");
    } else if (strstr(preload, "libpyperf.so")) {
        findings_add(findings, VERDICT_BAD, "loaded",
                     "put the library where the process may read it, outside /tmp and /home",
                     "LD_PRELOAD=%s, but the library is not in the process", preload);
    } else {
        findings_add(findings, VERDICT_BAD, "loaded",
                     "start it with pyperf-run, or a service with pyperf-run systemd enable",
                     "the process was started without libpyperf.so");
    }
    variable_of(process, PYPERF_ENV_SWITCH, off, sizeof(off));
    if (strcmp(off, "off") == 0)
        findings_add(findings, VERDICT_BAD, "switch", "start it without " PYPERF_ENV_SWITCH "=off",
                     PYPERF_ENV_SWITCH "=off is in its environment");
}

static void check_images(struct findings *findings, const struct process *process)
{
    if (!process->library)
        return;
    if (!process->images)
        findings_add(findings, VERDICT_BAD, "image",
                     "start it with PYPERF_LOG=info: the log names the reason",
                     "no trampoline image is mapped");
    else if (process->lost)
        findings_add(findings, VERDICT_BAD, "image", "restart the process",
                     "%zu of %zu mapped images have lost their file", process->lost,
                     process->images);
    else
        findings_add(findings, VERDICT_OK, "image", NULL, "%zu mapped: %s", process->images,
                     process->image);
}

static void check_map(struct findings *findings, const struct process *process)
{
    char path[128], inside[64];
    struct stat status;

    if (!process->library)
        return;
    snprintf(inside, sizeof(inside), PYPERF_MAP_FORMAT, process->own_pid);
    snprintf(path, sizeof(path), "%s%s", process->root, inside);
    if (stat(path, &status) != 0)
        findings_add(findings, VERDICT_NOTE, "map", "none needed while the image is there",
                     "%s: %s", inside, strerror(errno));
    else if ((long)status.st_uid != process->uid && status.st_uid != 0)
        findings_add(findings, VERDICT_NOTE, "map", "remove that file and restart the process",
                     "%s belongs to user %ld, not to %ld: perf ignores it", inside,
                     (long)status.st_uid, process->uid);
    else
        findings_add(findings, VERDICT_OK, "map", NULL, "%s", inside);
}

static void check_surroundings(struct findings *findings, const struct process *process)
{
    if (process->other_namespace)
        findings_add(findings, VERDICT_NOTE, "mounts",
                     "record while it lives, with pyperf-run: the build-id cache keeps the names",
                     "the process has its own mount namespace (container, PrivateTmp)");
    if (process->own_pid != process->pid)
        findings_add(findings, VERDICT_NOTE, "process number",
                     "nothing to do: images do not depend on it", "it is %ld in its own namespace",
                     process->own_pid);
    if (process->no_new_privileges && !process->library)
        findings_add(findings, VERDICT_NOTE, "hardening", "nothing to do",
                     "NoNewPrivileges is set; it does not stand in LD_PRELOAD's way");
    if (process->seccomp == 2 && !process->images)
        findings_add(findings, VERDICT_NOTE, "hardening",
                     "MemoryDenyWriteExecute is fine with an image; look for noexec folders",
                     "system calls are filtered (seccomp)");
}

void check_process(struct findings *findings, pid_t pid)
{
    static struct program program;
    struct process process;
    int rc = read_process(&process, pid);

    if (rc == 0)
        rc = program_of_process(&program, pid);
    if (rc) {
        findings_add(findings, VERDICT_BAD, "process",
                     rc == -EACCES || rc == -EPERM ? "ask as root or as its user"
                                                   : "check the number",
                     "%ld: %s", (long)pid,
                     rc == -ENOENT || rc == -ESRCH ? "no such process" : strerror(-rc));
        return;
    }
    findings_add(findings, VERDICT_OK, "process", NULL, "%ld runs %s", (long)pid, program.path);
    check_interpreter(findings, &program);
    check_library(findings, &process);
    check_images(findings, &process);
    check_map(findings, &process);
    check_surroundings(findings, &process);
}
