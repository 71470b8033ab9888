/* The perf on this machine: which one, which version, what it can do. */
#ifndef RUN_PERF_PERFTOOL_H
#define RUN_PERF_PERFTOOL_H

#include <limits.h>
#include <stdbool.h>

struct perftool {
    char path[PATH_MAX]; /* what execvp would run */
    char version[64];    /* "6.1.192"; "" if it does not tell */
    bool compresses;     /* built with zstd: record -z works */
    bool forgets_exec;   /* libunwind: takes a library to be still where it was before an exec */
    bool unwinds;        /* can unwind what --call-graph dwarf records */
    bool reads_back;     /* finds build-ids in its own compressed recording (7.x, not 6.1) */
    bool maps_ids;       /* it and the kernel (5.12) can do --buildid-mmap */
};

/* Finds the perf that `word` names and asks it.  Returns 0, -ENOENT or -EACCES, as program_find. */
int perftool_find(struct perftool *perf, const char *word);

#endif
