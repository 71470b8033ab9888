/*
 * Cuts a trampoline image down to what perf reads of it: the slots that have names, and the names.
 *
 * An image has space for names to come and unwind tables for all slots, so it is ten to a hundred
 * times as large as what is in use.  Addresses, file offsets and the build-id stay the same; so
 * perf takes the trimmed file for the image itself.
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
 * Reads and trims the image at `path`; its process may add names meanwhile.  The result depends
 * only on the names: as long as there are no new ones it is the same, byte for byte.
 * Returns 0, and then trim_free() is due; -EBADMSG if it is no image of ours; or another -errno.
 */
int trim_read(struct trimmed *trimmed, const char *path);

/* Writes it to `fd`, an empty file, with holes for zeros.  Returns 0 or -errno. */
int trim_write(const struct trimmed *trimmed, int fd);

/* Is this exactly what the file at `path` holds? */
bool trim_is_at(const struct trimmed *trimmed, const char *path);

void trim_free(struct trimmed *trimmed);

#endif
