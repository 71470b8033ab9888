#include "recording/spaces.h"
#include "recording/bytes.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

enum {
    HEADER = sizeof(struct perf_event_header),
    MISC_BUILD_ID = 1 << 14, /* PERF_RECORD_MISC_MMAP_BUILD_ID, Linux 5.12 */
    /* Offsets of fields in struct perf_record_mmap2 and its kin. */
    MMAP_START = HEADER + 8,
    MMAP_LENGTH = HEADER + 16,
    MMAP_OFFSET = HEADER + 24,
    MMAP_NAME = HEADER + 32,
    MMAP2_BUILD_ID = HEADER + 32, /* its size, 3 bytes, 20 bytes */
    MMAP2_PROTECTION = HEADER + 56,
    MMAP2_NAME = HEADER + 64,
    COMM_NAME = HEADER + 8,
    FORK_SIZE = HEADER + 16,
};

/* -- Address spaces ------------------------------------------------------------------------- */

static void free_space(void *value)
{
    struct space *space = value;

    free(space->mappings);
    free(space);
}

static struct space *space_of(struct spaces *spaces, uint32_t pid)
{
    struct space *space = table_get(&spaces->processes, pid + 1ULL);

    if (space)
        return space;
    space = calloc(1, sizeof *space);
    if (space && table_set(&spaces->processes, pid + 1ULL, space) != 0) {
        free(space);
        space = NULL;
    }
    return space;
}

/* The first mapping that ends behind `address`. */
static size_t first_behind(const struct space *space, uint64_t address)
{
    size_t low = 0, high = space->count;

    while (low < high) {
        size_t middle = (low + high) / 2;
        if (space->mappings[middle].end <= address)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static int reserve(struct space *space, size_t count)
{
    size_t room = space->room ? space->room : 32;
    struct mapping *grown;

    while (room < count)
        room *= 2;
    if (room == space->room)
        return 0;
    grown = realloc(space->mappings, room * sizeof *grown);
    if (!grown)
        return -ENOMEM;
    space->mappings = grown;
    space->room = room;
    return 0;
}

/* Replaces what was mapped there; an old mapping may go on before and behind the new one. */
static int add_mapping(struct space *space, const struct mapping *fresh)
{
    struct mapping pieces[3];
    size_t first = first_behind(space, fresh->start), last = first, count = 0;

    space->changes++;
    if (reserve(space, space->count + 2) != 0)
        return -ENOMEM;
    while (last < space->count && space->mappings[last].start < fresh->end)
        last++;
    if (last > first && space->mappings[first].start < fresh->start) {
        pieces[count] = space->mappings[first];
        pieces[count++].end = fresh->start;
    }
    pieces[count++] = *fresh;
    if (last > first && space->mappings[last - 1].end > fresh->end) {
        pieces[count] = space->mappings[last - 1];
        pieces[count].offset += fresh->end - pieces[count].start;
        pieces[count++].start = fresh->end;
    }
    memmove(space->mappings + first + count, space->mappings + last,
            (space->count - last) * sizeof *pieces);
    memcpy(space->mappings + first, pieces, count * sizeof *pieces);
    space->count += count - (last - first);
    return 0;
}

static int copy_space(struct spaces *spaces, uint32_t from, uint32_t to, uint64_t time)
{
    const struct space *parent = table_get(&spaces->processes, from + 1ULL);
    struct space *child = space_of(spaces, to);

    if (!child || !parent)
        return child ? 0 : -ENOMEM;
    child->changes++;
    child->count = 0;
    if (reserve(child, parent->count) != 0)
        return -ENOMEM;
    if (parent->count)
        memcpy(child->mappings, parent->mappings, parent->count * sizeof *child->mappings);
    child->count = parent->count;
    for (size_t i = 0; i < child->count; i++)
        if (!child->mappings[i].forked)
            child->mappings[i].forked = time;
    return 0;
}

const struct space *spaces_find(const struct spaces *spaces, uint32_t pid)
{
    return table_get(&spaces->processes, pid + 1ULL);
}

const struct mapping *space_mapping(const struct space *space, uint64_t address)
{
    size_t at = space ? first_behind(space, address) : 0;

    return space && at < space->count && space->mappings[at].start <= address ? &space->mappings[at]
                                                                              : NULL;
}

/* -- Names ---------------------------------------------------------------------------------- */

static int set_name(struct spaces *spaces, uint32_t tid, const char *name)
{
    char *old = table_get(&spaces->threads, tid + 1ULL), *fresh;

    if (old && strcmp(old, name) == 0)
        return 0;
    fresh = strdup(name);
    if (!fresh || table_set(&spaces->threads, tid + 1ULL, fresh) != 0) {
        free(fresh);
        return -ENOMEM;
    }
    free(old);
    return 0;
}

const char *spaces_thread_name(const struct spaces *spaces, uint32_t tid, char room[16])
{
    const char *name = table_get(&spaces->threads, tid + 1ULL);

    if (name)
        return name;
    if (tid == 0)
        return "swapper"; /* the kernel's idle thread, of which no record tells */
    snprintf(room, 16, ":%u", tid);
    return room;
}

/* -- Records -------------------------------------------------------------------------------- */

/* The string at `offset`; NULL if none ends within the record. */
static const char *text_at(const struct record *record, size_t offset)
{
    const char *text = (const char *)record->bytes + offset;

    return offset < record->size && memchr(text, '\0', record->size - offset) ? text : NULL;
}

static int take_mapping(struct spaces *spaces, const struct record *record)
{
    bool second = record->type == PERF_RECORD_MMAP2;
    const char *path = text_at(record, second ? MMAP2_NAME : MMAP_NAME);
    const unsigned char *bytes = record->bytes;
    struct build_id build_id = {.size = 0};
    struct mapping mapping;
    struct space *space;
    uint32_t pid;

    if (!path)
        return -EBADMSG;
    pid = bytes_u32(bytes + HEADER);
    if (second && record->misc & MISC_BUILD_ID && bytes[MMAP2_BUILD_ID] <= BUILD_ID_MAX) {
        build_id.size = bytes[MMAP2_BUILD_ID];
        memcpy(build_id.bytes, bytes + MMAP2_BUILD_ID + 4, build_id.size);
    }
    mapping =
        (struct mapping){.start = bytes_u64(bytes + MMAP_START),
                         .end = bytes_u64(bytes + MMAP_START) + bytes_u64(bytes + MMAP_LENGTH),
                         .offset = bytes_u64(bytes + MMAP_OFFSET),
                         .since = record->time,
                         .pid = pid};
    if (mapping.end <= mapping.start || record->misc & PERF_RECORD_MISC_MMAP_DATA ||
        (record->misc & PERF_RECORD_MISC_CPUMODE_MASK) == PERF_RECORD_MISC_KERNEL ||
        (second && bytes_u32(bytes + MMAP2_PROTECTION) &&
         !(bytes_u32(bytes + MMAP2_PROTECTION) & PROT_EXEC)))
        return 0;
    mapping.module = spaces->found(spaces->context, pid, path, &build_id);
    space = space_of(spaces, pid);
    return mapping.module && space ? add_mapping(space, &mapping) : -ENOMEM;
}

static int take_name(struct spaces *spaces, const struct record *record)
{
    const char *name = text_at(record, COMM_NAME);

    if (!name)
        return -EBADMSG;
    if (record->misc & PERF_RECORD_MISC_COMM_EXEC) {
        struct space *space = space_of(spaces, bytes_u32(record->bytes + HEADER));
        if (!space)
            return -ENOMEM;
        space->changes++;
        space->count = 0;
    }
    return set_name(spaces, bytes_u32(record->bytes + HEADER + 4), name);
}

/* pid, ppid, tid, ptid: a new thread has the pid of its creator. */
static int take_fork(struct spaces *spaces, const struct record *record)
{
    uint32_t pid, parent;
    const char *name;

    if (record->size < FORK_SIZE)
        return -EBADMSG;
    pid = bytes_u32(record->bytes + HEADER);
    parent = bytes_u32(record->bytes + HEADER + 4);
    name = table_get(&spaces->threads, bytes_u32(record->bytes + HEADER + 12) + 1ULL);
    if (name && set_name(spaces, bytes_u32(record->bytes + HEADER + 8), name) != 0)
        return -ENOMEM;
    /* perf itself tells, without a time, of processes that ran before; their mappings follow. */
    return pid == parent || !record->time ? 0 : copy_space(spaces, parent, pid, record->time);
}

int spaces_take(struct spaces *spaces, const struct record *record)
{
    switch (record->type) {
    case PERF_RECORD_MMAP:
    case PERF_RECORD_MMAP2:
        return take_mapping(spaces, record);
    case PERF_RECORD_COMM:
        return take_name(spaces, record);
    case PERF_RECORD_FORK:
        return take_fork(spaces, record);
    default:
        return 0;
    }
}

void spaces_free(struct spaces *spaces)
{
    table_free(&spaces->processes, free_space);
    table_free(&spaces->threads, free);
}
