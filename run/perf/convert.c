/*
 * Reports are instant then, the file is a hundredth of the size, and no perf has to unwind: stacks
 * have their full depth with all of them.
 */
#include "perf/convert.h"
#include "base/progress.h"
#include "base/say.h"
#include "recording/convert.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static int replace(const char *data, const char *fresh)
{
    struct stat before;

    if (stat(data, &before) != 0 || chmod(fresh, before.st_mode & 07777) != 0 ||
        rename(fresh, data) != 0)
        return -errno;
    return 0;
}

void convert_recording(const char *data, const char *cache)
{
    char fresh[PATH_MAX];
    int rc;

    if (snprintf(fresh, sizeof fresh, "%s.converting", data) >= (int)sizeof fresh)
        return;
    progress_begin("turning stack copies into call chains");
    rc = convert(data, fresh, cache);
    if (rc == 0) {
        rc = replace(data, fresh);
        if (rc)
            unlink(fresh);
    }
    progress_end();
    if (rc && rc != -EALREADY)
        say_warning("%s keeps its stack copies, which makes reports slow: %s", data,
                    rc == -ENOTSUP   ? "it has more in it than stacks"
                    : rc == -EBADMSG ? "it is damaged"
                    : rc == -ENOSYS  ? "it is compressed, and pyperf-run was built without libzstd"
                                     : strerror(-rc));
}
