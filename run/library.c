/* /proc/self/exe rather than argv[0]: right for any PATH, symlink or working directory. */
#include "library.h"
#include "preload.h"
#include "say.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Set by CMake: from the folder of installed programs to the folder of installed libraries. */
#ifndef LIBRARY_FROM_PROGRAM
#define LIBRARY_FROM_PROGRAM "../lib"
#endif

int library_find(char path[PATH_MAX])
{
    static const char *const places[] = {".", LIBRARY_FROM_PROGRAM, "../lib"};
    char self[PATH_MAX];
    ssize_t length = readlink("/proc/self/exe", self, sizeof(self) - 1);
    char *slash;

    if (length < 0) {
        say_error("cannot find out where I am: /proc/self/exe: %s", strerror(errno));
        return -ENOENT;
    }
    self[length] = '\0';
    slash = strrchr(self, '/');
    *slash = '\0';
    for (size_t i = 0; i < sizeof(places) / sizeof(*places); i++) {
        char candidate[PATH_MAX + 64];
        snprintf(candidate, sizeof(candidate), "%s/%s/libpyperf.so", self, places[i]);
        if (!realpath(candidate, path))
            continue;
        if (preload_accepts(path))
            return 0;
        say_error("%s: LD_PRELOAD cannot hold a path with a space or colon: move the installation",
                  path);
        return -EINVAL;
    }
    say_error("libpyperf.so is neither in %s nor in %s/%s: build or install it", self, self,
              LIBRARY_FROM_PROGRAM);
    return -ENOENT;
}
