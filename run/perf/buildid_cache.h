/* perf's cache of files by their build-ids: perf-buildid-cache(1). */
#ifndef RUN_PERF_BUILDID_CACHE_H
#define RUN_PERF_BUILDID_CACHE_H

#include <limits.h>
#include <stdbool.h>

/*
 * Where the cache is: `given` (perf --buildid-dir) or, if that is NULL, the default of this `perf`.
 * Returns 0 or -errno.
 */
int buildid_cache_folder(char folder[PATH_MAX], const char *perf, const char *given);

/*
 * Makes sure that the cache has the image at `path` under `id`, trimmed to the names it has now; or
 * without `add`, that what it has of it is that.  An entry from an earlier recording that lacks a
 * name is replaced.  Returns whether it is there.
 */
bool buildid_cache_image(const char *folder, const char *perf, const char *path, const char *id,
                         bool add);

/* Adds a file of any kind that has a build-id.  perf tells nobody whether it did. */
void buildid_cache_add(const char *folder, const char *perf, const char *path);

#endif
