#include "perf/map_file.h"
#include "base/path.h"
#include "recording/jitmap.h"
#include "recording/table.h"

#include <pyperf.h>

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* -- Reading -------------------------------------------------------------------------------- */

/* Everybody can put something else there. */
static bool is_owners(const struct map_file *map, int fd)
{
    struct stat status;

    return fstat(fd, &status) == 0 && S_ISREG(status.st_mode) && status.st_nlink == 1 &&
           status.st_uid == map->owner;
}

static int open_map(const struct map_file *map, int flags)
{
    int fd = openat(map->folder, map->name, flags | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);

    if (fd < 0)
        return errno == ELOOP ? -EPERM : -errno;
    if (is_owners(map, fd))
        return fd;
    close(fd);
    return -EPERM;
}

int map_file_read(struct map_file *map, int root, long pid, uid_t owner)
{
    char path[sizeof map->name];
    int fd;

    *map = (struct map_file){.owner = owner};
    snprintf(path, sizeof path, PYPERF_MAP_FORMAT, pid);
    snprintf(map->name, sizeof map->name, "%s", path_base_name(path));
    map->folder = openat(root, "tmp", O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (map->folder < 0)
        return -errno;
    fd = open_map(map, O_RDONLY);
    map->exists = fd >= 0;
    if (fd < 0)
        return fd == -ENOENT ? 0 : fd;
    return jitmap_read_lines(&map->has, fd);
}

void map_file_free(struct map_file *map)
{
    if (map->folder >= 0)
        close(map->folder);
    symbols_free(&map->has);
}

/* -- Writing -------------------------------------------------------------------------------- */

enum { PAGE = 4096, LINE_MAX_SIZE = PYPERF_NAME_MAX + 64 };

struct writer {
    int fd;
    off_t end;   /* of the file, unless the process appends meanwhile */
    size_t used; /* bytes that wait in `text` */
    size_t last; /* where the last line begins in there */
    char text[LINE_MAX_SIZE + PAGE];
};

static int flush(struct writer *writer)
{
    struct stat status;
    ssize_t written;

    do
        written = write(writer->fd, writer->text, writer->used);
    while (written < 0 && errno == EINTR);
    if (written != (ssize_t)writer->used) {
        int rc = written < 0 ? -errno : -ENOSPC;
        if (written > 0 && fstat(writer->fd, &status) == 0 &&
            status.st_size == writer->end + written && ftruncate(writer->fd, writer->end) != 0)
            rc = -errno;
        return rc;
    }
    writer->end = lseek(writer->fd, 0, SEEK_CUR);
    writer->used = 0;
    return writer->end < 0 ? -errno : 0;
}

/* Zeros in front of a number change nothing: the last line reaches the end of the page. */
static void widen(struct writer *writer, size_t by)
{
    memmove(writer->text + writer->last + by, writer->text + writer->last,
            writer->used - writer->last);
    memset(writer->text + writer->last, '0', by);
    writer->used += by;
}

static size_t rest_of_page(const struct writer *writer)
{
    return PAGE - ((size_t)writer->end + writer->used) % PAGE;
}

static void append_line(struct writer *writer, const char *line, size_t length)
{
    writer->last = writer->used;
    memcpy(writer->text + writer->used, line, length);
    writer->used += length;
}

/* False for what is not one line. */
static bool format_line(char line[LINE_MAX_SIZE], const struct symbol *symbol)
{
    int length = snprintf(line, LINE_MAX_SIZE, "%llx %llx %s\n", (unsigned long long)symbol->start,
                          (unsigned long long)(symbol->end - symbol->start), symbol->name);

    return length > 0 && length < LINE_MAX_SIZE && !strpbrk(symbol->name, "\r\n");
}

/* Any line that fits, for the rest of a page on which the next one does not. */
static void append_filler(struct writer *writer, const struct symbols *symbols)
{
    char line[LINE_MAX_SIZE];

    for (size_t i = 0; i < symbols->count && writer->used == 0; i++)
        if (format_line(line, &symbols->list[i]) && strlen(line) <= rest_of_page(writer))
            append_line(writer, line, strlen(line));
}

static int add_line(struct writer *writer, const char *line, const struct symbols *symbols)
{
    size_t length = strlen(line);
    int rc = 0;

    if (length > rest_of_page(writer) && writer->used == 0)
        append_filler(writer, symbols);
    if (length > rest_of_page(writer) && writer->used > 0) {
        widen(writer, rest_of_page(writer) % PAGE);
        rc = flush(writer);
    }
    append_line(writer, line, length);
    return rc || (rest_of_page(writer) < PAGE && length <= PAGE) ? rc : flush(writer);
}

static int create_map(const struct map_file *map)
{
    int fd = openat(map->folder, map->name, O_RDWR | O_APPEND | O_CREAT | O_EXCL | O_CLOEXEC, 0600);

    if (fd < 0)
        return -errno;
    if (map->owner == geteuid() || fchown(fd, map->owner, (gid_t)-1) == 0)
        return fd;
    close(fd);
    return -EPERM;
}

/* A full disk may have left half a line, which ours must not continue. */
static int begin(struct writer *writer)
{
    char last = '\n';

    writer->end = lseek(writer->fd, 0, SEEK_END);
    if (writer->end < 0 ||
        (writer->end > 0 && pread(writer->fd, &last, sizeof last, writer->end - 1) < 0))
        return -errno;
    if (last != '\n')
        writer->text[writer->used++] = '\n';
    return 0;
}

static uint64_t key_of(const struct symbol *symbol)
{
    return table_hash(symbol->start + 1, symbol->name);
}

static int add_missing(struct map_file *map, const struct symbols *symbols,
                       const struct table *present, struct writer *writer)
{
    char line[LINE_MAX_SIZE];
    int rc = begin(writer);

    for (size_t i = 0; rc == 0 && i < symbols->count; i++) {
        const struct symbol *symbol = &symbols->list[i];
        if (table_get(present, key_of(symbol)) || !format_line(line, symbol))
            continue;
        rc = add_line(writer, line, symbols);
        map->added += rc == 0;
    }
    return rc == 0 && writer->used > 0 ? flush(writer) : rc;
}

int map_file_complete(struct map_file *map, const struct symbols *symbols)
{
    struct table present = {.count = 0};
    struct writer writer = {.used = 0};
    int rc = 0;

    for (size_t i = 0; rc == 0 && i < map->has.count; i++)
        rc = table_set(&present, key_of(&map->has.list[i]), &map->has.list[i]);
    writer.fd = map->exists ? open_map(map, O_RDWR | O_APPEND) : create_map(map);
    if (writer.fd < 0)
        rc = writer.fd;
    if (rc == 0)
        rc = add_missing(map, symbols, &present, &writer);
    if (writer.fd >= 0)
        close(writer.fd);
    table_free(&present, NULL);
    return rc;
}
