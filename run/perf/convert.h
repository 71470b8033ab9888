/* Replaces a recording's stack copies by call chains, so that reports need no unwinding. */
#ifndef RUN_PERF_CONVERT_H
#define RUN_PERF_CONVERT_H

#include <stdbool.h>

/*
 * Replaces the recording `data` by its converted form, with a progress line if that takes longer
 * than a second.  Addresses of Python frames then lead to their lines, by a file that goes into
 * `cache`, perf's build-id cache, with the help of this `perf`.  `cache` may be NULL: then there
 * are no lines.  If anything fails the original stays, and a message says so.
 *
 * Returns whether that file has the names of all Python frames: images are not needed for them
 * any more.
 */
bool convert_recording(const char *data, const char *cache, const char *perf);

#endif
