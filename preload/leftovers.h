/*
 * Removes what killed processes left: images that no process uses, and their maps.
 *
 * A process removes its files when it ends (slot.h).  One that was killed cannot, and one that is
 * to end quickly, or in a sandbox, does not; the next of the same user does it.
 */
#ifndef PYPERF_LEFTOVERS_H
#define PYPERF_LEFTOVERS_H

/*
 * Looks through the first 1,400 or so names in `directory`.  Never removes another user's files,
 * nor images that were left for a profiler (PYPERF_IMAGE_KEPT) or that any process has mapped (this
 * one, or a forked child).  Removes nothing at all if a profiler runs or may run, or if the kernel
 * cannot tell on this file system whether a file is mapped.  On a machine with more than
 * PYPERF_PROFILER_BUDGET processes it looks for profilers only if there are sixteen images or more.
 * The caller serialises calls.
 */
void pyperf_leftovers_remove(const char *directory);

#endif
