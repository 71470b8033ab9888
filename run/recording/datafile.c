/* Behind the data lies a table: a section for each feature whose bit is set in the header. */
#include "recording/datafile.h"

#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

static int check(struct datafile *file)
{
    struct datafile_header *header = &file->header;
    uint64_t most;

    if (memcmp(header->magic, "PERFILE2", sizeof header->magic) != 0)
        return -EBADMSG;
    if (header->size == DATAFILE_PIPE_HEADER)
        return -ENOTSUP;
    if (file->size < sizeof *header || header->size != sizeof *header ||
        header->data.offset < sizeof *header || header->data.offset > file->size)
        return -EBADMSG;
    most = file->size - header->data.offset;
    file->cut = header->data.size == 0 || header->data.size > most;
    if (file->cut)
        header->data.size = most;
    return 0;
}

int datafile_open(struct datafile *file, int fd)
{
    struct stat status;
    void *bytes;
    int rc;

    if (fstat(fd, &status) != 0)
        return -errno;
    if (!S_ISREG(status.st_mode) || status.st_size < DATAFILE_PIPE_HEADER)
        return -EBADMSG;
    bytes = mmap(NULL, (size_t)status.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
    if (bytes == MAP_FAILED)
        return -errno;
    *file = (struct datafile){.bytes = bytes, .size = (uint64_t)status.st_size};
    memcpy(&file->header, bytes,
           file->size < sizeof file->header ? file->size : sizeof file->header);
    rc = check(file);
    if (rc)
        datafile_close(file);
    return rc;
}

void datafile_close(struct datafile *file)
{
    if (file->bytes)
        munmap((void *)file->bytes, file->size);
    file->bytes = NULL;
}

void datafile_drop(const struct datafile *file, uint64_t end)
{
    madvise((void *)file->bytes, end & -(uint64_t)getpagesize(), MADV_DONTNEED);
}

bool datafile_holds(const struct datafile *file, struct datafile_section section)
{
    return section.offset <= file->size && section.size <= file->size - section.offset;
}

bool datafile_feature(const struct datafile *file, unsigned bit, struct datafile_section *section)
{
    const uint64_t *features = file->header.features;
    uint64_t before = 0, table = file->header.data.offset + file->header.data.size;
    struct datafile_section entry = {.size = sizeof entry};

    if (file->cut || !(features[bit / 64] >> bit % 64 & 1))
        return false;
    for (unsigned i = 0; i < bit / 64; i++)
        before += (uint64_t)__builtin_popcountll(features[i]);
    before += (uint64_t)__builtin_popcountll(features[bit / 64] & ((1ULL << bit % 64) - 1));
    entry.offset = table + before * sizeof entry;
    if (!datafile_holds(file, entry))
        return false;
    memcpy(section, file->bytes + entry.offset, sizeof *section);
    return datafile_holds(file, *section);
}
