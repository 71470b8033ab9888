/* A name is an image's if it stays the same when it is read and written again by the library's own
 * format. */
#include "perf/image_name.h"

#include <pyperf.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>

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

int line_file_path(char path[PATH_MAX], const char *cache)
{
    unsigned long long number;
    char folder[PATH_MAX];

    if (getrandom(&number, sizeof number, 0) != sizeof number)
        return -EIO;
    if (snprintf(folder, sizeof folder, "%s/pyperf", cache) >= (int)sizeof folder ||
        snprintf(path, PATH_MAX, "%s/lines-%016llx.so", folder, number) >= PATH_MAX)
        return -ENAMETOOLONG;
    if ((mkdir(cache, 0755) != 0 && errno != EEXIST) ||
        (mkdir(folder, 0755) != 0 && errno != EEXIST))
        return -errno;
    return 0;
}

bool line_file_path_is(const char *path)
{
    static const char beginning[] = "/pyperf/lines-";
    const char *name = strstr(path, beginning);

    return name && strspn(name + sizeof beginning - 1, "0123456789abcdef") == 16 &&
           strcmp(name + sizeof beginning - 1 + 16, ".so") == 0;
}
