/* Where the files that belong to this pyperf-run are. */
#ifndef RUN_BASE_LIBRARY_H
#define RUN_BASE_LIBRARY_H

#include <limits.h>

/*
 * Finds the library that belongs to this very pyperf-run: beside it (build tree), or where the
 * installation put it relative to it, so that a moved tree keeps working.
 * Returns 0 and an absolute path that LD_PRELOAD accepts; -ENOENT if there is none, or -EINVAL
 * if its path cannot stand in LD_PRELOAD; the reason has then been said.
 */
int library_find(char path[PATH_MAX]);

/*
 * Finds pyperf-exec, which gives the profiled program its environment, in the same way.
 * Returns 0 and an absolute path, or -ENOENT; the reason has then been said.
 */
int library_find_exec(char path[PATH_MAX]);

#endif
