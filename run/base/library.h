/* Finds the files that were built or installed together with this pyperf-run. */
#ifndef RUN_BASE_LIBRARY_H
#define RUN_BASE_LIBRARY_H

#include <limits.h>

/*
 * Finds libpyperf.so: beside pyperf-run (build tree), or where the installation put it relative to
 * pyperf-run, so that a tree can be moved.
 * Returns 0 and an absolute path that LD_PRELOAD can hold; -ENOENT if there is none or -EINVAL if
 * LD_PRELOAD cannot hold its path, each after a message that says why.
 */
int library_find(char path[PATH_MAX]);

/*
 * Finds pyperf-exec, which gives the profiled program its environment, in the same way.
 * Returns 0 and an absolute path, or -ENOENT after a message that says why.
 */
int library_find_exec(char path[PATH_MAX]);

#endif
