/* Files that processes with libpyperf left behind, and their removal. */
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
    size_t images, maps, entries, failures;
    uint64_t bytes; /* of blocks on disk */
};

/*
 * Removes the images in a folder that are this user's (anybody's for root) and in no process, and
 * the maps of their processes.  A folder that is not there has none.
 */
void leftovers_remove_images(struct leftovers *leftovers, const char *folder);

/*
 * Removes perf maps in /tmp that are this user's (anybody's for root), have been written by
 * libpyperf and belong to no living process.
 */
void leftovers_remove_maps(struct leftovers *leftovers);

/* The same for one process's map.  Does nothing if it is not there, or not such a map. */
void leftovers_remove_map(struct leftovers *leftovers, long pid);

/* Removes the images in perf's build-id `cache`, links and empty folders included. */
void leftovers_remove_entries(struct leftovers *leftovers, const char *cache);

#endif
