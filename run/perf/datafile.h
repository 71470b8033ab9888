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

/* Returns 0, -EBADMSG if it is no recording of this kind, or another -errno. */
int datafile_open(struct datafile *file, const char *path);
void datafile_close(struct datafile *file);

/* Number of sample records; *large: of those with at least `bytes`. */
uint64_t datafile_samples(const struct datafile *file, unsigned bytes, uint64_t *large);

#endif
