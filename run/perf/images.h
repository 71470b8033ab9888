/*
 * The trampoline images that a recording refers to.  Once perf's build-id cache has them, or the
 * recording does not need them for names, their files can be removed.
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
    long pid;              /* of its process, as that saw itself */
    bool spare;            /* the recording can do without this file */
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
 * Puts every image, trimmed, into the build-id cache in the folder `cache` (NULL: perf's default);
 * where the recording is `named` without them, only what the cache has already is trimmed, which
 * perf 7.x put there itself.  perf never updates what it has cached under a build-id, but an image
 * gets new names while its process lives.  So entries from earlier recordings are brought up to
 * date.
 */
void images_cache(struct images *images, const char *perf, const char *cache, bool named);

/* Removes images that are spare and that no process has mapped, and their processes' maps. */
void images_remove(struct images *images);

void images_free(struct images *images);

#endif
