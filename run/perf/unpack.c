/*
 * The format is described in Linux tools/perf/Documentation/perf.data-file-format.txt: a header
 * that points to the data, which is records, and after it a table of feature sections, one for each
 * bit in the header.  Records of compressed data hold pieces of one zstd stream of records.
 */
#include "perf/unpack.h"
#include "perf/datafile.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/perf_event.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#ifdef HAVE_ZSTD
#include <zstd.h>

enum {
    RECORD_COMPRESSED = 81,  /* header, stream */
    RECORD_COMPRESSED2 = 83, /* header, u64 length of stream, stream, padding to 8 bytes */
    FEATURE_COMPRESSED = 27,
    CHUNK = 1 << 20,
};

struct unpacking {
    struct datafile in;
    int out;
    uint64_t written, most;
    bool compressed; /* a record was */
    ZSTD_DStream *stream;
    unsigned char *chunk;
};

static int put(struct unpacking *state, const void *bytes, uint64_t size)
{
    const unsigned char *at = bytes;

    state->written += size;
    if (state->written > state->most)
        return -EFBIG;
    while (size) {
        ssize_t length = write(state->out, at, size);
        if (length < 0 && errno == EINTR)
            continue;
        if (length <= 0)
            return length < 0 ? -errno : -EIO;
        at += length;
        size -= (uint64_t)length;
    }
    return 0;
}

static int decompress(struct unpacking *state, const unsigned char *bytes, uint64_t size)
{
    ZSTD_inBuffer in = {.src = bytes, .size = size};

    state->compressed = true;
    for (;;) {
        ZSTD_outBuffer out = {.dst = state->chunk, .size = CHUNK};
        size_t left = ZSTD_decompressStream(state->stream, &out, &in);
        int rc;
        if (ZSTD_isError(left))
            return -EBADMSG;
        rc = put(state, out.dst, out.pos);
        if (rc)
            return rc;
        if (in.pos == in.size && out.pos < out.size)
            return 0;
    }
}

static int unpack_records(struct unpacking *state, const struct datafile_section *data)
{
    uint64_t at = data->offset, end = data->offset + data->size;
    int rc = 0;

    while (rc == 0 && at < end) {
        struct perf_event_header header;
        uint64_t start, length;
        if (end - at < sizeof header)
            return -EBADMSG;
        memcpy(&header, state->in.bytes + at, sizeof header);
        if (header.size < sizeof header || header.size > end - at)
            return -EBADMSG;
        start = sizeof header;
        length = header.size - start;
        if (header.type == RECORD_COMPRESSED2) {
            if (length < sizeof(uint64_t))
                return -EBADMSG;
            memcpy(&length, state->in.bytes + at + start, sizeof length);
            start += sizeof length;
            if (length > header.size - start)
                return -EBADMSG;
        }
        if (header.type == RECORD_COMPRESSED || header.type == RECORD_COMPRESSED2)
            rc = decompress(state, state->in.bytes + at + start, length);
        else
            rc = put(state, state->in.bytes + at, header.size);
        at += header.size;
    }
    return rc;
}

/* Writes the table and its sections, without the one that says "compressed". */
static int copy_features(struct unpacking *state, const struct datafile_header *header)
{
    struct datafile_section table[DATAFILE_FEATURES];
    uint64_t at = header->data.offset + header->data.size, next;
    size_t count = 0;
    int rc;

    for (int bit = 0; bit < DATAFILE_FEATURES; bit++) {
        if (!(header->features[bit / 64] >> bit % 64 & 1))
            continue;
        if (state->in.size - at < sizeof *table)
            return -EBADMSG;
        memcpy(&table[count], state->in.bytes + at, sizeof *table);
        at += sizeof *table;
        if (table[count].offset > state->in.size ||
            table[count].size > state->in.size - table[count].offset)
            return -EBADMSG;
        count += bit != FEATURE_COMPRESSED;
    }
    next = state->written + count * sizeof *table;
    for (size_t i = 0; i < count; i++) {
        struct datafile_section moved = {next, table[i].size};
        next += table[i].size;
        rc = put(state, &moved, sizeof moved);
        if (rc)
            return rc;
    }
    for (size_t i = 0; i < count; i++) {
        rc = put(state, state->in.bytes + table[i].offset, table[i].size);
        if (rc)
            return rc;
    }
    return 0;
}

static int unpack_file(struct unpacking *state)
{
    const struct datafile_header *header = &state->in.header;
    struct datafile_header fresh = *header;
    int rc = put(state, state->in.bytes, header->data.offset);

    if (rc == 0)
        rc = unpack_records(state, &header->data);
    if (rc == 0 && !state->compressed)
        rc = -EALREADY;
    fresh.data.size = state->written - header->data.offset;
    fresh.features[0] &= ~(1ULL << FEATURE_COMPRESSED);
    if (rc == 0)
        rc = copy_features(state, header);
    if (rc == 0 && pwrite(state->out, &fresh, sizeof fresh, 0) != sizeof fresh)
        rc = -EIO;
    return rc;
}

int unpack(const char *data, const char *out, uint64_t most)
{
    struct unpacking state = {.most = most, .out = -1};
    int rc = datafile_open(&state.in, data);

    if (rc)
        return rc;
    state.stream = ZSTD_createDStream();
    state.chunk = malloc(CHUNK);
    state.out = open(out, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (state.out < 0)
        rc = -errno;
    else
        rc = state.stream && state.chunk ? unpack_file(&state) : -ENOMEM;
    if (state.out >= 0 && close(state.out) != 0 && rc == 0)
        rc = -errno;
    if (rc && state.out >= 0)
        unlink(out);
    ZSTD_freeDStream(state.stream);
    free(state.chunk);
    datafile_close(&state.in);
    return rc;
}

#else

int unpack(const char *data, const char *out, uint64_t most)
{
    (void)data;
    (void)out;
    (void)most;
    return -ENOSYS;
}

#endif
