/*
 * Whether somebody may still want this process's files when it has ended.
 *
 * perf reads them when it has recorded, that is, while it still runs.  A process cannot tell
 * whether it is being recorded, only whether a profiler runs.
 */
#ifndef PYPERF_PROFILER_H
#define PYPERF_PROFILER_H

#include <stdbool.h>

/* Whether a profiler started this process or an ancestor; takes some 10 microseconds for each. */
bool pyperf_profiler_is_ancestor(void);

enum pyperf_answer { PYPERF_NO, PYPERF_YES, PYPERF_UNKNOWN };

/* As many processes are looked at whenever a process ends: 2 milliseconds at most. */
enum { PYPERF_PROFILER_BUDGET = 512 };

/* Whether a profiler runs on this machine, as far as this process can see.  Looking takes 4
 * microseconds for each process, so after `most` of them the answer is UNKNOWN.  If other users'
 * processes are hidden, it is YES.  The caller serialises calls. */
enum pyperf_answer pyperf_profiler_runs(unsigned most);

#endif
