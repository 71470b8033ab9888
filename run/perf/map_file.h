/*
 * /tmp/perf-PID.map, completed from outside.
 *
 * The process may append to the file at any moment, and others read it.  So missing lines are
 * appended, too, by writes that end at a page of the file or before: the kernel lets a file grow
 * page by page, so a reader sees each line whole or not at all.  The same line may come twice, from
 * us and from the process.
 */
#ifndef RUN_PERF_MAP_FILE_H
#define RUN_PERF_MAP_FILE_H

#include "recording/symbols.h"

#include <stdbool.h>
#include <sys/types.h>

struct map_file {
    int folder;         /* its /tmp */
    char name[64];      /* in there */
    uid_t owner;        /* whose file it has to be */
    struct symbols has; /* its lines, in their order */
    bool exists;
    size_t added; /* lines */
};

/* Reads the map of the process that sees itself as `pid`, in the root directory `root` (an open
 * folder).  0, also if there is none; -EPERM if it is not a regular file of the owner's alone; or
 * another -errno.  map_file_free() afterwards in any case. */
int map_file_read(struct map_file *map, int root, long pid, uid_t owner);

/* Appends lines for those of `symbols` that it does not have; makes the file if there is none, for
 * the owner.  0 or -errno; what was added before an error stays. */
int map_file_complete(struct map_file *map, const struct symbols *symbols);

void map_file_free(struct map_file *map);

#endif
