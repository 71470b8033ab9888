/* scanf takes blanks and signs that printf never wrote: what it read is written again. */
#include "perf/image_name.h"

#include <pyperf.h>

#include <limits.h>
#include <stdio.h>
#include <string.h>

bool image_name_parse(struct image_name *name, const char *path)
{
    const char *slash = strrchr(path, '/');
    char written[128];

    if (!slash ||
        sscanf(slash + 1, PYPERF_IMAGE_NAME_SCAN, &name->pid, &name->number, &name->random) != 3)
        return false;
    snprintf(written, sizeof(written), PYPERF_IMAGE_FORMAT, "", name->pid, name->number,
             name->random);
    return name->pid > 0 && strcmp(written, slash) == 0;
}

bool image_name_is(const char *path)
{
    struct image_name name;

    return image_name_parse(&name, path);
}
