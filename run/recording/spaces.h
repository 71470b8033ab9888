/*
 * Processes as a recording tells of them: their names, and the files mapped into their address
 * spaces at each moment.  Follows fork and exec.
 */
#ifndef RUN_RECORDING_SPACES_H
#define RUN_RECORDING_SPACES_H

#include "recording/build_id.h"
#include "recording/records.h"
#include "recording/table.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct mapping {
    uint64_t start, end;
    uint64_t offset; /* in the file, of `start` */
    void *module;    /* of the file: what the caller's `found` gave */
    uint64_t since;  /* when it was mapped; 0: before the recording */
    uint64_t forked; /* when a fork first handed it on; 0: it is its process's own */
    uint32_t pid;    /* of the process that mapped it; if before the recording, that had it then */
};

struct space {
    struct mapping *mappings; /* sorted, without overlaps */
    size_t count, room;
    unsigned long changes; /* how often they have changed: then pointers to them are stale */
};

/* Called for each executable mapping.  `path` is as the process saw it.  What it returns (NULL: no
 * memory) becomes the mapping's module. */
typedef void *spaces_found(void *context, uint32_t pid, const char *path,
                           const struct build_id *build_id);

struct spaces {
    struct table processes; /* pid + 1 -> struct space */
    struct table threads;   /* tid + 1 -> its name */
    spaces_found *found;
    void *context;
};

/* Takes a record of a mapping, name, fork or exec; ignores others.  0, -ENOMEM, or -EBADMSG if it
 * is damaged. */
int spaces_take(struct spaces *spaces, const struct record *record);

/* NULL if nothing is known of the process. */
const struct space *spaces_find(const struct spaces *spaces, uint32_t pid);

/* NULL if nothing is mapped there; `space` may be NULL. */
const struct mapping *space_mapping(const struct space *space, uint64_t address);

/* The thread's name as in /proc/PID/comm; ":TID" if the recording does not tell, kept in `room`. */
const char *spaces_thread_name(const struct spaces *spaces, uint32_t tid, char room[16]);

void spaces_free(struct spaces *spaces);

#endif
