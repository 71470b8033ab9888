/* Removes files that processes with libpyperf left behind. */
#ifndef RUN_PERF_LEFTOVERS_H
#define RUN_PERF_LEFTOVERS_H

#include "perf/living.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct leftovers {
    bool dry_run; /* count, and print paths on stdout, instead of removing */
    struct living living;
    size_t images, maps, failures;
    size_t entries, line_files; /* in perf's cache: images, and files of lines */
    uint64_t bytes;             /* on disk, counted in blocks */
};

/*
 * Removes the images in a folder that are this user's (for root, anybody's) and that no process has
 * mapped, and their processes' maps.  Does nothing if there is no such folder.
 */
void leftovers_remove_images(struct leftovers *leftovers, const char *folder);

/*
 * Removes the perf maps in /tmp that libpyperf wrote, that are this user's (for root, anybody's)
 * and that belong to no living process.
 */
void leftovers_remove_maps(struct leftovers *leftovers);

/* The same for one process's map.  Does nothing if there is none, or not one like that. */
void leftovers_remove_map(struct leftovers *leftovers, long pid);

/* Removes the images and files of lines in perf's build-id cache, the folder `cache`, and links and
 * folders that this leaves without use. */
void leftovers_remove_entries(struct leftovers *leftovers, const char *cache);

#endif
