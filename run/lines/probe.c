#include "lines/probe.h"
#include "base/child.h"
#include "base/library.h"
#include "base/say.h"
#include "lines/learn.h"
#include "perf/adapt.h"
#include "perf/buildid_cache.h"
#include "perf/machine.h"

#include <pyperf.h>

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

extern const char probe_script[], probe_script_end[], probe_lines[], probe_lines_end[];

enum {
    FREQUENCY = 7499, /* samples a second: some 20,000 in all */
    STACK = 8192,     /* bytes of stack with each: the probe's stacks are short */
};

/* Seconds of processor time, most of it in functions that are called from known lines. */
static char seconds[] = "3";

int probe_folder(char folder[PATH_MAX])
{
    const char *cache = getenv("XDG_CACHE_HOME"), *home = getenv("HOME");
    int length = cache && *cache == '/' ? snprintf(folder, PATH_MAX, "%s/pyperf/positions", cache)
                 : home ? snprintf(folder, PATH_MAX, "%s/.cache/pyperf/positions", home)
                        : -1;

    if (length < 0 || length >= PATH_MAX)
        return -ENOENT;
    for (char *slash = strchr(folder + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
        *slash = '\0';
        if (mkdir(folder, 0700) != 0 && errno != EEXIST)
            return -errno;
        *slash = '/';
    }
    return mkdir(folder, 0700) == 0 || errno == EEXIST ? 0 : -errno;
}

static int write_file(const char *path, const char *begin, const char *end)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    ssize_t size = end - begin, written;

    if (fd < 0)
        return -errno;
    written = write(fd, begin, (size_t)size);
    if (close(fd) != 0 || written != size)
        return -EIO;
    return 0;
}

static int remove_entry(const char *path, const struct stat *status, int type, struct FTW *walk)
{
    (void)status;
    (void)type;
    (void)walk;
    return remove(path);
}

struct probe_paths {
    char folder[64], script[96], lines[96], data[96], bytecode[96];
};

/* perf runs pyperf-exec, which runs the interpreter with the library. */
static int record(const char *program, const struct probe_paths *paths)
{
    static char keep[] = PYPERF_ENV_KEEP "=on", on[] = PYPERF_ENV_SWITCH "=on";
    static char both[] = PYPERF_ENV_OUTPUT "=image", end[] = "--";
    char helper[PATH_MAX], library[PATH_MAX], preload[PATH_MAX + 16], directory[96];
    char frequency[24], stack[24], ring[24], errors[4096];
    struct machine machine;
    bool starved;
    long rate;

    if (library_find(library) != 0 || library_find_exec(helper) != 0)
        return -ENOENT;
    machine_read(&machine);
    rate = machine.sample_rate < FREQUENCY ? machine.sample_rate : FREQUENCY;
    snprintf(frequency, sizeof frequency, "%ld", rate);
    snprintf(stack, sizeof stack, "dwarf,%d", STACK);
    snprintf(ring, sizeof ring, "%ldK", adapt_ring_kib(rate / 8, &machine, &starved));
    snprintf(preload, sizeof preload, "LD_PRELOAD=%s", library);
    snprintf(directory, sizeof directory, PYPERF_ENV_DIR "=%s", paths->folder);
    char *argv[] = {"perf",
                    "record",
                    "-q",
                    "-B", /* leave nothing in its cache */
                    "-e",
                    "cpu-clock:u",
                    "-F",
                    frequency,
                    "--call-graph",
                    stack,
                    "-k",
                    "mono",
                    "-m",
                    ring,
                    "-o",
                    (char *)paths->data,
                    "--",
                    helper,
                    preload,
                    keep,
                    on,
                    both,
                    directory,
                    end,
                    (char *)program,
                    "-I",
                    (char *)paths->script,
                    (char *)paths->lines,
                    seconds,
                    (char *)paths->bytecode,
                    NULL};
    return child_capture(argv, errors, sizeof errors) == 0 ? 0 : -ENODATA;
}

/* A reader must not see half a file, so it gets its name when it is whole. */
static int keep(const struct positions *positions, const struct build_id *build_id,
                const char *folder)
{
    char path[PATH_MAX], fresh[PATH_MAX + 8], id[BUILD_ID_TEXT];
    FILE *out;
    int fd, rc;

    build_id_text(build_id, id);
    if (snprintf(path, sizeof path, "%s/%s", folder, id) >= (int)sizeof path)
        return -ENAMETOOLONG;
    snprintf(fresh, sizeof fresh, "%s.XXXXXX", path);
    fd = mkostemp(fresh, O_CLOEXEC);
    if (fd < 0)
        return -errno;
    out = fdopen(fd, "w");
    rc = out ? positions_write(positions, out) : -ENOMEM;
    if (out ? fclose(out) != 0 : close(fd) != 0)
        rc = -EIO;
    if (rc == 0 && rename(fresh, path) != 0)
        rc = -errno;
    if (rc)
        unlink(fresh);
    return rc;
}

static int probe_in(const char *program, const struct build_id *build_id, const char *folder,
                    const struct probe_paths *paths)
{
    char cache[PATH_MAX];
    struct positions positions;
    struct build_id found;
    int rc = write_file(paths->script, probe_script, probe_script_end);

    if (rc == 0)
        rc = write_file(paths->lines, probe_lines, probe_lines_end);
    if (rc == 0)
        rc = record(program, paths);
    if (rc == 0)
        rc = learn(paths->data, paths->bytecode,
                   buildid_cache_folder(cache, "perf", NULL) == 0 ? cache : NULL, &positions,
                   &found);
    if (rc)
        return rc;
    rc = keep(&positions, &found, folder);
    positions_free(&positions);
    return rc ? rc : build_id_same(&found, build_id) ? 0 : -ESTALE;
}

int probe_build(const char *program, const struct build_id *build_id, const char *folder)
{
    struct probe_paths paths = {.folder = "/tmp/pyperf-probe-XXXXXX"};
    const char *name = strrchr(program, '/');
    int rc;

    if (strncmp(name ? name + 1 : program, "python", 6) != 0)
        return -ENOEXEC;
    if (!mkdtemp(paths.folder))
        return -errno;
    snprintf(paths.script, sizeof paths.script, "%s/probe.py", paths.folder);
    snprintf(paths.lines, sizeof paths.lines, "%s/lines.py", paths.folder);
    snprintf(paths.data, sizeof paths.data, "%s/perf.data", paths.folder);
    snprintf(paths.bytecode, sizeof paths.bytecode, "%s/bytecode", paths.folder);
    rc = probe_in(program, build_id, folder, &paths);
    nftw(paths.folder, remove_entry, 8, FTW_DEPTH | FTW_PHYS);
    return rc;
}

static void learn_build(void *folder, const char *program, const struct build_id *build_id)
{
    int rc;

    say_note("learning once where %s keeps the line that it runs", program);
    rc = probe_build(program, build_id, folder);
    if (rc)
        say_warning("%s: %s; its functions have no lines", program,
                    rc == -ENOEXEC   ? "is no Python that can be run by itself to learn from"
                    : rc == -ESTALE  ? "is not the build that was recorded"
                    : rc == -ENODATA ? "the profile to learn from has too few samples"
                                     : strerror(-rc));
}

struct lines *lines_here(void)
{
    static char folder[PATH_MAX];
    int rc = probe_folder(folder);

    if (rc == 0)
        return lines_new(folder, learn_build, folder);
    say_warning(
        "Python functions have no lines, for what it takes to tell them cannot be kept: set "
        "HOME or XDG_CACHE_HOME to a folder that can be written: %s",
        strerror(-rc));
    return lines_new(NULL, NULL, NULL);
}
