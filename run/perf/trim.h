/*
 * A trampoline image cut to what perf reads of it: the slots that have names, and those names.
 *
 * An image has room for names to come, an unwind table for every slot, and so ten to a hundred
 * times the size of what is in it.  Addresses, file offsets and the build-id stay; so perf takes
 * the trimmed file for the image itself.
 */
#ifndef RUN_PERF_TRIM_H
#define RUN_PERF_TRIM_H

#include <stdbool.h>
#include <stddef.h>

struct trimmed {
    unsigned char *bytes;
    size_t size;
};

/*
 * Reads the image at `path`; its process may add names meanwhile.  The result depends on nothing
 * but the names: without new ones it is the same, byte for byte.
 * Returns 0, -EBADMSG if it is no image of ours, or another -errno; trim_free() after 0.
 */
int trim_read(struct trimmed *trimmed, const char *path);

/* Writes it to `fd`, an empty file, with holes where it is empty.  Returns 0 or -errno. */
int trim_write(const struct trimmed *trimmed, int fd);

/* Does the file at `path` hold exactly this? */
bool trim_is_at(const struct trimmed *trimmed, const char *path);

void trim_free(struct trimmed *trimmed);

#endif
