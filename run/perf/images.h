/*
 * The trampoline images that a recording refers to, and perf's build-id cache, where they must be
 * before the files themselves may go.
 */
#ifndef RUN_PERF_IMAGES_H
#define RUN_PERF_IMAGES_H

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>

struct image {
    char path[PATH_MAX];   /* as the process saw it */
    char source[PATH_MAX]; /* where we can read it: path, or below /proc/PID/root; "" if nowhere */
    char id[48];           /* build-id in hexadecimal, as the recording has it; "" if none */
    long pid;              /* its process, as that saw itself */
    bool cached;           /* perf's cache holds its present names */
};

struct images {
    struct image *list;
    size_t count;
    size_t removed, kept_uncached;
};

/*
 * Finds the images that the recording `data` mentions.  Returns 0, -EBADMSG if this perf cannot
 * read the recording, or another -errno.  images_free() afterwards in any case.
 */
int images_find(struct images *images, const char *perf, const char *data);

/*
 * Brings every image, trimmed, into the build-id cache in `cache` (NULL: where perf has it by
 * default).  perf caches by build-id and never looks again, but an image's list of names grows
 * while its process lives: what is there from an earlier recording is brought up to date.
 */
void images_cache(struct images *images, const char *perf, const char *cache);

/* Removes the files that are cached and in no living process, and the maps of their processes. */
void images_remove(struct images *images);

void images_free(struct images *images);

#endif
