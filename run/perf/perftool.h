/* The perf on this machine: which one, which version, what it can do. */
#ifndef RUN_PERF_PERFTOOL_H
#define RUN_PERF_PERFTOOL_H

#include <limits.h>
#include <stdbool.h>

struct perftool {
    char path[PATH_MAX]; /* as execvp finds it */
    char version[64];    /* "6.1.192"; "" if it would not say */
    bool compresses;     /* built with zstd: record -z works */
    bool forgets_exec;   /* libunwind: takes a library to be where it was before an exec */
    bool unwinds;        /* can follow --call-graph dwarf */
    bool reads_back;     /* finds build-ids in its own compressed recording (7.x, not 6.1) */
    bool maps_ids;       /* perf record has --buildid-mmap (5.12), and the kernel too */
};

/* Finds and asks it.  Returns 0, or -ENOENT / -EACCES as program_find does. */
int perftool_find(struct perftool *perf, const char *word);

/* Has `perf inject` --convert-callchain (7.x)?  Asks perf. */
bool perftool_converts(const struct perftool *perf);

#endif
