/* A name is an image's if it stays the same when it is read and written again by the library's own
 * format. */
#include "perf/image_name.h"

#include <pyperf.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

bool image_name_parse(struct image_name *name, const char *path)
{
    const char *slash = strrchr(path, '/'), *pid = slash ? strchr(slash, '-') : NULL;
    char written[128], *end;

    if (!pid)
        return false;
    name->pid = strtol(pid + 1, &end, 10);
    name->number = *end ? (unsigned)strtoul(end + 1, &end, 10) : 0;
    name->random = *end ? strtoull(end + 1, &end, 16) : 0;
    snprintf(written, sizeof written, PYPERF_IMAGE_FORMAT, "", name->pid, name->number,
             name->random);
    return name->pid > 0 && strcmp(written, slash) == 0;
}

bool image_name_is(const char *path)
{
    struct image_name name;

    return image_name_parse(&name, path);
}
