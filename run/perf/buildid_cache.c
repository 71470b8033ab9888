/*
 * `perf buildid-cache` adds the file, so that folders and links are as perf wants them; then the
 * trimmed image replaces it.  Other tools rely on DIR/.build-id/ab/cdef.../elf too.
 */
#include "perf/buildid_cache.h"
#include "base/child.h"
#include "perf/trim.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* "buildid.dir" of perf-config(1), else $HOME/.debug. */
static int default_folder(char folder[PATH_MAX], const char *perf)
{
    char *argv[] = {(char *)perf, "config", "buildid.dir", NULL};
    char text[PATH_MAX + 64], *value;
    const char *home = getenv("HOME");

    if (child_capture(argv, text, sizeof text) == 0 && (value = strchr(text, '=')) &&
        value[1] == '/') {
        value[strcspn(value, "\n")] = '\0';
        return snprintf(folder, PATH_MAX, "%s", value + 1) < PATH_MAX ? 0 : -ENAMETOOLONG;
    }
    return home && snprintf(folder, PATH_MAX, "%s/.debug", home) < PATH_MAX ? 0 : -ENOENT;
}

int buildid_cache_folder(char folder[PATH_MAX], const char *perf, const char *given)
{
    if (!given)
        return default_folder(folder, perf);
    return realpath(given, folder) ? 0 : -errno;
}

void buildid_cache_add(const char *folder, const char *perf, const char *path)
{
    char *argv[] = {
        (char *)perf, "--buildid-dir", (char *)folder, "buildid-cache", "--add", (char *)path,
        NULL};
    char text[4096];

    child_capture(argv, text, sizeof text);
}

/* Replaces a cache entry by the trimmed image; readers see the old file or the new one. */
static int replace(const struct trimmed *trimmed, const char *entry)
{
    char target[PATH_MAX], fresh[PATH_MAX + 16];
    int fd, rc;

    if (!realpath(entry, target))
        return -errno;
    snprintf(fresh, sizeof fresh, "%s.XXXXXX", target);
    fd = mkostemp(fresh, O_CLOEXEC);
    if (fd < 0)
        return -errno;
    rc = trim_write(trimmed, fd);
    if (close(fd) != 0 && rc == 0)
        rc = -errno;
    if (rc == 0 && rename(fresh, target) != 0)
        rc = -errno;
    if (rc)
        unlink(fresh);
    return rc;
}

bool buildid_cache_image(const char *folder, const char *perf, const char *path, const char *id,
                         bool add)
{
    struct trimmed trimmed;
    char entry[PATH_MAX];
    bool cached;

    if (!id[0] || snprintf(entry, sizeof entry, "%s/.build-id/%.2s/%s/elf", folder, id, id + 2) >=
                      (int)sizeof entry)
        return false;
    if (access(entry, R_OK) != 0 && add)
        buildid_cache_add(folder, perf, path);
    if (access(entry, R_OK) != 0 || trim_read(&trimmed, path) != 0)
        return false;
    cached = trim_is_at(&trimmed, entry) || replace(&trimmed, entry) == 0;
    trim_free(&trimmed);
    return cached;
}
