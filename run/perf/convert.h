/* Replaces a recording's stack copies by call chains, so that reports need no unwinding. */
#ifndef RUN_PERF_CONVERT_H
#define RUN_PERF_CONVERT_H

/*
 * Replaces the recording `data` by its converted form, with a progress line if that takes longer
 * than a second.  `cache` is perf's build-id cache, or NULL.  If anything fails the original stays,
 * and a message says so.
 */
void convert_recording(const char *data, const char *cache);

#endif
