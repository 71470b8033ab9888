/*
 * Writes the perf map.
 *
 *     7f52a8c1d3a0 10 py::main:app.py
 *     7f52a8c1d3b0 10 py::load:app.py
 *
 * No descriptor stays open in the host, so an append is open, fstat, write, close: 3 microseconds,
 * ten times what the rest of a new function costs.  Functions come in bursts (imports), so only the
 * first lines of a burst are appended at once; the others share the next append.
 */
#include "perfmap.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "file_limit.h"
#include "log.h"
#include "pyperf.h"

/* NUMBERS_MAX: "<start> <size> " of a line.  BUFFER holds the longest line, or some 500 usual ones;
 * an append of that size takes twice as long as one of a single line. */
enum { NUMBERS_MAX = 40, BUFFER = 32768 };
_Static_assert(PYPERF_NAME_MAX + NUMBERS_MAX < BUFFER, "a line fits into the buffer");

/* This many lines of a burst do not wait: a few new functions after a while, such as those of a new
 * kind of request, are in the file when they run. */
enum { AT_ONCE = 8 };

static struct {
    char path[64]; /* "" before the first append */
    dev_t device;  /* identity of that file */
    ino_t inode;
    off_t size;      /* of the file after our last append */
    off_t inherited; /* bytes of the parent's map that begin ours */
    bool foreign;    /* path, identity and size are the parent's */
    bool failed;     /* it could not be written, or was removed: lines are dropped */
    int at_once;     /* lines that need not wait for the next tick */
    size_t used;     /* bytes that wait in `buffer` */
    int64_t appended_at;
    char buffer[BUFFER];
} map;

/* -- The file ------------------------------------------------------------------------------- */

static int open_map(const char *path, int flags, struct stat *status)
{
    int fd = open(path, O_RDWR | O_APPEND | O_NOFOLLOW | O_CLOEXEC | O_NOCTTY | flags, 0600);
    if (fd < 0)
        return -errno;
    if (fstat(fd, status) != 0) {
        int error = -errno;
        close(fd);
        return error;
    }
    return fd;
}

/* Opens the file that `map` describes, unless another has taken its place. */
static int reopen_map(struct stat *status)
{
    int fd = open_map(map.path, 0, status);
    if (fd >= 0 && (status->st_dev != map.device || status->st_ino != map.inode)) {
        close(fd);
        return -ESTALE;
    }
    return fd == -ENOENT ? -ESTALE : fd;
}

/* A file that is already there belongs to an earlier process with this PID. */
static int create_map(struct stat *status)
{
    snprintf(map.path, sizeof map.path, PYPERF_MAP_FORMAT, (long)getpid());
    if (unlink(map.path) != 0 && errno != ENOENT)
        return -errno;
    int fd = open_map(map.path, O_CREAT | O_EXCL, status);
    if (fd >= 0) {
        map.device = status->st_dev;
        map.inode = status->st_ino;
    }
    return fd;
}

/* All of it or nothing: half a line would spoil the next one.  `size` is the file's. */
static int append(int fd, const char *text, size_t length, off_t *size)
{
    if (pyperf_exceeds_file_limit((rlim_t)*size + length))
        return -EFBIG;
    ssize_t written;
    do
        written = write(fd, text, length);
    while (written < 0 && errno == EINTR);
    if (written == (ssize_t)length) {
        *size += written;
        return 0;
    }
    int status = written < 0 ? -errno : -ENOSPC;
    struct stat now;
    if (written > 0 && fstat(fd, &now) == 0 && now.st_size == *size + written &&
        ftruncate(fd, *size) != 0)
        pyperf_log_debug("map: half a line stays");
    return status;
}

/* The parent's lines, where no image tells the names that were inherited: all or none. */
static void copy_lines(int to, int from, off_t bytes, off_t *size)
{
    char part[4096];
    for (off_t at = 0; at < bytes;) {
        size_t wanted = sizeof part;
        if (bytes - at < (off_t)wanted)
            wanted = (size_t)(bytes - at);
        ssize_t got = pread(from, part, wanted, at);
        if (got <= 0 || append(to, part, (size_t)got, size) != 0) {
            if (ftruncate(to, 0) == 0)
                *size = 0;
            return;
        }
        at += got;
    }
}

static int open_to_append(struct stat *status)
{
    if (map.path[0] != '\0' && !map.foreign)
        return reopen_map(status);
    struct stat unused = {0};
    int parent = map.foreign && map.inherited > 0 ? reopen_map(&unused) : -1;
    map.foreign = false;
    int fd = create_map(status);
    if (fd >= 0 && parent >= 0)
        copy_lines(fd, parent, map.inherited, &status->st_size);
    if (parent >= 0)
        close(parent);
    return fd;
}

static int report(int status)
{
    map.failed = true;
    pyperf_log_error("map %s: %s; going on without it", map.path,
                     status == -EPERM || status == -EACCES || status == -EEXIST
                         ? "belongs to another user, who must remove it"
                     : status == -ESTALE ? "was removed or replaced"
                                         : strerror(-status));
    return status;
}

/* -- Lines ---------------------------------------------------------------------------------- */

/* To the tick (1 to 10 ms), which costs a fifth of a precise time. */
static int64_t now_in_ms(void)
{
    struct timespec now = {0};
    clock_gettime(CLOCK_MONOTONIC_COARSE, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

bool pyperf_map_waiting(void)
{
    return __atomic_load_n(&map.used, __ATOMIC_RELAXED) != 0;
}

bool pyperf_map_is_due(void)
{
    return now_in_ms() - __atomic_load_n(&map.appended_at, __ATOMIC_RELAXED) >= PYPERF_MAP_DELAY_MS;
}

int pyperf_map_flush(void)
{
    if (map.used == 0)
        return 0;
    struct stat file = {0};
    int fd = open_to_append(&file);
    int status = fd < 0 ? fd : append(fd, map.buffer, map.used, &file.st_size);
    if (fd >= 0)
        close(fd);
    map.size = file.st_size;
    __atomic_store_n(&map.used, 0, __ATOMIC_RELAXED);
    __atomic_store_n(&map.appended_at, now_in_ms(), __ATOMIC_RELAXED);
    return status == 0 ? 0 : report(status);
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

int pyperf_map_add(uintptr_t start, size_t size, const char *name, size_t length, bool now)
{
    if (map.failed)
        return -EBADF;
    char numbers[NUMBERS_MAX];
    char *first = hexadecimal(hexadecimal(numbers + sizeof numbers, size), start);
    size_t used = (size_t)(numbers + sizeof numbers - first);
    if (map.used + used + length + 1 > sizeof map.buffer) {
        int status = pyperf_map_flush();
        if (status != 0)
            return status;
    }
    char *at = map.buffer + map.used;
    memcpy(at, first, used);
    memcpy(at + used, name, length);
    at[used + length] = '\n';
    __atomic_store_n(&map.used, map.used + used + length + 1, __ATOMIC_RELAXED);
    if (pyperf_map_is_due())
        map.at_once = AT_ONCE;
    if (!now && map.at_once == 0)
        return 0;
    if (map.at_once > 0)
        map.at_once--;
    return pyperf_map_flush();
}

void pyperf_map_remove(void)
{
    map.used = 0;
    map.failed = true;
    struct stat file;
    if (map.path[0] != '\0' && !map.foreign && lstat(map.path, &file) == 0 &&
        file.st_dev == map.device && file.st_ino == map.inode)
        unlink(map.path);
}

void pyperf_map_forked(bool copy)
{
    map.used = 0; /* what a bare clone() caught there is the parent's to write */
    map.foreign = true;
    map.failed = false; /* what was in the parent's way need not be in ours */
    map.inherited = copy && map.path[0] != '\0' ? map.size : 0;
}
