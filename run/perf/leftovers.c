/* Everybody can write to /tmp: looks at a file, and removes it, by its name in an open folder. */
#include "perf/leftovers.h"
#include "base/number.h"
#include "perf/image_name.h"

#include <pyperf.h>

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

/* Seconds.  A process makes its image a moment before it maps it. */
enum { YOUNG_SECONDS = 10 };

/* Counts a file and removes it; false if it is still there. */
static bool remove_file(struct leftovers *leftovers, int folder, const char *path,
                        const struct stat *status, size_t *count)
{
    const char *slash = strrchr(path, '/');

    if (leftovers->dry_run) {
        puts(path);
    } else if (unlinkat(folder, slash + 1, 0) != 0) {
        leftovers->failures += errno != ENOENT;
        return false;
    }
    ++*count;
    leftovers->bytes += (uint64_t)status->st_blocks * 512;
    return true;
}

static bool may_remove(const struct stat *status)
{
    return S_ISREG(status->st_mode) && (geteuid() == 0 || status->st_uid == geteuid());
}

/* -- Images --------------------------------------------------------------------------------- */

/*
 * Has any process the file open for writing, or mapped from such a descriptor?  If so the kernel
 * grants no read lease (fcntl(2), F_SETLEASE), whichever namespace that process is in.
 */
static bool is_written_to(int fd)
{
    if (fcntl(fd, F_SETLEASE, F_RDLCK) != 0)
        return errno == EAGAIN;
    fcntl(fd, F_SETLEASE, F_UNLCK);
    return false;
}

static bool is_in_use(const struct leftovers *leftovers, int folder, const char *path,
                      const struct stat *status)
{
    int fd = openat(folder, strrchr(path, '/') + 1, O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK);
    bool written = fd >= 0 && is_written_to(fd);

    if (fd >= 0)
        close(fd);
    return written || living_has_image(&leftovers->living, path) ||
           status->st_mtime > time(NULL) - YOUNG_SECONDS;
}

static void look_at_image(struct leftovers *leftovers, int folder, const char *path,
                          const struct image_name *name)
{
    struct stat status;

    if (fstatat(folder, strrchr(path, '/') + 1, &status, AT_SYMLINK_NOFOLLOW) != 0 ||
        !may_remove(&status))
        return;
    /* Only of a young file a process may be about to map it. */
    if (!living_has_pid(&leftovers->living, name->pid))
        status.st_mtime = 0;
    if (!is_in_use(leftovers, folder, path, &status))
        remove_file(leftovers, folder, path, &status, &leftovers->images);
}

void leftovers_remove_images(struct leftovers *leftovers, const char *folder)
{
    DIR *files = opendir(folder);
    struct dirent *entry;

    while (files && (entry = readdir(files))) {
        char path[PATH_MAX];
        struct image_name name;
        if (snprintf(path, sizeof path, "%s/%s", folder, entry->d_name) < (int)sizeof path &&
            image_name_parse(&name, path))
            look_at_image(leftovers, dirfd(files), path, &name);
    }
    if (files)
        closedir(files);
}

/* -- Maps ----------------------------------------------------------------------------------- */

static void look_at_map(struct leftovers *leftovers, int folder, const char *path)
{
    int fd = openat(folder, strrchr(path, '/') + 1, O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK);
    struct stat status;
    char text[512];
    ssize_t length;

    if (fd < 0)
        return;
    length = read(fd, text, sizeof text - 1);
    text[length > 0 ? length : 0] = '\0';
    if (fstat(fd, &status) == 0 && may_remove(&status) && strstr(text, " " PYPERF_NAME_PREFIX))
        remove_file(leftovers, folder, path, &status, &leftovers->maps);
    close(fd);
}

void leftovers_remove_map(struct leftovers *leftovers, long pid)
{
    int folder = open("/tmp", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    char path[64];

    if (folder < 0)
        return;
    snprintf(path, sizeof path, PYPERF_MAP_FORMAT, pid);
    if (!living_has_pid(&leftovers->living, pid))
        look_at_map(leftovers, folder, path);
    close(folder);
}

void leftovers_remove_maps(struct leftovers *leftovers)
{
    DIR *files = opendir("/tmp");
    struct dirent *entry;

    while (files && (entry = readdir(files))) {
        char path[300], written[64];
        long pid = number_behind(entry->d_name, "perf-", 0);
        snprintf(path, sizeof path, "/tmp/%s", entry->d_name);
        snprintf(written, sizeof written, PYPERF_MAP_FORMAT, pid);
        if (strcmp(path, written) == 0 && !living_has_pid(&leftovers->living, pid))
            look_at_map(leftovers, dirfd(files), path);
    }
    if (files)
        closedir(files);
}

/* -- perf's cache --------------------------------------------------------------------------- */

/* Removes empty folders, up to the cache's own. */
static void remove_empty_folders(const char *cache, char *path)
{
    while (strlen(path) > strlen(cache) && rmdir(path) == 0)
        *strrchr(path, '/') = '\0';
}

/* An entry is a folder with the file, "elf", and what perf has found out about it. */
static void remove_entry(struct leftovers *leftovers, const char *cache, char *path, size_t *count)
{
    DIR *files = opendir(path);
    struct dirent *entry;

    while (files && (entry = readdir(files))) {
        char file[PATH_MAX];
        struct stat status;
        size_t others = 0;
        if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0 ||
            snprintf(file, sizeof file, "%s/%s", path, entry->d_name) >= (int)sizeof file ||
            fstatat(dirfd(files), entry->d_name, &status, AT_SYMLINK_NOFOLLOW) != 0)
            continue;
        remove_file(leftovers, dirfd(files), file, &status,
                    strcmp(entry->d_name, "elf") == 0 ? count : &others);
    }
    if (files)
        closedir(files);
    if (!leftovers->dry_run)
        remove_empty_folders(cache, path);
}

/* DIR/.build-id/ab/cdef... is a link to ../../PATH-OF-IMAGE/abcdef... */
static void look_at_link(struct leftovers *leftovers, const char *cache, const char *link)
{
    char target[PATH_MAX], path[PATH_MAX], *slash;
    ssize_t length = readlink(link, target, sizeof target - 1);

    if (length <= 0)
        return;
    target[length] = '\0';
    if (strncmp(target, "../../", 6) != 0 || strstr(target + 6, "../") ||
        snprintf(path, sizeof path, "%s/%s", cache, target + 6) >= (int)sizeof path)
        return;
    slash = strrchr(target, '/');
    *slash = '\0';
    if (!image_name_is(target) && !line_file_path_is(target))
        return;
    remove_entry(leftovers, cache, path,
                 image_name_is(target) ? &leftovers->entries : &leftovers->line_files);
    if (leftovers->dry_run)
        return;
    snprintf(path, sizeof path, "%s", link);
    unlink(path);
    *strrchr(path, '/') = '\0';
    remove_empty_folders(cache, path);
}

/* Beside the entries: perf has linked to them. */
static void remove_line_files(struct leftovers *leftovers, const char *cache)
{
    char folder[PATH_MAX], path[PATH_MAX];
    struct dirent *entry;
    DIR *files;

    if (snprintf(folder, sizeof folder, "%s/pyperf", cache) >= (int)sizeof folder)
        return;
    files = opendir(folder);
    while (files && (entry = readdir(files))) {
        struct stat status;
        size_t others = 0;
        if (snprintf(path, sizeof path, "%s/%s", folder, entry->d_name) < (int)sizeof path &&
            line_file_path_is(path) &&
            fstatat(dirfd(files), entry->d_name, &status, AT_SYMLINK_NOFOLLOW) == 0 &&
            may_remove(&status))
            remove_file(leftovers, dirfd(files), path, &status, &others);
    }
    if (files)
        closedir(files);
    if (!leftovers->dry_run)
        rmdir(folder);
}

void leftovers_remove_entries(struct leftovers *leftovers, const char *cache)
{
    char folder[PATH_MAX], link[PATH_MAX];
    struct dirent *entry, *inner;
    DIR *folders, *links;

    if (snprintf(folder, sizeof folder, "%s/.build-id", cache) >= (int)sizeof folder)
        return;
    folders = opendir(folder);
    while (folders && (entry = readdir(folders))) {
        int fd = entry->d_name[0] == '.'
                     ? -1
                     : openat(dirfd(folders), entry->d_name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        links = fd < 0 ? NULL : fdopendir(fd);
        while (links && (inner = readdir(links)))
            if (snprintf(link, sizeof link, "%s/%s/%s", folder, entry->d_name, inner->d_name) <
                (int)sizeof link)
                look_at_link(leftovers, cache, link);
        if (links)
            closedir(links);
    }
    if (folders)
        closedir(folders);
    remove_line_files(leftovers, cache);
}
