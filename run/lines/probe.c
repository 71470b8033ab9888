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
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

extern const char probe_script[], probe_script_end[], probe_lines[], probe_lines_end[];

enum {
    FREQUENCY = 7499, /* samples a second, at most */
    STACK = 8192,     /* bytes of stack with each: the probe's stacks are short */
    SAMPLES = 22500,  /* wanted, most of them in functions that are called from known lines */
    ENOUGH = 5000,    /* for what slow machines take minutes of */
    ATTEMPTS = 3,
    SECONDS_MOST = 60, /* of processor time; probe.py has a limit for the clock on the wall */
};

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

struct sampling {
    const char *event;
    long rate, seconds; /* samples a second of processor time, and how many seconds */
    long ring_kib;
};

static int outcome(int status)
{
    return status == 0 ? 0 : status == 128 + SIGALRM ? -ETIME : -ENODATA;
}

/* perf runs pyperf-exec, which runs the interpreter with the library. */
static int record(const char *program, const struct probe_paths *paths,
                  const struct sampling *sampling)
{
    static char keep[] = PYPERF_ENV_KEEP "=on", on[] = PYPERF_ENV_SWITCH "=on";
    static char both[] = PYPERF_ENV_OUTPUT "=image", end[] = "--";
    char helper[PATH_MAX], library[PATH_MAX], preload[PATH_MAX + 16], directory[96];
    char frequency[24], stack[24], ring[24], seconds[24], errors[4096];

    if (library_find(library) != 0 || library_find_exec(helper) != 0)
        return -ENOENT;
    snprintf(seconds, sizeof seconds, "%ld", sampling->seconds);
    snprintf(frequency, sizeof frequency, "%ld", sampling->rate);
    snprintf(stack, sizeof stack, "dwarf,%d", STACK);
    snprintf(ring, sizeof ring, "%ldK", sampling->ring_kib);
    snprintf(preload, sizeof preload, "LD_PRELOAD=%s", library);
    snprintf(directory, sizeof directory, PYPERF_ENV_DIR "=%s", paths->folder);
    char *argv[] = {"perf",
                    "record",
                    "-q",
                    "-B", /* leave nothing in its cache */
                    "-e",
                    (char *)sampling->event,
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
    return outcome(child_capture(argv, errors, sizeof errors));
}

/* For some processors perf asks for registers that Linux copies for events of the hardware only. */
static int record_somehow(const char *program, const struct probe_paths *paths,
                          struct sampling *sampling)
{
    int rc = record(program, paths, sampling);

    if (rc != -ENODATA)
        return rc;
    sampling->event = "cycles:u";
    return record(program, paths, sampling);
}

/* What is learned depends on the number of samples.  A kernel may allow fewer a second, and on a
 * slow or busy machine fewer come: then it takes longer. */
static int record_enough(const char *program, const struct probe_paths *paths)
{
    struct sampling sampling = {.event = "cpu-clock:u"};
    struct machine machine;
    bool starved;

    machine_read(&machine);
    sampling.rate = machine.sample_rate < FREQUENCY ? machine.sample_rate : FREQUENCY;
    sampling.ring_kib = adapt_ring_kib(sampling.rate / 8, ADAPT_STACK_BYTES, &machine, &starved);
    sampling.seconds = SAMPLES / (sampling.rate > 0 ? sampling.rate : 1);
    for (int attempt = 1;; attempt++) {
        struct stat data;
        long samples;
        int rc;
        if (sampling.seconds > SECONDS_MOST)
            sampling.seconds = SECONDS_MOST;
        rc = record_somehow(program, paths, &sampling);
        if (rc)
            return rc;
        if (stat(paths->data, &data) != 0)
            return -errno;
        samples = data.st_size / STACK;
        if (samples >= ENOUGH || attempt == ATTEMPTS || sampling.seconds == SECONDS_MOST)
            return 0;
        sampling.seconds *= 2 * ENOUGH / (samples + 1);
    }
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
        rc = record_enough(program, paths);
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
                    : rc == -ETIME   ? "the program to learn from did not end in time"
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
