/*
 * What to add to a `perf record` line so that the profile is complete.
 *
 * Pure: from what was found out about the line, the program, perf and the machine to options.
 */
#ifndef RUN_PERF_ADAPT_H
#define RUN_PERF_ADAPT_H

#include "perf/machine.h"
#include "perf/perfcmd.h"
#include "perf/perftool.h"
#include "python/program.h"

#include <stdbool.h>

struct adapt_plan {
    char *options[12];    /* NULL-terminated, to be added to the line; point into this struct */
    bool stack_copies;    /* the recording will hold copies of stacks */
    bool compressed;      /* it will be compressed */
    bool fixed_addresses; /* the command should run without address randomization */
    bool starved;         /* the ring buffer is smaller than it should be: limits of this user */
    int short_chains;     /* entries that the kernel keeps with -g, if few; else 0 */
    char ring[24];        /* "-m" value, "" if none is added */
    char why[256];        /* for the one line on stderr: what decided */
};

/* perf's limit: the record's size is 16 bits, and the dump a multiple of 8 (perf-record(1)). */
#define ADAPT_STACK_BYTES 65528

/* Entries that one Python call takes in a chain on 3.15, by far most often: measured 4 to 5. */
#define ADAPT_ENTRIES_FOR_CALL 5

/*
 * `program` is NULL when nothing is known about what will be profiled.  A line that needs
 * nothing gives a plan without options.
 */
void adapt_plan(struct adapt_plan *plan, const struct perfcmd *cmd, const struct program *program,
                const struct perftool *perf, const struct machine *machine);

/* Ring buffer for each CPU in KiB, a power of two, for this frequency; *starved as above. */
long adapt_ring_kib(long frequency, const struct machine *machine, bool *starved);

#endif
