/* Names of files of ours: trampoline images (PYPERF_IMAGE_FORMAT in pyperf.h), files of lines. */
#ifndef RUN_PERF_IMAGE_NAME_H
#define RUN_PERF_IMAGE_NAME_H

#include <limits.h>
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

/* Files with the lines of a recording (lines/line_file.h) lie in perf's cache, in CACHE/pyperf:
 * perf finds them by build-id, other tools by this path.  Writes a new one's path, and makes that
 * folder. 0 or -errno. */
int line_file_path(char path[PATH_MAX], const char *cache);

/* Is this such a path, in any folder? */
bool line_file_path_is(const char *path);

#endif
