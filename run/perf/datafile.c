/* Only what unpacking a recording and measuring its chains need. */
#include "perf/datafile.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/perf_event.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

int datafile_open(struct datafile *file, const char *path)
{
    const struct datafile_header *header = &file->header;
    int fd = open(path, O_RDONLY | O_CLOEXEC), rc = 0;
    struct stat status;
    void *bytes;

    if (fd < 0)
        return -errno;
    if (fstat(fd, &status) != 0 || status.st_size < (off_t)sizeof *header) {
        close(fd);
        return -EBADMSG;
    }
    bytes = mmap(NULL, (size_t)status.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
    rc = bytes == MAP_FAILED ? -errno : 0;
    close(fd);
    if (rc)
        return rc;
    *file = (struct datafile){.bytes = bytes, .size = (uint64_t)status.st_size};
    memcpy(&file->header, bytes, sizeof file->header);
    if (memcmp(header->magic, "PERFILE2", 8) == 0 && header->size == sizeof *header &&
        header->data.offset >= sizeof *header && header->data.offset <= file->size &&
        header->data.size <= file->size - header->data.offset)
        return 0;
    datafile_close(file);
    return -EBADMSG;
}

void datafile_close(struct datafile *file)
{
    munmap((void *)file->bytes, file->size);
}

uint64_t datafile_samples(const struct datafile *file, unsigned bytes, uint64_t *large)
{
    uint64_t at = file->header.data.offset, end = at + file->header.data.size, count = 0;
    struct perf_event_header header;

    *large = 0;
    for (; end - at >= sizeof header; at += header.size) {
        memcpy(&header, file->bytes + at, sizeof header);
        if (header.size < sizeof header || header.size > end - at)
            break;
        if (header.type != PERF_RECORD_SAMPLE)
            continue;
        count++;
        *large += header.size >= bytes;
    }
    return count;
}
