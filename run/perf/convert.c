/*
 * Reports are instant then, the file is a hundredth of the size, and no perf has to unwind: stacks
 * have their full depth with all of them.
 */
#include "perf/convert.h"
#include "base/progress.h"
#include "base/say.h"
#include "lines/line_addresses.h"
#include "lines/probe.h"
#include "perf/buildid_cache.h"
#include "perf/image_name.h"
#include "recording/convert.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static const char converting[] = "turning stack copies into call chains";

static int replace(const char *data, const char *fresh)
{
    struct stat before;

    if (stat(data, &before) != 0 || chmod(fresh, before.st_mode & 07777) != 0 ||
        rename(fresh, data) != 0)
        return -errno;
    return 0;
}

static int convert_with_lines(const char *data, const char *fresh, const char *cache,
                              const char *perf, bool *named)
{
    struct lines *lines = lines_here();
    struct line_addresses addresses;
    struct convert_added added;
    char path[PATH_MAX];
    int rc = lines ? line_file_path(path, cache) : -ENOMEM;

    if (rc == 0) {
        rc = line_addresses_begin(&addresses, &added, lines, path);
        if (rc == 0)
            rc = convert(data, fresh, cache, &added);
        if (rc == 0 && addresses.used)
            buildid_cache_add(cache, perf, path);
        *named = rc == 0 && !addresses.left_out;
        line_addresses_end(&addresses);
    }
    if (lines)
        lines_free(lines);
    return rc;
}

/* Whether the recording itself is what cannot be converted. */
static bool is_of_recording(int rc)
{
    return rc == -EALREADY || rc == -ENOTSUP || rc == -EBADMSG || rc == -ENOSYS;
}

/* Without lines where these cannot be kept. */
static int convert_somehow(const char *data, const char *fresh, const char *cache, const char *perf,
                           bool *named)
{
    int rc = cache ? convert_with_lines(data, fresh, cache, perf, named) : -ENOENT;

    if (rc == 0 || is_of_recording(rc))
        return rc;
    say_warning("the functions in %s have no lines: %s: %s", data,
                cache ? cache : "no folder to keep them in, set HOME", strerror(-rc));
    return convert(data, fresh, cache, NULL);
}

bool convert_recording(const char *data, const char *cache, const char *perf)
{
    char fresh[PATH_MAX];
    bool named = false;
    int rc;

    if (snprintf(fresh, sizeof fresh, "%s.converting", data) >= (int)sizeof fresh)
        return false;
    progress_begin(converting);
    rc = convert_somehow(data, fresh, cache, perf, &named);
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
    return rc == 0 && named;
}
