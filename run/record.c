/*
 * pyperf-run perf record: finds out what will run, completes perf's command line, runs perf in the
 * foreground, and then makes the recording independent of the image files.
 */
#include "base/child.h"
#include "base/ld_preload.h"
#include "base/library.h"
#include "base/process.h"
#include "base/say.h"
#include "commands.h"
#include "perf/adapt.h"
#include "perf/buildid_cache.h"
#include "perf/convert.h"
#include "perf/images.h"

#include <pyperf.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/personality.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

/* -- Before --------------------------------------------------------------------------------- */

/* Tells the user which options were added, all in one line, and what may go wrong. */
static void say_changes(const struct adapt_plan *plan, const struct perftool *perf)
{
    char added[256] = "";
    size_t used = 0;

    for (char *const *option = plan->options; *option && used < sizeof added; option++)
        used += (size_t)snprintf(added + used, sizeof added - used, " %s", *option);
    if (used)
        say_note("added to perf record:%s (%s)", added, plan->why);
    if (plan->fixed_addresses)
        say_note("the command runs without address randomization: with it, perf %s loses stacks "
                 "in a tree of processes",
                 perf->version);
    if (plan->short_chains)
        say_note(
            "call chains are cut at %d entries, about %d Python calls; for deeper ones: sysctl "
            "kernel.perf_event_max_stack=1024",
            plan->short_chains, plan->short_chains / ADAPT_ENTRIES_FOR_CALL);
    if (plan->starved)
        say_warning("samples may be lost, for the ring buffer (-m %s) is small: raise "
                    "/proc/sys/kernel/perf_event_mlock_kb or `ulimit -l`, or lower -F",
                    plan->ring);
}

/* A container may forbid it; Docker's seccomp filter does. */
static bool may_fix_addresses(void)
{
    unsigned long persona = (unsigned long)personality(0xffffffff);
    bool may = personality(persona | ADDR_NO_RANDOMIZE) >= 0;

    personality(persona);
    return may;
}

enum { PREFIX_WORDS = 8 };

/* pyperf-exec starts the command, so that LD_PRELOAD is set for the command and not for perf. */
static int preload_prefix(char *prefix[PREFIX_WORDS], bool fixed)
{
    static char randomize[] = "-r", end[] = "--", keep[] = PYPERF_ENV_KEEP "=on";
    static char helper[PATH_MAX], variable[PATH_MAX + 4096];
    char library[PATH_MAX], *merged;
    int words = 0;

    if (library_find(library) != 0 || library_find_exec(helper) != 0)
        return EXIT_CANNOT_EXECUTE;
    merged = ld_preload_merge(getenv("LD_PRELOAD"), library);
    if (!merged ||
        snprintf(variable, sizeof variable, "LD_PRELOAD=%s", merged) >= (int)sizeof variable) {
        free(merged);
        say_error("LD_PRELOAD is too long to take libpyperf.so as well");
        return EXIT_CANNOT_EXECUTE;
    }
    free(merged);
    prefix[words++] = helper;
    if (!fixed && !(personality(0xffffffff) & ADDR_NO_RANDOMIZE))
        prefix[words++] = randomize;
    prefix[words++] = variable;
    if (!getenv(PYPERF_ENV_KEEP)) /* we remove what the process leaves */
        prefix[words++] = keep;
    prefix[words++] = end;
    prefix[words] = NULL;
    return 0;
}

/* The first of -p's processes or -t's threads; NULL, after a message, if it cannot be examined. */
static struct program *recorded_process(struct program *program, const char *pids)
{
    long pid = strtol(pids, NULL, 10);
    int rc = program_of_process(program, (pid_t)pid);

    if (rc) {
        say_warning("process %ld: %s", pid,
                    rc == -ESRCH ? "no such process" : "belongs to another user: run this as root");
        return NULL;
    }
    program->elsewhere = process_elsewhere((pid_t)pid, "mnt");
    if (!process_maps_file((pid_t)pid, "/" PYPERF_LIBRARY))
        say_warning("process %ld runs without libpyperf.so and will show no Python names: start it "
                    "with pyperf-run",
                    pid);
    return program;
}

/* -- After ---------------------------------------------------------------------------------- */

static void say_images(const struct images *images, const char *data)
{
    if (images->kept_uncached)
        say_warning("kept %zu image%s that perf's cache could not take: %s needs %s",
                    images->kept_uncached, images->kept_uncached == 1 ? "" : "s", data,
                    images->kept_uncached == 1 ? "it" : "them");
}

static void say_what_next(const char *data)
{
    bool plain = strcmp(data, "perf.data") == 0;

    say_note("look at it with: pyperf-run report%s%s, or: pyperf-run flamegraph%s%s -o out.html",
             plain ? "" : " -i ", plain ? "" : data, plain ? "" : " -i ", plain ? "" : data);
}

static void finish(const struct perfcmd *cmd, const struct perftool *perf,
                   const struct adapt_plan *plan, bool keep)
{
    const char *data = cmd->output ? cmd->output : "perf.data";
    struct images images;
    char cache[PATH_MAX];
    bool named = false;
    int rc;

    if (plan->stack_copies)
        named = convert_recording(
            data, buildid_cache_folder(cache, perf->path, cmd->buildid_dir) == 0 ? cache : NULL,
            perf->path);
    rc = images_find(&images, perf->path, data);
    if (rc == -EBADMSG) {
        say_warning("perf %s cannot read %s back%s", perf->version, data,
                    plan->compressed ? ": record again with --no-compression-level" : "");
    } else if (rc == 0) {
        images_cache(&images, perf->path, cmd->buildid_dir, named);
        if (!keep && (named || (!cmd->no_buildid && !cmd->no_buildid_cache)))
            images_remove(&images);
        say_images(&images, data);
        say_what_next(data);
    }
    images_free(&images);
}

/* -- The command ---------------------------------------------------------------------------- */

/* perf writes to its stdout when told to, and also when that is a pipe and there is no -o. */
static bool goes_to_stdout(const struct perfcmd *cmd)
{
    struct stat status;

    if (cmd->output)
        return strcmp(cmd->output, "-") == 0;
    return fstat(STDOUT_FILENO, &status) == 0 && S_ISFIFO(status.st_mode);
}

static bool written_since(const char *data, const struct timespec *start)
{
    struct stat status;

    return stat(data, &status) == 0 && S_ISREG(status.st_mode) && status.st_size > 0 &&
           (status.st_mtim.tv_sec > start->tv_sec ||
            (status.st_mtim.tv_sec == start->tv_sec && status.st_mtim.tv_nsec >= start->tv_nsec));
}

static int parse_or_say(struct perfcmd *cmd, const struct options *options)
{
    const char *culprit;

    if (perfcmd_parse(cmd, options->argc, options->argv, &culprit) != 0) {
        say_error("perf record: option '%s' needs a value", culprit);
        return EXIT_USAGE;
    }
    if (cmd->unknown && !cmd->separated && !cmd->help) {
        say_error("perf record: unknown option '%s': put -- before the command to profile",
                  cmd->unknown);
        return EXIT_USAGE;
    }
    if (goes_to_stdout(cmd))
        cmd->split_output = true;
    return 0;
}

/* Runs perf as "perf": called by a path, it would look for the command beside itself. */
static int run_perf(const struct perftool *perf, char **line, int *status)
{
    static char name[] = "perf";
    int rc, persona;

    line[0] = name;
    persona = personality(0xffffffff);
    personality((unsigned long)persona | ADDR_NO_RANDOMIZE); /* for pyperf-exec: see there */
    rc = child_foreground(perf->path, line, status);
    personality((unsigned long)persona);
    if (rc)
        say_error("%s: %s", perf->path, strerror(-rc));
    return rc ? EXIT_CANNOT_EXECUTE : 0;
}

int command_record(const struct options *options)
{
    static struct program program;
    static struct perftool perf;
    struct program *known = NULL;
    struct perfcmd cmd;
    struct machine machine;
    struct adapt_plan plan = {.stack_copies = false};
    struct timespec start;
    char *prefix[PREFIX_WORDS] = {NULL}, **line;
    int status, rc = parse_or_say(&cmd, options);
    const char *process;
    bool profiles;

    if (rc)
        return rc;
    rc = perftool_find(&perf, cmd.argv[0]);
    if (rc) {
        say_error("%s: %s; install the package that has perf (Debian: linux-perf)", cmd.argv[0],
                  rc == -ENOENT ? "command not found" : strerror(-rc));
        return rc == -ENOENT ? EXIT_NOT_FOUND : EXIT_CANNOT_EXECUTE;
    }
    /* With -p or -t the command only says how long to record. */
    process = cmd.pids ? cmd.pids : cmd.tids;
    profiles = cmd.command < cmd.argc && !process && !cmd.help;
    if (profiles) {
        rc = program_find_or_say(&program, cmd.argv[cmd.command]);
        if (rc)
            return rc;
        known = &program;
    } else if (process && !cmd.help) {
        known = recorded_process(&program, process);
    }
    if (!options->no_adapt && !cmd.help && (profiles || known)) {
        machine_read(&machine);
        adapt_plan(&plan, &cmd, known, &perf, &machine);
        plan.fixed_addresses &= profiles && may_fix_addresses();
        say_changes(&plan, &perf);
    }
    rc = profiles ? preload_prefix(prefix, plan.fixed_addresses) : 0;
    if (rc)
        return rc;
    line = perfcmd_rewrite(&cmd, plan.options, prefix);
    if (!line) {
        say_error("%s", strerror(ENOMEM));
        return EXIT_CANNOT_EXECUTE;
    }
    clock_gettime(CLOCK_REALTIME_COARSE, &start); /* the clock of file times */
    rc = run_perf(&perf, line, &status);
    free(line);
    if (rc)
        return rc;
    if (!cmd.split_output && !cmd.help &&
        written_since(cmd.output ? cmd.output : "perf.data", &start))
        finish(&cmd, &perf, &plan, options->keep);
    child_exit_like(status);
}
