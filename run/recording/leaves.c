/*
 * A record keeps its size: in front of a chain that became shorter, the marker of its first part
 * is repeated, which says nothing new.  So all else in the file stays where it is.
 */
#include "recording/leaves.h"
#include "recording/bytes.h"
#include "recording/convert.h"
#include "recording/datafile.h"
#include "recording/records.h"
#include "recording/sample.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

struct copy {
    const struct datafile *file;
    unsigned char *bytes; /* of the new file */
    size_t moved;
};

static bool is_added(uint64_t address)
{
    return address - CONVERT_ADDED < CONVERT_ADDED_SIZE;
}

static void put(unsigned char *at, uint64_t value)
{
    memcpy(at, &value, sizeof value);
}

static int move(void *context, const struct record *record)
{
    struct copy *copy = context;
    unsigned char *fresh = copy->bytes + (record->bytes - copy->file->bytes), *chain;
    struct perf_event_header header = {
        .type = record->type, .misc = record->misc, .size = record->size};
    struct sample sample;
    uint64_t leaf = 0;

    if (record->type != PERF_RECORD_SAMPLE)
        return 0;
    if (sample_read(&sample, record) != 0)
        return -EBADMSG;
    while (leaf < sample.chain_count && !is_added(bytes_u64(sample.chain + leaf * 8)))
        leaf++;
    if (leaf == sample.chain_count || !(record->attribute->sample_type & PERF_SAMPLE_IP))
        return 0;
    header.misc =
        (uint16_t)((header.misc & ~PERF_RECORD_MISC_CPUMODE_MASK) | PERF_RECORD_MISC_USER);
    memcpy(fresh, &header, sizeof header);
    put(fresh + sizeof header + (record->attribute->sample_type & PERF_SAMPLE_IDENTIFIER ? 8 : 0),
        bytes_u64(sample.chain + leaf * 8));
    chain = fresh + (sample.chain - record->bytes);
    for (uint64_t i = 0; i < leaf; i++)
        put(chain + i * 8, PERF_CONTEXT_USER);
    copy->moved++;
    return 0;
}

static int write_all(int fd, const struct datafile *file)
{
    for (uint64_t at = 0; at < file->size;) {
        ssize_t written = write(fd, file->bytes + at, file->size - at);
        if (written < 0)
            return -errno;
        at += (uint64_t)written;
    }
    return 0;
}

static int write_moved(int fd, struct records *records, size_t *moved)
{
    struct copy copy = {.file = records_file(records)};
    struct datafile_section compression;
    void *bytes;
    int rc;

    if (!copy.file || datafile_feature(copy.file, DATAFILE_COMPRESSED, &compression))
        return -ENOTSUP;
    rc = write_all(fd, copy.file);
    if (rc)
        return rc;
    bytes = mmap(NULL, copy.file->size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    if (bytes == MAP_FAILED)
        return -errno;
    copy.bytes = bytes;
    rc = records_each(records, move, &copy);
    munmap(bytes, copy.file->size);
    *moved = copy.moved;
    return rc;
}

int leaves_write(const char *data, const char *out, size_t *moved)
{
    struct records *records;
    int fd, rc = records_open(&records, data);

    if (rc)
        return rc;
    fd = open(out, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    rc = fd < 0 ? -errno : write_moved(fd, records, moved);
    if (fd >= 0 && close(fd) != 0 && rc == 0)
        rc = -errno;
    if (rc && fd >= 0)
        unlink(out);
    records_close(records);
    return rc;
}
