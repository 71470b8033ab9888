/*
 * Writes the perf map.
 *
 * A descriptor stays open, for opening the file again would double the cost of a new function.
 * It is a guest's descriptor: numbered far above those a program expects, closed on exec, and
 * compared with the file it was opened for before every write, for the host may have closed it
 * and given its number to something precious.
 */
#include "perfmap.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

#include "log.h"
#include "pyperf.h"

/* Above what daemons, shells (255) and select()-free servers hand out; far below the usual soft
 * limit of 1,024. */
enum { FIRST_DESCRIPTOR = 600 };

static struct {
    int fd;       /* -1: none */
    dev_t device; /* identity of the file behind fd */
    ino_t inode;
    off_t inherited; /* bytes of the parent's map to copy before the first line */
    bool foreign;    /* fd is the parent's */
    bool failed;
} map = {.fd = -1};

static bool descriptor_is_ours(void)
{
    struct stat status;
    return map.fd >= 0 && fstat(map.fd, &status) == 0 && status.st_dev == map.device &&
           status.st_ino == map.inode;
}

static int move_up(int fd)
{
    int moved = fcntl(fd, F_DUPFD_CLOEXEC, FIRST_DESCRIPTOR);
    if (moved < 0)
        moved = fcntl(fd, F_DUPFD_CLOEXEC, STDERR_FILENO + 1);
    int status = moved < 0 ? -errno : moved;
    close(fd);
    return status;
}

static int open_map(const char *path, int flags)
{
    int fd = open(path, O_RDWR | O_APPEND | O_NOFOLLOW | O_CLOEXEC | O_NOCTTY | flags, 0600);
    return fd < 0 ? -errno : move_up(fd);
}

static int create_map(void)
{
    char path[64];
    snprintf(path, sizeof path, PYPERF_MAP_FORMAT, (long)getpid());
    int parent = map.foreign && descriptor_is_ours() ? map.fd : -1;

    /* A file that is there is of an earlier process with this PID, unless we made it ourselves
     * and the host closed our descriptor. */
    int fd;
    bool again = map.inode != 0 && !map.foreign;
    if (again)
        fd = open_map(path, 0);
    else {
        unlink(path);
        fd = open_map(path, O_CREAT | O_EXCL);
    }
    struct stat status;
    if (fd >= 0 && fstat(fd, &status) != 0) {
        int error = -errno;
        close(fd);
        fd = error;
    }
    if (fd >= 0 && again && (status.st_dev != map.device || status.st_ino != map.inode)) {
        close(fd);
        fd = -ESTALE;
    }
    if (fd >= 0) {
        off_t from = 0;
        while (parent >= 0 && from < map.inherited)
            if (sendfile(fd, parent, &from, (size_t)(map.inherited - from)) <= 0)
                break;
    }
    if (parent >= 0)
        close(parent);
    map.fd = fd >= 0 ? fd : -1;
    map.foreign = false;
    map.inherited = 0;
    if (fd < 0) {
        pyperf_log_error("map %s: %s; going on without it", path,
                         fd == -EEXIST   ? "belongs to another user, who must remove it"
                         : fd == -ESTALE ? "was removed or replaced"
                                         : "cannot be opened");
        map.failed = true;
        return fd;
    }
    map.device = status.st_dev;
    map.inode = status.st_ino;
    return 0;
}

int pyperf_map_add(uintptr_t start, size_t size, const char *name, size_t length)
{
    if (map.failed)
        return -EBADF;
    if (map.foreign || !descriptor_is_ours()) {
        int status = create_map();
        if (status != 0)
            return status;
    }
    char address[40];
    int used = snprintf(address, sizeof address, "%lx %zx ", (unsigned long)start, size);
    struct iovec parts[] = {
        {address, (size_t)used}, {(void *)(uintptr_t)name, length}, {(void *)(uintptr_t) "\n", 1}};
    ssize_t written = writev(map.fd, parts, 3);
    if (written == (ssize_t)(used + length + 1))
        return 0;
    int status = written < 0 ? -errno : -ENOSPC;
    struct stat now;
    /* Half a line would spoil the next one; a full disk is no reason to leave it. */
    if (written > 0 && fstat(map.fd, &now) == 0 && ftruncate(map.fd, now.st_size - written) != 0)
        pyperf_log_debug("map: half a line stays");
    map.failed = true;
    pyperf_log_error("map: writing failed (error %d); going on without it", -status);
    return status;
}

void pyperf_map_forked(bool copy)
{
    struct stat status;
    map.foreign = map.fd >= 0;
    map.inherited = copy && map.foreign && fstat(map.fd, &status) == 0 ? status.st_size : 0;
}
