/*
 * Which options to add to a `perf record` line so that the profile is complete.
 *
 * Pure: decides only by what it is told about the line, the program, perf and the machine.
 */
#ifndef RUN_PERF_ADAPT_H
#define RUN_PERF_ADAPT_H

#include "perf/machine.h"
#include "perf/perfcmd.h"
#include "perf/perftool.h"
#include "python/program.h"

#include <stdbool.h>

struct adapt_plan {
    char *options[12];    /* to be added to the line; NULL-terminated, may point into this struct */
    bool stack_copies;    /* the recording will hold copies of stacks */
    bool compressed;      /* it will be compressed */
    bool fixed_addresses; /* the command should run without address randomization */
    bool starved;         /* this user's limits make the ring buffer smaller than it should be */
    int short_chains;     /* entries of a chain that the kernel keeps with -g, if too few; else 0 */
    char copy[24];        /* value of "--call-graph", if stacks are copied */
    char ring[24];        /* value of "-m"; "" if that is not added */
    char why[256];        /* the reason, for the line on stderr that lists the options */
};

/* perf's limit: a record's size has 16 bits, and a stack copy is a multiple of 8 bytes
 * (perf-record(1)). */
enum { ADAPT_STACK_BYTES = 65528 };

/* Of a Python with contexts (pyperf.h), which are at most 10 KiB apart: docs/deep-stacks.md has
 * what other sizes cost and lose. */
enum { ADAPT_CONTEXT_BYTES = 40960, ADAPT_CONTEXTS_SINCE = 11 };

/* Entries that a Python call takes in a chain on 3.15: measured, nearly always 4 or 5. */
enum { ADAPT_ENTRIES_FOR_CALL = 5 };

/*
 * `program` is NULL if nothing is known about what will be profiled.  A line that needs nothing
 * gets a plan without options.
 */
void adapt_plan(struct adapt_plan *plan, const struct perfcmd *cmd, const struct program *program,
                const struct perftool *perf, const struct machine *machine);

/* The size of each CPU's ring buffer for this frequency (Hz) and copies of that size, in KiB, a
 * power of two; sets *starved as above. */
long adapt_ring_kib(long frequency, long stack_bytes, const struct machine *machine, bool *starved);

#endif
