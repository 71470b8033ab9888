/*
 * The names and addresses of a process's slots, from its images.  They are up to date at any
 * moment, and after SIGKILL.
 */
#ifndef RUN_PERF_SLOT_NAMES_H
#define RUN_PERF_SLOT_NAMES_H

#include "recording/symbols.h"

#include <sys/types.h>

struct slot_names {
    struct symbols symbols; /* in the order of their slots; inherited ones first */
    size_t images;          /* read */
    uid_t owner;            /* of these */
};

/* Of a living process, whose root directory is the open folder `root`.  0, also if it has no image;
 * or -errno.  slot_names_free() afterwards in any case. */
int slot_names_read(struct slot_names *names, pid_t pid, int root);

/* Of one that was killed, from the images that it left in the usual folders.  Where they were
 * mapped, lines of its map tell; an image without any is not read.  Results as above. */
int slot_names_recover(struct slot_names *names, long pid, const struct symbols *map);

void slot_names_free(struct slot_names *names);

#endif
