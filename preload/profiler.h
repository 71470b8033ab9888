/*
 * Whether somebody may still want this process's files when it has ended.
 *
 * perf reads them after its recording, so as long as a perf runs.  A recording leaves no trace in
 * the process that is recorded; what can be asked is whether a profiler is there.
 */
#ifndef PYPERF_PROFILER_H
#define PYPERF_PROFILER_H

#include <stdbool.h>

/* Whether a profiler started this process, or one of its ancestors: some 10 microseconds for each.
 */
bool pyperf_profiler_is_ancestor(void);

enum pyperf_answer { PYPERF_NO, PYPERF_YES, PYPERF_UNKNOWN };

/* What is asked before each end of a process: 2 milliseconds at most. */
enum { PYPERF_PROFILER_BUDGET = 512 };

/* Whether a profiler runs on this machine, as far as this process can see: 4 microseconds for each
 * process, so after `most` processes the answer is UNKNOWN.  YES where other users' processes are
 * hidden.  The caller serialises calls. */
enum pyperf_answer pyperf_profiler_runs(unsigned most);

#endif
