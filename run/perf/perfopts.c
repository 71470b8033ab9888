/*
 * All options that any perf from 4.9 to 7.2 has: from `perf record -h` and, for hidden ones,
 * Documentation/perf-record.txt in the kernel's tools/perf.  No letter has changed its meaning
 * between them (-f, -A and -l were dropped long ago).
 */
#include "perf/perfopts.h"

#include <string.h>

static const struct perfopt record_options[] = {
    {"all-cpus", VALUE_NONE, 'a'},
    {"branch-any", VALUE_NONE, 'b'},
    {"no-buildid", VALUE_NONE, 'B'},
    {"count", VALUE_REQUIRED, 'c'},
    {"cpu", VALUE_REQUIRED, 'C'},
    {"data", VALUE_NONE, 'd'},
    {"delay", VALUE_REQUIRED, 'D'},
    {"event", VALUE_REQUIRED, 'e'},
    {"freq", VALUE_REQUIRED, 'F'},
    {NULL, VALUE_NONE, 'g'},
    {"cgroup", VALUE_REQUIRED, 'G'},
    {"help", VALUE_NONE, 'h'},
    {"no-inherit", VALUE_NONE, 'i'},
    {"intr-regs", VALUE_OPTIONAL, 'I'},
    {"branch-filter", VALUE_REQUIRED, 'j'},
    {"clockid", VALUE_REQUIRED, 'k'},
    {"mmap-pages", VALUE_REQUIRED, 'm'},
    {"no-samples", VALUE_NONE, 'n'},
    {"no-buildid-cache", VALUE_NONE, 'N'},
    {"output", VALUE_REQUIRED, 'o'},
    {"pid", VALUE_REQUIRED, 'p'},
    {"period", VALUE_NONE, 'P'},
    {"quiet", VALUE_NONE, 'q'},
    {"realtime", VALUE_REQUIRED, 'r'},
    {"raw-samples", VALUE_NONE, 'R'},
    {"stat", VALUE_NONE, 's'},
    {"snapshot", VALUE_OPTIONAL, 'S'},
    {"tid", VALUE_REQUIRED, 't'},
    {"timestamp", VALUE_NONE, 'T'},
    {"uid", VALUE_REQUIRED, 'u'},
    {"verbose", VALUE_NONE, 'v'},
    {"weight", VALUE_NONE, 'W'},
    {"compression-level", VALUE_OPTIONAL, 'z'},
    {"affinity", VALUE_REQUIRED, 0},
    {"aio", VALUE_OPTIONAL, 0},
    {"all-cgroups", VALUE_NONE, 0},
    {"all-kernel", VALUE_NONE, 0},
    {"all-user", VALUE_NONE, 0},
    {"aux-sample", VALUE_OPTIONAL, 0},
    {"buildid-all", VALUE_NONE, 0},
    {"buildid-mmap", VALUE_NONE, 0},
    {"call-graph", VALUE_REQUIRED, 0},
    {"clang-opt", VALUE_REQUIRED, 0},
    {"clang-path", VALUE_REQUIRED, 0},
    {"code-page-size", VALUE_NONE, 0},
    {"control", VALUE_REQUIRED, 0},
    {"data-mmap", VALUE_NONE, 0},
    {"data-page-size", VALUE_NONE, 0},
    {"debuginfod", VALUE_OPTIONAL, 0},
    {"dry-run", VALUE_NONE, 0},
    {"exclude-perf", VALUE_NONE, 0},
    {"filter", VALUE_REQUIRED, 0},
    {"group", VALUE_NONE, 0},
    {"kcore", VALUE_NONE, 0},
    {"kernel-callchains", VALUE_NONE, 0},
    {"latency", VALUE_NONE, 0},
    {"list-opts", VALUE_NONE, 0},
    {"max-size", VALUE_REQUIRED, 0},
    {"mmap-flush", VALUE_REQUIRED, 0},
    {"namespaces", VALUE_NONE, 0},
    {"no-bpf-event", VALUE_NONE, 0},
    {"no-buffering", VALUE_NONE, 0},
    {"num-thread-synthesize", VALUE_REQUIRED, 0},
    {"off-cpu", VALUE_NONE, 0},
    {"off-cpu-thresh", VALUE_REQUIRED, 0},
    {"overwrite", VALUE_NONE, 0},
    {"per-thread", VALUE_NONE, 0},
    {"pfm-events", VALUE_REQUIRED, 0},
    {"phys-data", VALUE_NONE, 0},
    {"proc-map-timeout", VALUE_REQUIRED, 0},
    {"running-time", VALUE_NONE, 0},
    {"sample-cpu", VALUE_NONE, 0},
    {"sample-identifier", VALUE_NONE, 0},
    {"sample-mem-info", VALUE_NONE, 0},
    {"setup-filter", VALUE_REQUIRED, 0},
    {"strict-freq", VALUE_NONE, 0},
    {"switch-events", VALUE_NONE, 0},
    {"switch-max-files", VALUE_REQUIRED, 0},
    {"switch-output", VALUE_OPTIONAL, 0},
    {"switch-output-event", VALUE_REQUIRED, 0},
    {"synth", VALUE_REQUIRED, 0},
    {"tail-synthesize", VALUE_NONE, 0},
    {"threads", VALUE_OPTIONAL, 0},
    {"timestamp-boundary", VALUE_NONE, 0},
    {"timestamp-filename", VALUE_NONE, 0},
    {"transaction", VALUE_NONE, 0},
    {"user-callchains", VALUE_NONE, 0},
    {"user-regs", VALUE_OPTIONAL, 0},
    {"vmlinux", VALUE_REQUIRED, 0},
};

static const struct perfopt global_options[] = {
    {"help", VALUE_NONE, 'h'},          {"version", VALUE_NONE, 'v'},
    {"paginate", VALUE_NONE, 'p'},      {"no-pager", VALUE_NONE, 0},
    {"build-options", VALUE_NONE, 0},   {"buildid-dir", VALUE_REQUIRED, 0},
    {"debug", VALUE_REQUIRED, 0},       {"debug-file", VALUE_REQUIRED, 0},
    {"debugfs-dir", VALUE_REQUIRED, 0}, {"exec-path", VALUE_OPTIONAL, 0},
    {"html-path", VALUE_NONE, 0},       {"list-cmds", VALUE_NONE, 0},
    {"list-opts", VALUE_NONE, 0},       {"tracefs-dir", VALUE_REQUIRED, 0},
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
