/* perf's cache of files by their build-ids: perf-buildid-cache(1). */
#ifndef RUN_PERF_BUILDID_CACHE_H
#define RUN_PERF_BUILDID_CACHE_H

#include <limits.h>
#include <stdbool.h>

/*
 * Where the cache is: `given` (perf --buildid-dir), or if that is NULL where this perf has it by
 * default.  Returns 0 or -errno.
 */
int buildid_cache_folder(char folder[PATH_MAX], const char *perf, const char *given);

/*
 * Makes sure that the cache has the image at `path`, trimmed to its present names, under `id`.
 * An entry for it from an earlier recording is replaced if it lacks a name.
 */
bool buildid_cache_image(const char *folder, const char *perf, const char *path, const char *id);

#endif
