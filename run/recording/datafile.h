/* A perf.data file in memory, and what its header says. */
#ifndef RUN_RECORDING_DATAFILE_H
#define RUN_RECORDING_DATAFILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    DATAFILE_FEATURES = 256,
    DATAFILE_PIPE_HEADER = 16, /* a pipe's header ends after `size` */
    /* Bits of `features`: tools/perf/util/header.h. */
    DATAFILE_BUILD_IDS = 2,
    DATAFILE_EVENTS = 12,
    DATAFILE_COMPRESSED = 27,
};

struct datafile_section {
    uint64_t offset, size;
};

/* As in Linux tools/perf/Documentation/perf.data-file-format.txt. */
struct datafile_header {
    char magic[8];
    uint64_t size, attribute_size;
    struct datafile_section attributes, data, event_types;
    uint64_t features[DATAFILE_FEATURES / 64];
};

struct datafile {
    const unsigned char *bytes;
    uint64_t size;
    struct datafile_header header; /* checked: the data lies within the file */
    bool cut;                      /* perf was killed: there is no table of features */
};

/*
 * Maps the file that `fd` reads; `fd` may be closed then.  Returns 0, and then datafile_close() is
 * due; -ENOTSUP if it is what perf writes to a pipe; -EBADMSG if it is no recording; or another
 * -errno.
 */
int datafile_open(struct datafile *file, int fd);
void datafile_close(struct datafile *file);

/* Gives back the memory of what lies before `end`.  It may be read again, for the price of that. */
void datafile_drop(const struct datafile *file, uint64_t end);

/* Does the section lie within the file? */
bool datafile_holds(const struct datafile *file, struct datafile_section section);

/* The section of a feature; false if the file has none, or it is damaged. */
bool datafile_feature(const struct datafile *file, unsigned bit, struct datafile_section *section);

#endif
