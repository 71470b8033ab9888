/*
 * /tmp/perf-PID.map: one text line for each slot, for perf (where there is no image) and for the
 * other tools that read this format.
 *
 * The file is made with the first line a process writes, afresh, replacing one that an earlier
 * process of the same PID left.  The caller serialises all calls (slot.c's lock).
 */
#ifndef PYPERF_PERFMAP_H
#define PYPERF_PERFMAP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Appends one line, by a system call only where a block of the file is full.  `start` is 0x10000 or
 * more, `name` has no newline and no NUL.  -errno when it could not; the first failure is logged
 * and later calls do nothing. */
int pyperf_map_add(uintptr_t start, size_t size, const char *name, size_t length);

/* The process ends: cuts off what the file has behind its last line.  Lines may still follow. */
void pyperf_map_finish(void);

/* In a forked child: the next line goes to a file of the child's own.  `copy`: that file begins
 * with all lines the parent had at the fork (needed where no image tells the inherited names). */
void pyperf_map_forked(bool copy);

#endif
