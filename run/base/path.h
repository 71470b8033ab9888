/* Parts of paths. */
#ifndef RUN_BASE_PATH_H
#define RUN_BASE_PATH_H

#include <string.h>

/* What follows the last slash, in `path` itself. */
static inline const char *path_base_name(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash ? slash + 1 : path;
}

#endif
