/* Stack copies into ordinary call chains, by `perf inject --convert-callchain`. */
#ifndef RUN_PERF_CONVERT_H
#define RUN_PERF_CONVERT_H

#include "perf/perftool.h"

/*
 * Replaces the recording `data` by its converted form; the original stays if anything fails, and
 * that is said.  Says that it is busy if it takes longer than a second.
 */
void convert_recording(const struct perftool *perf, const char *data, const char *buildid_dir);

#endif
