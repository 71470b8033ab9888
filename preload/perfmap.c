/*
 * Writes the perf map.
 *
 * The file grows by blocks, which are mapped; a line is a store into the mapping, so it costs no
 * system call, no descriptor stays open in the host, and the lines outlive SIGKILL.  What is left
 * of the last block is one line more, of no size at address 0, which every reader takes and none
 * finds:
 *
 *     7f52a8c1d3a0 10 py::main:app.py
 *     7f52a8c1d3b0 10 py::load:app.py
 *     0 0 -
 *
 * A new line cuts that one in two and then replaces the first half, its own first eight bytes
 * last: at any moment readers find whole lines only.  A process that ends in good order cuts the
 * filler off.
 */
#include "perfmap.h"

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

#include "arch.h"
#include "file_limit.h"
#include "log.h"
#include "pyperf.h"

_Static_assert(2 * PYPERF_NAME_MAX <= 32768, "a line fits into a block");

/* BLOCK: some 350 lines.  With what is left of the block before, less than the 64 KiB at which some
 * readers think a line too long.  A forked child, of which there may be many with little to tell,
 * begins with FIRST_OF_CHILD. */
enum { BLOCK = 32768, FIRST_OF_CHILD = 4096, NUMBERS_MAX = 40 };

static const char filler[] = "0 0 -"; /* so it begins; then blanks and a newline */

static struct {
    char path[64]; /* "" before the first line */
    dev_t device;  /* identity of that file */
    ino_t inode;
    off_t end;       /* of the lines */
    off_t size;      /* of the file; filler from `end` on */
    char *block;     /* maps the file's end; NULL: nothing */
    off_t block_at;  /* offset in the file */
    off_t inherited; /* bytes of the parent's map that begin ours */
    bool foreign;    /* path, identity and offsets are the parent's */
    bool failed;
} map;

/* -- The file ------------------------------------------------------------------------------- */

static int open_map(const char *path, int flags, struct stat *status)
{
    int fd = open(path, O_RDWR | O_NOFOLLOW | O_CLOEXEC | O_NOCTTY | flags, 0600);
    if (fd < 0)
        return -errno;
    if (fstat(fd, status) != 0) {
        int error = -errno;
        close(fd);
        return error;
    }
    return fd;
}

/* The file that `map` tells of, unless another is in its place or somebody cut it short. */
static int reopen_map(off_t *size)
{
    struct stat status = {0};
    int fd = open_map(map.path, 0, &status);
    if (fd >= 0 &&
        (status.st_dev != map.device || status.st_ino != map.inode || status.st_size < map.size)) {
        close(fd);
        return -ESTALE;
    }
    if (fd >= 0)
        *size = status.st_size;
    return fd == -ENOENT ? -ESTALE : fd;
}

/* ... to go on with.  Others append to it too (PyUnstable_WritePerfMapEntry, 3.12+): behind what
 * they wrote, our filler stays a line of the file. */
static int continue_map(void)
{
    off_t size;
    int fd = reopen_map(&size);
    if (fd >= 0 && size > map.size)
        map.end = map.size = size;
    return fd;
}

/* A file that is there is of an earlier process with this PID. */
static int create_map(void)
{
    struct stat status = {0};
    snprintf(map.path, sizeof map.path, PYPERF_MAP_FORMAT, (long)getpid());
    if (unlink(map.path) != 0 && errno != ENOENT)
        return -errno;
    int fd = open_map(map.path, O_CREAT | O_EXCL, &status);
    if (fd >= 0) {
        map.device = status.st_dev;
        map.inode = status.st_ino;
        map.end = map.size = 0;
    }
    return fd;
}

/* -- Its end in memory ---------------------------------------------------------------------- */

static void unmap_block(void)
{
    if (map.block != NULL)
        munmap(map.block, (size_t)(map.size - map.block_at));
    map.block = NULL;
}

/* One block, by a write: a full disk must fail here, not as SIGBUS in a store later; and pages that
 * were written are mapped in a third of the time that reserved ones take. */
static int write_filler(int fd, size_t block)
{
    char blanks[4096];
    memset(blanks, ' ', sizeof blanks);
    struct iovec parts[BLOCK / sizeof blanks + 2];
    size_t count = 0;
    parts[count++] = (struct iovec){(void *)(uintptr_t)filler, sizeof filler - 1};
    for (size_t left = block - sizeof filler; left > 0; left -= parts[count++].iov_len)
        parts[count] = (struct iovec){blanks, left < sizeof blanks ? left : sizeof blanks};
    parts[count++] = (struct iovec){(void *)(uintptr_t) "\n", 1};
    ssize_t written = pwritev(fd, parts, (int)count, map.size);
    if (written == (ssize_t)block)
        return 0;
    int status = written < 0 ? -errno : -ENOSPC;
    if (written > 0 && ftruncate(fd, map.size) != 0)
        pyperf_log_debug("map: half a line stays");
    return status;
}

/* Lengthens the file by a block and maps its end. */
static int extend(int fd, size_t block_size)
{
    const off_t wanted = map.size + (off_t)block_size;
    if (pyperf_exceeds_file_limit((rlim_t)wanted))
        return -EFBIG;
    int status = write_filler(fd, block_size);
    if (status != 0)
        return status;
    off_t at = map.end & -(off_t)PYPERF_ARCH_PAGE_MAX;
    size_t length = (size_t)(wanted - at);
    void *block = mmap(NULL, length, PROT_READ | PROT_WRITE, MAP_SHARED, fd, at);
    if (block == MAP_FAILED)
        return -errno;
    /* A child must not write into its parent's map. */
    madvise(block, length, MADV_DONTFORK);
    map.block = block;
    map.block_at = at;
    if (map.end < map.size) /* one line of filler, not two */
        map.block[map.size - 1 - at] = ' ';
    map.size = wanted;
    return 0;
}

/* The parent's lines, where no image tells the names that were inherited: all or none, for half a
 * line would spoil the next one. */
static void copy_lines(int to, int from, off_t bytes)
{
    char part[4096];
    while (map.end < bytes) {
        size_t wanted = sizeof part;
        if (bytes - map.end < (off_t)wanted)
            wanted = (size_t)(bytes - map.end);
        ssize_t got = pread(from, part, wanted, map.end);
        if (got <= 0 || pyperf_exceeds_file_limit((rlim_t)(map.end + got)) ||
            pwrite(to, part, (size_t)got, map.end) != got) {
            map.end = 0;
            if (ftruncate(to, 0) != 0)
                pyperf_log_debug("map: half a line stays");
            break;
        }
        map.end += got;
    }
    map.size = map.end;
}

static int make_room(void)
{
    bool first = map.path[0] == '\0' || map.foreign;
    size_t block_size = map.foreign ? FIRST_OF_CHILD : BLOCK;
    off_t inherited = map.foreign ? map.inherited : 0;
    off_t unused;
    int parent = inherited > 0 ? reopen_map(&unused) : -1;
    unmap_block();
    map.foreign = false;
    int fd = first ? create_map() : continue_map();
    if (fd >= 0 && parent >= 0)
        copy_lines(fd, parent, inherited);
    int status = fd < 0 ? fd : extend(fd, block_size);
    if (parent >= 0)
        close(parent);
    if (fd >= 0)
        close(fd);
    if (status == 0)
        return 0;
    map.failed = true;
    pyperf_log_error("map %s: %s; going on without it", map.path,
                     status == -EPERM || status == -EACCES || status == -EEXIST
                         ? "belongs to another user, who must remove it"
                     : status == -ESTALE ? "was removed or replaced"
                                         : strerror(-status));
    return status;
}

/* -- Lines ---------------------------------------------------------------------------------- */

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

int pyperf_map_add(uintptr_t start, size_t size, const char *name, size_t length)
{
    if (map.failed)
        return -EBADF;
    char numbers[NUMBERS_MAX];
    char *first = hexadecimal(hexadecimal(numbers + sizeof numbers, size), start);
    size_t used = (size_t)(numbers + sizeof numbers - first);
    size_t line = used + length + 1;
    while (map.block == NULL || map.end + (off_t)(line + sizeof filler) > map.size) {
        int status = make_room();
        if (status != 0)
            return status;
    }
    /* Readers have to find the parts of the line in this order. */
    enum { HEAD = sizeof(uint64_t) };
    char *at = map.block + (map.end - map.block_at);
    memcpy(at + line, filler, sizeof filler - 1);
    at[line - 1] = '\n';
    memcpy(at + used, name, length);
    memcpy(at + HEAD, first + HEAD, used - HEAD);
    uint64_t head;
    memcpy(&head, first, HEAD);
    __atomic_thread_fence(__ATOMIC_RELEASE);
    memcpy(at, &head, HEAD);
    map.end += (off_t)line;
    return 0;
}

void pyperf_map_finish(void)
{
    if (map.block == NULL)
        return;
    unmap_block();
    off_t size;
    int fd = reopen_map(&size);
    if (fd >= 0) {
        if (size == map.size && ftruncate(fd, map.end) == 0)
            map.size = map.end;
        close(fd);
    }
}

void pyperf_map_forked(bool copy)
{
    map.block = NULL; /* MADV_DONTFORK */
    map.foreign = true;
    map.failed = false; /* what was in the parent's way need not be in ours */
    map.inherited = copy && map.path[0] != '\0' ? map.end : 0;
}
