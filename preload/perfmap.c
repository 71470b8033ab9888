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
#include <string.h>
#include <sys/resource.h>
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

static bool descriptor_is_ours(struct stat *status)
{
    return map.fd >= 0 && fstat(map.fd, status) == 0 && status->st_dev == map.device &&
           status->st_ino == map.inode;
}

/* Writing past this limit is answered by SIGXFSZ, which kills a program that does not ignore it
 * (Python does, a program that embeds it may not). */
static bool size_is_limited(void)
{
    struct rlimit limit;
    return getrlimit(RLIMIT_FSIZE, &limit) == 0 && limit.rlim_cur != RLIM_INFINITY;
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

/* Ours, but the host closed the descriptor. */
static int reopen_map(const char *path)
{
    int fd = open_map(path, 0);
    struct stat status;
    if (fd >= 0 &&
        (fstat(fd, &status) != 0 || status.st_dev != map.device || status.st_ino != map.inode)) {
        close(fd);
        return -ESTALE;
    }
    return fd;
}

/* A file that is there is of an earlier process with this PID. */
static int replace_map(const char *path)
{
    if (unlink(path) != 0 && errno != ENOENT)
        return -errno;
    int fd = open_map(path, O_CREAT | O_EXCL);
    struct stat status;
    if (fd >= 0 && fstat(fd, &status) != 0) {
        int error = -errno;
        close(fd);
        return error;
    }
    if (fd >= 0) {
        map.device = status.st_dev;
        map.inode = status.st_ino;
    }
    return fd;
}

static void copy_inherited_lines(int to, int from)
{
    char block[4096];
    for (off_t at = 0; at < map.inherited;) {
        size_t wanted = sizeof block;
        if (map.inherited - at < (off_t)wanted)
            wanted = (size_t)(map.inherited - at);
        ssize_t got = pread(from, block, wanted, at);
        if (got <= 0 || write(to, block, (size_t)got) != got)
            return;
        at += got;
    }
}

static int create_map(void)
{
    char path[64];
    snprintf(path, sizeof path, PYPERF_MAP_FORMAT, (long)getpid());
    struct stat status;
    int parent = map.foreign && descriptor_is_ours(&status) ? map.fd : -1;
    bool again = map.inode != 0 && !map.foreign;
    int fd = size_is_limited() ? -EFBIG : again ? reopen_map(path) : replace_map(path);
    if (fd >= 0 && parent >= 0)
        copy_inherited_lines(fd, parent);
    if (parent >= 0)
        close(parent);
    map.foreign = false;
    map.fd = fd >= 0 ? fd : -1;
    if (fd >= 0)
        return 0;
    map.failed = true;
    pyperf_log_error("map %s: %s; going on without it", path,
                     fd == -EPERM || fd == -EACCES || fd == -EEXIST
                         ? "belongs to another user, who must remove it"
                     : fd == -ESTALE ? "was removed or replaced"
                                     : strerror(-fd));
    return fd;
}

/* "%lx " of `value`, written backwards to end before `end`: printf would cost a third of all that
 * a new function costs. */
static char *hexadecimal(char *end, uintptr_t value)
{
    *--end = ' ';
    do {
        *--end = "0123456789abcdef"[value & 15];
        value >>= 4;
    } while (value != 0);
    return end;
}

/* Half a line would spoil the next one. */
static void take_back(ssize_t written)
{
    struct stat status;
    if (written > 0 && fstat(map.fd, &status) == 0 &&
        ftruncate(map.fd, status.st_size - written) != 0)
        pyperf_log_debug("map: half a line stays");
}

int pyperf_map_add(uintptr_t start, size_t size, const char *name, size_t length)
{
    if (map.failed)
        return -EBADF;
    struct stat status;
    if (map.foreign || !descriptor_is_ours(&status)) {
        int error = create_map();
        if (error != 0)
            return error;
    }
    char numbers[40];
    char *first = hexadecimal(hexadecimal(numbers + sizeof numbers, size), start);
    size_t used = (size_t)(numbers + sizeof numbers - first);
    struct iovec parts[] = {
        {first, used}, {(void *)(uintptr_t)name, length}, {(void *)(uintptr_t) "\n", 1}};
    ssize_t written = writev(map.fd, parts, 3);
    if (written == (ssize_t)(used + length + 1))
        return 0;
    int error = written < 0 ? errno : ENOSPC;
    take_back(written);
    map.failed = true;
    pyperf_log_error("map: %s; going on without it", strerror(error));
    return -error;
}

void pyperf_map_forked(bool copy)
{
    struct stat status;
    map.foreign = map.fd >= 0;
    map.inherited = copy && map.foreign && fstat(map.fd, &status) == 0 ? status.st_size : 0;
}
