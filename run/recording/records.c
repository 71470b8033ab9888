/*
 * Bytes come in streams: the file or pipe, and what its compressed records hold.  A stream is a row
 * of blocks; a record lies whole in one block.  A record waits in the queue until the round after
 * the one in which it was written has ended: then no earlier one can follow.
 *
 * All this is done in a thread that reads ahead of the one that visits.
 */
#include "recording/records.h"
#include "recording/bytes.h"
#include "recording/datafile.h"
#include "recording/handover.h"
#include "recording/table.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#ifdef HAVE_ZSTD
#include <zstd.h>
#endif

enum {
    HEADER = sizeof(struct perf_event_header),
    BLOCK = 1 << 20,
    DROPPED = 4 << 20,      /* bytes visited of a file, until their pages are given back */
    MAPPED_MOST = 64 << 20, /* bytes of a file in memory while they wait */
    ATTRIBUTE_V0 = 64,      /* PERF_ATTR_SIZE_VER0 */
};

struct block {
    size_t waiting;     /* records in the queue that lie here */
    struct block *next; /* while it is unused */
    size_t room;
    unsigned char bytes[];
};

struct stream {
    struct block *block;
    size_t filled, taken; /* bytes in the block, and of those the ones that were looked at */
    uint64_t skip;        /* bytes to come that are no records */
};

struct waiting {
    uint64_t time, order;
    const unsigned char *bytes;
    struct block *block; /* NULL: in the mapped file */
};

struct records {
    int fd;
    struct datafile file; /* without bytes: a pipe */
    struct perf_event_attr **attributes;
    size_t attribute_count;
    struct table by_id; /* event id + 1 -> struct perf_event_attr */
    struct stream pipe, unpacked;
    struct block *unused;
    struct waiting *queue;
    size_t queued, queue_room;
    uint64_t order, newest, before; /* newest: of all times; before: the newest of the last round */
    struct handover *handover;
#ifdef HAVE_ZSTD
    ZSTD_DStream *zstd;
#endif
};

/* -- Attributes ----------------------------------------------------------------------------- */

static int add_attribute(struct records *records, const unsigned char *bytes, size_t size,
                         const unsigned char *ids, size_t id_count)
{
    struct perf_event_attr *attribute = calloc(1, sizeof *attribute), **grown;
    int rc = 0;

    if (!attribute)
        return -ENOMEM;
    memcpy(attribute, bytes, size < sizeof *attribute ? size : sizeof *attribute);
    grown = realloc(records->attributes, (records->attribute_count + 1) * sizeof(void *));
    if (!grown) {
        free(attribute);
        return -ENOMEM;
    }
    records->attributes = grown;
    records->attributes[records->attribute_count++] = attribute;
    for (size_t i = 0; rc == 0 && i < id_count; i++)
        rc = table_set(&records->by_id, bytes_u64(ids + i * 8) + 1, attribute);
    return rc;
}

/* Each entry is an attribute and the section of its event's ids. */
static int read_attributes(struct records *records)
{
    const struct datafile *file = &records->file;
    const struct datafile_section all = file->header.attributes;
    uint64_t each = file->header.attribute_size, ids_size = 0;

    if (!datafile_holds(file, all) || each < ATTRIBUTE_V0 + sizeof all)
        return -EBADMSG;
    for (uint64_t at = 0; all.size - at >= each; at += each) {
        const unsigned char *entry = file->bytes + all.offset + at;
        struct datafile_section ids;
        int rc;
        memcpy(&ids, entry + each - sizeof ids, sizeof ids);
        if (!datafile_holds(file, ids) || ids.size > file->size - ids_size)
            return -EBADMSG; /* no two events have the same id */
        ids_size += ids.size;
        rc = add_attribute(records, entry, each - sizeof ids, file->bytes + ids.offset,
                           ids.size / 8);
        if (rc)
            return rc;
    }
    return records->attribute_count ? 0 : -EBADMSG;
}

/* PERF_RECORD_HEADER_ATTR: the attribute, whose size it tells itself, and ids. */
static int take_attribute(struct records *records, const unsigned char *bytes, size_t size)
{
    size_t length;

    if (size < HEADER + ATTRIBUTE_V0)
        return -EBADMSG;
    length = bytes_u32(bytes + HEADER + 4);
    if (length < ATTRIBUTE_V0 || length > size - HEADER)
        return -EBADMSG;
    return add_attribute(records, bytes + HEADER, length, bytes + HEADER + length,
                         (size - HEADER - length) / 8);
}

/* -- Which event, and when ------------------------------------------------------------------ */

/* The bytes before field `bit` in a sample, or after it in the trailer of other records: each field
 * of `fields` that the event has takes 8. */
static size_t bytes_of(uint64_t type, uint64_t fields)
{
    return (size_t)__builtin_popcountll(type & fields) * 8;
}

enum {
    BEFORE_TIME = PERF_SAMPLE_IDENTIFIER | PERF_SAMPLE_IP | PERF_SAMPLE_TID,
    BEFORE_ID = BEFORE_TIME | PERF_SAMPLE_TIME | PERF_SAMPLE_ADDR,
    FROM_IDENTIFIER = PERF_SAMPLE_IDENTIFIER,
    FROM_ID = PERF_SAMPLE_ID | PERF_SAMPLE_STREAM_ID | PERF_SAMPLE_CPU | FROM_IDENTIFIER,
    FROM_TIME = PERF_SAMPLE_TIME | FROM_ID,
};

/* The 8 bytes of a field: `before` the fields of a sample in front of it, `from` those of a trailer
 * that begin with it.  0 if the record has none. */
static uint64_t field_of(const struct record *record, const struct perf_event_attr *attribute,
                         uint64_t bit, uint64_t before, uint64_t from)
{
    bool sample = record->type == PERF_RECORD_SAMPLE;
    size_t at;

    if (!(attribute->sample_type & bit) || (!sample && !attribute->sample_id_all))
        return 0;
    at = sample ? HEADER + bytes_of(attribute->sample_type, before)
                : bytes_of(attribute->sample_type, from);
    if (sample)
        return at + 8 <= record->size ? bytes_u64(record->bytes + at) : 0;
    return at + HEADER <= record->size ? bytes_u64(record->bytes + record->size - at) : 0;
}

/* All events of a recording have the id in the same place, so the first one's attribute tells. */
static void describe(struct records *records, struct record *record)
{
    const struct perf_event_attr *first = records->attributes[0];
    uint64_t id = first->sample_type & PERF_SAMPLE_IDENTIFIER
                      ? field_of(record, first, PERF_SAMPLE_IDENTIFIER, 0, FROM_IDENTIFIER)
                      : field_of(record, first, PERF_SAMPLE_ID, BEFORE_ID, FROM_ID);
    const struct perf_event_attr *of_id = id ? table_get(&records->by_id, id + 1) : NULL;

    record->attribute = of_id ? of_id : first;
    record->time = field_of(record, record->attribute, PERF_SAMPLE_TIME, BEFORE_TIME, FROM_TIME);
}

static struct record record_at(const unsigned char *bytes)
{
    return (struct record){.type = bytes_u32(bytes),
                           .misc = bytes_u16(bytes + 4),
                           .size = bytes_u16(bytes + 6),
                           .bytes = bytes};
}

/* -- The queue ------------------------------------------------------------------------------ */

static int by_time(const void *left, const void *right)
{
    const struct waiting *a = left, *b = right;

    if (a->time != b->time)
        return a->time < b->time ? -1 : 1;
    return a->order < b->order ? -1 : a->order > b->order;
}

/* Not even a current block may go while a stream fills it, so streams hold one count each. */
static void release(struct records *records, struct block *block)
{
    if (!block || --block->waiting != 0)
        return;
    block->next = records->unused;
    records->unused = block;
}

/* An unused one has its memory already: the kernel takes longer to give it than zstd to fill it. */
static struct block *new_block(struct records *records)
{
    struct block *block = records->unused;

    if (block)
        records->unused = block->next;
    else
        block = malloc(sizeof *block + BLOCK);
    if (block)
        *block = (struct block){.waiting = 1, .room = BLOCK};
    return block;
}

static void release_visited(void *records, void *block)
{
    release(records, block);
}

static int deliver(struct records *records, uint64_t newest)
{
    size_t done = 0;
    int rc = 0;

    if (!records->queued)
        return 0;
    qsort(records->queue, records->queued, sizeof *records->queue, by_time);
    for (; done < records->queued && records->queue[done].time <= newest; done++) {
        struct record record = record_at(records->queue[done].bytes);
        describe(records, &record);
        if (rc == 0)
            rc = handover_put(records->handover, &record, records->queue[done].block);
        else
            release(records, records->queue[done].block);
    }
    records->queued -= done;
    memmove(records->queue, records->queue + done, records->queued * sizeof *records->queue);
    return rc;
}

static int wait_its_turn(struct records *records, const struct record *record, struct block *block)
{
    if (records->queued == records->queue_room) {
        size_t room = records->queue_room ? records->queue_room * 2 : 1024;
        struct waiting *grown = realloc(records->queue, room * sizeof *grown);
        if (!grown)
            return -ENOMEM;
        records->queue = grown;
        records->queue_room = room;
    }
    if (block)
        block->waiting++;
    if (record->time > records->newest)
        records->newest = record->time;
    records->queue[records->queued++] =
        (struct waiting){record->time, records->order++, record->bytes, block};
    return 0;
}

static int end_round(struct records *records)
{
    int rc = deliver(records, records->before);

    records->before = records->newest;
    return rc;
}

/* -- Streams -------------------------------------------------------------------------------- */

static int take_record(struct records *records, struct stream *stream, const unsigned char *bytes);

/* Makes room for `least` bytes more; what was not taken moves to a new block if it must. */
static int make_room(struct records *records, struct stream *stream, size_t least)
{
    size_t left = stream->filled - stream->taken;
    struct block *fresh;

    if (stream->block && stream->block->room - stream->filled >= least)
        return 0;
    fresh = new_block(records);
    if (!fresh)
        return -ENOMEM;
    if (stream->block)
        memcpy(fresh->bytes, stream->block->bytes + stream->taken, left);
    release(records, stream->block);
    *stream = (struct stream){.block = fresh, .filled = left, .skip = stream->skip};
    return 0;
}

static int take_all(struct records *records, struct stream *stream)
{
    int rc = 0;

    while (rc == 0) {
        const unsigned char *bytes = stream->block->bytes + stream->taken;
        size_t left = stream->filled - stream->taken, size;
        if (stream->skip) {
            size = stream->skip < left ? stream->skip : left;
            stream->skip -= size;
            stream->taken += size;
            if (stream->skip)
                break;
            continue;
        }
        if (left < HEADER)
            break;
        size = bytes_u16(bytes + 6);
        if (size < HEADER)
            return -EBADMSG;
        if (left < size)
            break;
        stream->taken += size;
        rc = take_record(records, stream, bytes);
    }
    return rc;
}

#ifdef HAVE_ZSTD
static int decompress(struct records *records, const unsigned char *bytes, size_t size)
{
    struct stream *stream = &records->unpacked;
    ZSTD_inBuffer in = {.src = bytes, .size = size};
    bool more = true;

    if (!records->zstd)
        records->zstd = ZSTD_createDStream();
    if (!records->zstd)
        return -ENOMEM;
    while (more) {
        int rc = make_room(records, stream, UINT16_MAX);
        ZSTD_outBuffer out;
        size_t left;
        if (rc)
            return rc;
        out = (ZSTD_outBuffer){.dst = stream->block->bytes + stream->filled,
                               .size = stream->block->room - stream->filled};
        left = ZSTD_decompressStream(records->zstd, &out, &in);
        if (ZSTD_isError(left))
            return -EBADMSG;
        stream->filled += out.pos;
        more = in.pos < in.size || out.pos == out.size;
        rc = take_all(records, stream);
        if (rc)
            return rc;
    }
    return 0;
}
#else
static int decompress(struct records *records, const unsigned char *bytes, size_t size)
{
    (void)records;
    (void)bytes;
    (void)size;
    return -ENOSYS;
}
#endif

static int take_compressed(struct records *records, const struct record *record)
{
    uint64_t length;

    if (record->type == RECORDS_COMPRESSED)
        return decompress(records, record->bytes + HEADER, record->size - HEADER);
    if (record->size < HEADER + 8)
        return -EBADMSG;
    length = bytes_u64(record->bytes + HEADER);
    if (length > record->size - HEADER - 8U)
        return -EBADMSG;
    return decompress(records, record->bytes + HEADER + 8, length);
}

/* Takes one whole record.  `stream` is NULL for the mapped file, which skips by itself. */
static int take_record(struct records *records, struct stream *stream, const unsigned char *bytes)
{
    struct record record = record_at(bytes);
    bool compressed = record.type == RECORDS_COMPRESSED || record.type == RECORDS_COMPRESSED2;

    if (compressed)
        return stream == &records->unpacked ? -EBADMSG : take_compressed(records, &record);
    if (record.type == RECORDS_HEADER_ATTR)
        return records->file.bytes ? 0 : take_attribute(records, bytes, record.size);
    if (record.type == RECORDS_FINISHED_ROUND)
        return end_round(records);
    if (record.type == RECORDS_HEADER_TRACING_DATA && stream && record.size >= HEADER + 4)
        stream->skip += (bytes_u32(bytes + HEADER) + 7ULL) & ~7ULL;
    if (record.type == RECORDS_AUXTRACE && stream && record.size >= HEADER + 8)
        stream->skip += bytes_u64(bytes + HEADER);
    if (record.type < RECORDS_HEADER_ATTR) {
        if (!records->attribute_count)
            return -EBADMSG;
        describe(records, &record);
        if (record.time && record.time != UINT64_MAX)
            return wait_its_turn(records, &record, stream ? stream->block : NULL);
    }
    if (stream)
        stream->block->waiting++;
    return handover_put(records->handover, &record, stream ? stream->block : NULL);
}

/* -- Files ---------------------------------------------------------------------------------- */

static int visit_build_ids(struct records *records)
{
    struct datafile_section ids;
    int rc = 0;

    if (!datafile_feature(&records->file, DATAFILE_BUILD_IDS, &ids))
        return 0;
    for (uint64_t at = 0; rc == 0 && ids.size - at >= HEADER;) {
        struct record record = record_at(records->file.bytes + ids.offset + at);
        if (record.size < HEADER || record.size > ids.size - at)
            return -EBADMSG;
        record.type = RECORDS_HEADER_BUILD_ID; /* perf leaves it 0 or 67 */
        rc = handover_put(records->handover, &record, NULL);
        at += record.size;
    }
    return rc;
}

/* Where in the file's data the first record lies that is not visited yet; `end` if none is. */
static uint64_t first_waiting(const struct records *records, uint64_t end)
{
    const unsigned char *first = records->file.bytes + end;
    const struct handed *handed;

    for (size_t i = 0; (handed = handover_pending(records->handover, i)); i++)
        if (!handed->owner && handed->record.bytes < first)
            first = handed->record.bytes;
    for (size_t i = 0; i < records->queued; i++)
        if (!records->queue[i].block && records->queue[i].bytes < first)
            first = records->queue[i].bytes;
    return (uint64_t)(first - records->file.bytes);
}

/* Gives back the memory of what was visited.  Where perf tells of no rounds, that of what waits,
 * too, so that not the whole file is in memory. */
static void drop(struct records *records, uint64_t end, uint64_t *kept)
{
    if (end - *kept >= MAPPED_MOST)
        *kept = end;
    else if (first_waiting(records, end) - *kept >= DROPPED)
        *kept = first_waiting(records, end);
    else
        return;
    datafile_drop(&records->file, *kept);
}

static int each_of_file(struct records *records)
{
    const struct datafile_section data = records->file.header.data;
    uint64_t kept = 0; /* from here on, pages stay in memory */
    int rc = visit_build_ids(records);

    for (uint64_t at = 0; rc == 0 && data.size - at >= HEADER;) {
        const unsigned char *bytes = records->file.bytes + data.offset + at;
        uint64_t size = bytes_u16(bytes + 6);
        if (size < HEADER)
            return -EBADMSG;
        if (size > data.size - at)
            break;
        rc = take_record(records, NULL, bytes);
        at += size;
        if (bytes_u32(bytes) == RECORDS_AUXTRACE && size >= HEADER + 8) {
            uint64_t skip = bytes_u64(bytes + HEADER);
            if (skip > data.size - at)
                break;
            at += skip;
        }
        if (bytes_u32(bytes) == RECORDS_FINISHED_ROUND || data.offset + at - kept >= MAPPED_MOST)
            drop(records, data.offset + at, &kept);
    }
    return rc;
}

static int each_of_pipe(struct records *records)
{
    struct stream *stream = &records->pipe;

    for (;;) {
        int rc = make_room(records, stream, UINT16_MAX);
        ssize_t got;
        if (rc)
            return rc;
        got = read(records->fd, stream->block->bytes + stream->filled,
                   stream->block->room - stream->filled);
        if (got < 0 && errno == EINTR)
            continue;
        if (got <= 0)
            return got < 0 ? -errno : 0;
        stream->filled += (size_t)got;
        rc = take_all(records, stream);
        if (rc)
            return rc;
    }
}

static int read_all(void *context)
{
    struct records *records = context;
    int rc = records->file.bytes ? each_of_file(records) : each_of_pipe(records);

    return rc ? rc : deliver(records, UINT64_MAX);
}

int records_each(struct records *records, records_visit *visit, void *context)
{
    int rc = -ENOMEM;

    records->handover = calloc(1, sizeof *records->handover);
    if (records->handover) {
        records->handover->read = read_all;
        records->handover->release = release_visited;
        records->handover->reader = records;
        rc = handover_run(records->handover, visit, context);
    }
    free(records->handover);
    return rc;
}

/* What perf writes to a pipe is read as a pipe from a file too. */
static int open_pipe(struct records *records)
{
    char header[DATAFILE_PIPE_HEADER] = {0};
    size_t at = 0;

    while (at < sizeof header) {
        ssize_t got = read(records->fd, header + at, sizeof header - at);
        if (got < 0 && errno == EINTR)
            continue;
        if (got <= 0)
            return got < 0 ? -errno : -EBADMSG;
        at += (size_t)got;
    }
    if (memcmp(header, "PERFILE2", 8) != 0 ||
        bytes_u64((unsigned char *)header + 8) != DATAFILE_PIPE_HEADER)
        return -EBADMSG;
    return 0;
}

static int open_records(struct records *records, const char *path)
{
    struct stat status;
    int rc;

    records->fd = strcmp(path, "-") == 0 ? dup(STDIN_FILENO) : open(path, O_RDONLY | O_CLOEXEC);
    if (records->fd < 0 || fstat(records->fd, &status) != 0)
        return -errno;
    if (S_ISDIR(status.st_mode))
        return -EISDIR;
    rc = S_ISREG(status.st_mode) ? datafile_open(&records->file, records->fd) : -ENOTSUP;
    if (rc)
        return rc == -ENOTSUP ? open_pipe(records) : rc;
    return read_attributes(records);
}

int records_open(struct records **opened, const char *path)
{
    struct records *records = calloc(1, sizeof *records);
    int rc;

    if (!records)
        return -ENOMEM;
    rc = open_records(records, path);
    if (rc)
        records_close(records);
    else
        *opened = records;
    return rc;
}

const struct datafile *records_file(const struct records *records)
{
    return records->file.bytes ? &records->file : NULL;
}

void records_close(struct records *records)
{
    for (size_t i = 0; i < records->queued; i++)
        release(records, records->queue[i].block);
    release(records, records->pipe.block);
    release(records, records->unpacked.block);
    while (records->unused) {
        struct block *next = records->unused->next;
        free(records->unused);
        records->unused = next;
    }
    for (size_t i = 0; i < records->attribute_count; i++)
        free(records->attributes[i]);
    free(records->attributes);
    free(records->queue);
    table_free(&records->by_id, NULL);
#ifdef HAVE_ZSTD
    ZSTD_freeDStream(records->zstd);
#endif
    datafile_close(&records->file);
    if (records->fd >= 0)
        close(records->fd);
    free(records);
}
