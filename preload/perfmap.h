/*
 * /tmp/perf-PID.map: one text line for each slot, for perf (where there is no image) and for the
 * other tools that read this format.
 *
 * The file's path is public: the program, a JIT in it, or anybody else may open it, append to it or
 * truncate it.  So lines are gathered in memory and appended by write(2), never stored into a
 * mapping.  The caller serialises all calls (slot.c's lock).
 */
#ifndef PYPERF_PERFMAP_H
#define PYPERF_PERFMAP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* How long a line waits in memory, at most, while the program calls functions; clock ticks may add
 * as much again. */
enum { PYPERF_MAP_DELAY_MS = 5 };

/*
 * Adds one line.  It is appended to the file at once if `now`, or if there have been few lines
 * lately; else it waits for others, and pyperf_map_waiting() is true.  `start` is 0x10000 or more,
 * `name` has no newline and no NUL.  -errno when the file could not be written; the first failure
 * is logged and later calls do nothing.
 *
 * A process makes the file with the first line that it writes, and replaces a file that an earlier
 * process with its PID left.
 */
int pyperf_map_add(uintptr_t start, size_t size, const char *name, size_t length, bool now);

/* Whether lines wait in memory.  Any thread, no lock. */
bool pyperf_map_waiting(void);

/* Whether one of them has waited for PYPERF_MAP_DELAY_MS.  Any thread, no lock. */
bool pyperf_map_is_due(void);

/* Appends what waits.  Returns as pyperf_map_add(). */
int pyperf_map_flush(void);

/* Removes the file if it is still ours.  Lines that follow are dropped. */
void pyperf_map_remove(void);

/* In a forked child: the next line goes to a file of the child's own.  With `copy`, that file
 * begins with all lines that the parent had written before the fork; the child needs them if no
 * image has the inherited names. */
void pyperf_map_forked(bool copy);

#endif
