/* A perf.data file in memory: its header and its records. */
#ifndef RUN_PERF_DATAFILE_H
#define RUN_PERF_DATAFILE_H

#include <stddef.h>
#include <stdint.h>

enum { DATAFILE_FEATURES = 256 };

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
};

/* Returns 0, and then datafile_close() is due; -EBADMSG if the file is no recording of this kind;
 * or another -errno. */
int datafile_open(struct datafile *file, const char *path);
void datafile_close(struct datafile *file);

/* The number of sample records; *large is the number of those of at least `bytes` bytes. */
uint64_t datafile_samples(const struct datafile *file, unsigned bytes, uint64_t *large);

#endif
