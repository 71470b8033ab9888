/* Names of trampoline images: PYPERF_IMAGE_FORMAT. */
#ifndef RUN_PERF_IMAGE_NAME_H
#define RUN_PERF_IMAGE_NAME_H

#include <stdbool.h>

struct image_name {
    long pid; /* as the process saw itself */
    unsigned number;
    unsigned long long random;
};

/* Reads the last part of a path.  False if it is no image's name. */
bool image_name_parse(struct image_name *name, const char *path);

/* Is this the path of a trampoline image, by its name? */
bool image_name_is(const char *path);

#endif
