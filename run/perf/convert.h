/* Turns stack copies into ordinary call chains, with `perf inject --convert-callchain`. */
#ifndef RUN_PERF_CONVERT_H
#define RUN_PERF_CONVERT_H

#include "perf/perftool.h"

/*
 * Replaces the recording `data` by its converted form, with a progress line if that takes longer
 * than a second.  If anything fails the original stays, and a message says so.
 */
void convert_recording(const struct perftool *perf, const char *data, const char *buildid_dir);

#endif
