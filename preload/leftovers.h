/*
 * Removes what killed processes left: images nobody runs in any more, and their maps.
 *
 * A process removes its files when it ends (slot.h).  One that was killed, or that left by _exit(),
 * cannot; the next of the same user does it.
 */
#ifndef PYPERF_LEFTOVERS_H
#define PYPERF_LEFTOVERS_H

/*
 * Looks through the first 1,400 or so names in `directory`.  Leaves alone: what is another user's
 * or was left for a profiler (PYPERF_IMAGE_KEPT), images that any process has mapped (this one's,
 * and those a forked child inherited), and everything if a profiler runs or may run (on a machine
 * of more than PYPERF_PROFILER_BUDGET processes that is found out only for sixteen images or more),
 * or on a file system of which the kernel cannot tell whether a file is mapped.  One at a time.
 */
void pyperf_leftovers_remove(const char *directory);

#endif
