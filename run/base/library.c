/* Asks /proc/self/exe, not argv[0]: it is right whatever PATH, links and working directory are. */
#include "base/library.h"
#include "base/ld_preload.h"
#include "base/say.h"

#include <pyperf.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Set by CMake: from the folder of installed programs to the folder of installed libraries. */
#ifndef LIBRARY_FROM_PROGRAM
#define LIBRARY_FROM_PROGRAM "../lib"
#endif

#ifndef HELPERS_FROM_PROGRAM
#define HELPERS_FROM_PROGRAM "../libexec/pyperf"
#endif

static int own_folder(char folder[PATH_MAX])
{
    ssize_t length = readlink("/proc/self/exe", folder, PATH_MAX - 1);

    if (length < 0) {
        say_error("cannot find pyperf-run's own folder: /proc/self/exe: %s", strerror(errno));
        return -ENOENT;
    }
    folder[length] = '\0';
    *strrchr(folder, '/') = '\0';
    return 0;
}

static int find_beside(const char *name, const char *installed, char path[PATH_MAX])
{
    char folder[PATH_MAX], candidate[PATH_MAX + 256];

    if (own_folder(folder) != 0)
        return -ENOENT;
    snprintf(candidate, sizeof candidate, "%s/%s", folder, name);
    if (realpath(candidate, path))
        return 0;
    snprintf(candidate, sizeof candidate, "%s/%s/%s", folder, installed, name);
    if (realpath(candidate, path))
        return 0;
    say_error("%s is neither in %s nor in %s/%s: build or install it", name, folder, folder,
              installed);
    return -ENOENT;
}

int library_find(char path[PATH_MAX])
{
    int rc = find_beside(PYPERF_LIBRARY, LIBRARY_FROM_PROGRAM, path);

    if (rc || ld_preload_accepts(path))
        return rc;
    say_error("%s: LD_PRELOAD cannot hold a path with a space or colon: move the installation",
              path);
    return -EINVAL;
}

int library_find_exec(char path[PATH_MAX])
{
    return find_beside("pyperf-exec", HELPERS_FROM_PROGRAM, path);
}
