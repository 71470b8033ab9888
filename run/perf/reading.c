#include "perf/reading.h"
#include "base/progress.h"
#include "perf/buildid_cache.h"

#include <errno.h>
#include <limits.h>
#include <stdbool.h>
#include <string.h>

int reading_each(const char *data, const char *doing, chains_visit *visit, void *context)
{
    char cache[PATH_MAX];
    bool cached = buildid_cache_folder(cache, "perf", NULL) == 0;
    int rc;

    progress_begin(doing);
    rc = chains_each(data, cached ? cache : NULL, visit, context);
    progress_end();
    return rc;
}

const char *reading_error(int rc)
{
    return rc == -EBADMSG  ? "it is no recording of this machine, or damaged"
           : rc == -ENOSYS ? "it is compressed: build pyperf-run with libzstd to read it"
                           : strerror(-rc);
}
