/*
 * The union of what perf 4.9 to 7.2 accept, from `perf record -h` and, for options that it
 * hides, Documentation/perf-record.txt in the kernel's tools/perf.  A letter's meaning has never
 * changed between them (-f, -A and -l were dropped long ago).
 */
#include "perfopts.h"

#include <string.h>

static const struct perfopt record_options[] = {
    {'a', "all-cpus", VALUE_NONE},
    {'b', "branch-any", VALUE_NONE},
    {'B', "no-buildid", VALUE_NONE},
    {'c', "count", VALUE_REQUIRED},
    {'C', "cpu", VALUE_REQUIRED},
    {'d', "data", VALUE_NONE},
    {'D', "delay", VALUE_REQUIRED},
    {'e', "event", VALUE_REQUIRED},
    {'F', "freq", VALUE_REQUIRED},
    {'g', NULL, VALUE_NONE},
    {'G', "cgroup", VALUE_REQUIRED},
    {'h', "help", VALUE_NONE},
    {'i', "no-inherit", VALUE_NONE},
    {'I', "intr-regs", VALUE_OPTIONAL},
    {'j', "branch-filter", VALUE_REQUIRED},
    {'k', "clockid", VALUE_REQUIRED},
    {'m', "mmap-pages", VALUE_REQUIRED},
    {'n', "no-samples", VALUE_NONE},
    {'N', "no-buildid-cache", VALUE_NONE},
    {'o', "output", VALUE_REQUIRED},
    {'p', "pid", VALUE_REQUIRED},
    {'P', "period", VALUE_NONE},
    {'q', "quiet", VALUE_NONE},
    {'r', "realtime", VALUE_REQUIRED},
    {'R', "raw-samples", VALUE_NONE},
    {'s', "stat", VALUE_NONE},
    {'S', "snapshot", VALUE_OPTIONAL},
    {'t', "tid", VALUE_REQUIRED},
    {'T', "timestamp", VALUE_NONE},
    {'u', "uid", VALUE_REQUIRED},
    {'v', "verbose", VALUE_NONE},
    {'W', "weight", VALUE_NONE},
    {'z', "compression-level", VALUE_OPTIONAL},
    {0, "affinity", VALUE_REQUIRED},
    {0, "aio", VALUE_OPTIONAL},
    {0, "all-cgroups", VALUE_NONE},
    {0, "all-kernel", VALUE_NONE},
    {0, "all-user", VALUE_NONE},
    {0, "aux-sample", VALUE_OPTIONAL},
    {0, "buildid-all", VALUE_NONE},
    {0, "buildid-mmap", VALUE_NONE},
    {0, "call-graph", VALUE_REQUIRED},
    {0, "clang-opt", VALUE_REQUIRED},
    {0, "clang-path", VALUE_REQUIRED},
    {0, "code-page-size", VALUE_NONE},
    {0, "control", VALUE_REQUIRED},
    {0, "data-mmap", VALUE_NONE},
    {0, "data-page-size", VALUE_NONE},
    {0, "debuginfod", VALUE_OPTIONAL},
    {0, "dry-run", VALUE_NONE},
    {0, "exclude-perf", VALUE_NONE},
    {0, "filter", VALUE_REQUIRED},
    {0, "group", VALUE_NONE},
    {0, "kcore", VALUE_NONE},
    {0, "kernel-callchains", VALUE_NONE},
    {0, "latency", VALUE_NONE},
    {0, "list-opts", VALUE_NONE},
    {0, "max-size", VALUE_REQUIRED},
    {0, "mmap-flush", VALUE_REQUIRED},
    {0, "namespaces", VALUE_NONE},
    {0, "no-bpf-event", VALUE_NONE},
    {0, "no-buffering", VALUE_NONE},
    {0, "num-thread-synthesize", VALUE_REQUIRED},
    {0, "off-cpu", VALUE_NONE},
    {0, "off-cpu-thresh", VALUE_REQUIRED},
    {0, "overwrite", VALUE_NONE},
    {0, "per-thread", VALUE_NONE},
    {0, "pfm-events", VALUE_REQUIRED},
    {0, "phys-data", VALUE_NONE},
    {0, "proc-map-timeout", VALUE_REQUIRED},
    {0, "running-time", VALUE_NONE},
    {0, "sample-cpu", VALUE_NONE},
    {0, "sample-identifier", VALUE_NONE},
    {0, "sample-mem-info", VALUE_NONE},
    {0, "setup-filter", VALUE_REQUIRED},
    {0, "strict-freq", VALUE_NONE},
    {0, "switch-events", VALUE_NONE},
    {0, "switch-max-files", VALUE_REQUIRED},
    {0, "switch-output", VALUE_OPTIONAL},
    {0, "switch-output-event", VALUE_REQUIRED},
    {0, "synth", VALUE_REQUIRED},
    {0, "tail-synthesize", VALUE_NONE},
    {0, "threads", VALUE_OPTIONAL},
    {0, "timestamp-boundary", VALUE_NONE},
    {0, "timestamp-filename", VALUE_NONE},
    {0, "transaction", VALUE_NONE},
    {0, "user-callchains", VALUE_NONE},
    {0, "user-regs", VALUE_OPTIONAL},
    {0, "vmlinux", VALUE_REQUIRED},
};

static const struct perfopt global_options[] = {
    {'h', "help", VALUE_NONE},          {'v', "version", VALUE_NONE},
    {'p', "paginate", VALUE_NONE},      {0, "no-pager", VALUE_NONE},
    {0, "build-options", VALUE_NONE},   {0, "buildid-dir", VALUE_REQUIRED},
    {0, "debug", VALUE_REQUIRED},       {0, "debug-file", VALUE_REQUIRED},
    {0, "debugfs-dir", VALUE_REQUIRED}, {0, "exec-path", VALUE_OPTIONAL},
    {0, "html-path", VALUE_NONE},       {0, "list-cmds", VALUE_NONE},
    {0, "list-opts", VALUE_NONE},       {0, "tracefs-dir", VALUE_REQUIRED},
};

#define LENGTH(array) (sizeof(array) / sizeof((array)[0]))

const struct perfopt *perfopts_record_letter(char letter)
{
    for (size_t i = 0; i < LENGTH(record_options); i++)
        if (letter && record_options[i].letter == letter)
            return &record_options[i];
    return NULL;
}

static const struct perfopt *exact(const struct perfopt *table, size_t count, const char *name,
                                   size_t length)
{
    for (size_t i = 0; i < count; i++)
        if (table[i].name && strlen(table[i].name) == length &&
            memcmp(table[i].name, name, length) == 0)
            return &table[i];
    return NULL;
}

/* "--inherit" undoes "--no-inherit". */
static const struct perfopt *without_no(const char *name, size_t length)
{
    for (size_t i = 0; i < LENGTH(record_options); i++) {
        const char *full = record_options[i].name;
        if (full && strncmp(full, "no-", 3) == 0 && strlen(full + 3) == length &&
            memcmp(full + 3, name, length) == 0)
            return &record_options[i];
    }
    return NULL;
}

static const struct perfopt *beginning(const char *name, size_t length)
{
    const struct perfopt *found = NULL;
    for (size_t i = 0; i < LENGTH(record_options); i++) {
        if (!record_options[i].name || strncmp(record_options[i].name, name, length) != 0)
            continue;
        if (found)
            return NULL;
        found = &record_options[i];
    }
    return found;
}

const struct perfopt *perfopts_record_name(const char *name, size_t length, int *negated)
{
    const struct perfopt *found = exact(record_options, LENGTH(record_options), name, length);

    *negated = 0;
    if (!found && length > 3 && strncmp(name, "no-", 3) == 0)
        found = exact(record_options, LENGTH(record_options), name + 3, length - 3);
    else if (!found)
        found = without_no(name, length);
    else
        return found;
    *negated = found != NULL;
    return found || !length ? found : beginning(name, length);
}

const struct perfopt *perfopts_global_name(const char *name, size_t length)
{
    return exact(global_options, LENGTH(global_options), name, length);
}
