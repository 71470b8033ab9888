/* Checks whether the library works in a running process, and whether a perf here can see it. */
#include "base/process.h"
#include "doctor/checks.h"
#include "perf/image_name.h"

#include <pyperf.h>

#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

struct process {
    pid_t pid;
    char root[64]; /* its root folder, as we can reach it */
    struct process_status status;
    bool library;
    size_t images, lost;  /* images mapped, and how many of them have lost their file */
    char image[PATH_MAX]; /* one of them, as the process sees it */
};

/* An image has several mappings; counts the one with its code. */
static void see_mapping(struct process *process, const struct process_mapping *mapping)
{
    char reachable[PATH_MAX + 64];

    if (strstr(mapping->path, "/" PYPERF_LIBRARY))
        process->library = true;
    if (!image_name_is(mapping->path) || !mapping->executable)
        return;
    process->images++;
    snprintf(process->image, sizeof process->image, "%s", mapping->path);
    snprintf(reachable, sizeof reachable, "%s%s", process->root, mapping->path);
    process->lost += mapping->deleted || access(reachable, R_OK) != 0;
}

static int read_process(struct process *process, pid_t pid)
{
    struct process_mapping mapping;
    struct process_maps maps;
    int rc;

    *process = (struct process){.pid = pid};
    snprintf(process->root, sizeof process->root, "/proc/%ld/root", (long)pid);
    rc = process_maps_open(&maps, pid);
    if (rc)
        return rc;
    while (process_maps_next(&maps, &mapping))
        see_mapping(process, &mapping);
    process_maps_close(&maps);
    return process_status(&process->status, pid);
}

static void check_library(struct findings *findings, const struct process *process)
{
    char preload[PATH_MAX], off[16];

    process_variable(process->pid, "LD_PRELOAD", preload, sizeof preload);
    if (process->library) {
        findings_add(findings, VERDICT_OK, "loaded", NULL, "libpyperf.so is in the process");
    } else if (strstr(preload, PYPERF_LIBRARY)) {
        findings_add(findings, VERDICT_BAD, "loaded",
                     "put the library where the process may read it, outside /tmp and /home",
                     "LD_PRELOAD=%s, but the library is not in the process", preload);
    } else {
        findings_add(findings, VERDICT_BAD, "loaded",
                     "start it with pyperf-run, or a service with pyperf-run systemd enable",
                     "the process was started without libpyperf.so");
    }
    process_variable(process->pid, PYPERF_ENV_SWITCH, off, sizeof off);
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
    snprintf(inside, sizeof inside, PYPERF_MAP_FORMAT, process->status.own_pid);
    snprintf(path, sizeof path, "%s%s", process->root, inside);
    if (stat(path, &status) != 0)
        findings_add(findings, VERDICT_NOTE, "map", "none needed while the image is there",
                     "%s: %s", inside, strerror(errno));
    else if ((long)status.st_uid != process->status.uid && status.st_uid != 0)
        findings_add(findings, VERDICT_NOTE, "map", "remove that file and restart the process",
                     "%s belongs to user %ld, not to %ld: perf ignores it", inside,
                     (long)status.st_uid, process->status.uid);
    else
        findings_add(findings, VERDICT_OK, "map", NULL, "%s", inside);
}

static void check_surroundings(struct findings *findings, const struct process *process)
{
    if (process_elsewhere(process->pid, "mnt"))
        findings_add(findings, VERDICT_NOTE, "mounts",
                     "record while it lives, with pyperf-run: the build-id cache keeps the names",
                     "the process has its own mount namespace (container, PrivateTmp)");
    if (process->status.own_pid != process->pid)
        findings_add(findings, VERDICT_NOTE, "process number",
                     "nothing to do: images do not depend on it", "it is %ld in its own namespace",
                     process->status.own_pid);
    if (process->status.no_new_privileges && !process->library)
        findings_add(findings, VERDICT_NOTE, "hardening", "nothing to do",
                     "NoNewPrivileges is set; it does not hinder LD_PRELOAD");
    if (process->status.seccomp == 2 && !process->images)
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
                     rc == -EACCES || rc == -EPERM ? "run this as root or as its user"
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
