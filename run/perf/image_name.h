/* Names of trampoline images: PYPERF_IMAGE_FORMAT in pyperf.h. */
#ifndef RUN_PERF_IMAGE_NAME_H
#define RUN_PERF_IMAGE_NAME_H

#include <stdbool.h>

struct image_name {
    long pid; /* of its process, as that saw itself */
    unsigned number;
    unsigned long long random;
};

/* Parses the last part of a path.  False if that is no image's name. */
bool image_name_parse(struct image_name *name, const char *path);

/* Is the last part of this path an image's name? */
bool image_name_is(const char *path);

#endif
