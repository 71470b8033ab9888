#include "recorded.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

enum {
    HEADER = sizeof(struct perf_event_header),
    HEADER_ATTR = 64,
    FINISHED_ROUND = 68,
    FILE_HEADER = 104,
    PIPE_HEADER = 16,
};

void recorded_put(struct recorded *recorded, const void *bytes, size_t size)
{
    if (size > sizeof recorded->bytes - recorded->size)
        abort();
    memcpy(recorded->bytes + recorded->size, bytes, size);
    recorded->size += size;
}

void recorded_u32(struct recorded *recorded, uint32_t value)
{
    recorded_put(recorded, &value, sizeof value);
}

void recorded_u64(struct recorded *recorded, uint64_t value)
{
    recorded_put(recorded, &value, sizeof value);
}

void recorded_text(struct recorded *recorded, const char *text)
{
    static const char zeros[8];
    size_t size = strlen(text) + 1;

    recorded_put(recorded, text, size);
    recorded_put(recorded, zeros, (8 - size % 8) % 8);
}

size_t recorded_begin(struct recorded *recorded, uint32_t type, uint16_t misc)
{
    struct perf_event_header header = {.type = type, .misc = misc};
    size_t begin = recorded->size;

    recorded_put(recorded, &header, sizeof header);
    return begin;
}

void recorded_end(struct recorded *recorded, size_t begin)
{
    uint16_t size = (uint16_t)(recorded->size - begin);

    memcpy(recorded->bytes + begin + 6, &size, sizeof size);
}

void recorded_trailer(struct recorded *recorded, uint64_t time, uint64_t id)
{
    recorded_u64(recorded, 0); /* pid, tid */
    recorded_u64(recorded, time);
    recorded_u64(recorded, 0); /* CPU */
    recorded_u64(recorded, id);
}

void recorded_sample(struct recorded *recorded, uint64_t time, uint64_t id, uint64_t ip)
{
    size_t begin = recorded_begin(recorded, PERF_RECORD_SAMPLE, PERF_RECORD_MISC_USER);

    recorded_u64(recorded, id);
    recorded_u64(recorded, ip);
    recorded_u64(recorded, 0); /* pid, tid */
    recorded_u64(recorded, time);
    recorded_u64(recorded, 0); /* CPU */
    recorded_end(recorded, begin);
}

void recorded_round(struct recorded *recorded)
{
    recorded_end(recorded, recorded_begin(recorded, FINISHED_ROUND, 0));
}

void recorded_name(struct recorded *recorded, uint64_t time, uint16_t misc, uint32_t pid,
                   uint32_t tid, const char *name)
{
    size_t begin = recorded_begin(recorded, PERF_RECORD_COMM, misc);

    recorded_u32(recorded, pid);
    recorded_u32(recorded, tid);
    recorded_text(recorded, name);
    recorded_trailer(recorded, time, 0);
    recorded_end(recorded, begin);
}

void recorded_fork(struct recorded *recorded, uint64_t time, uint32_t pid, uint32_t parent,
                   uint32_t tid, uint32_t parent_tid)
{
    size_t begin = recorded_begin(recorded, PERF_RECORD_FORK, 0);

    recorded_u32(recorded, pid);
    recorded_u32(recorded, parent);
    recorded_u32(recorded, tid);
    recorded_u32(recorded, parent_tid);
    recorded_u64(recorded, time);
    recorded_trailer(recorded, time, 0);
    recorded_end(recorded, begin);
}

void recorded_mapping(struct recorded *recorded, uint64_t time, uint32_t pid, uint64_t start,
                      uint64_t length, uint64_t offset, const char *path)
{
    size_t begin = recorded_begin(recorded, PERF_RECORD_MMAP, PERF_RECORD_MISC_USER);

    recorded_u32(recorded, pid);
    recorded_u32(recorded, pid);
    recorded_u64(recorded, start);
    recorded_u64(recorded, length);
    recorded_u64(recorded, offset);
    recorded_text(recorded, path);
    recorded_trailer(recorded, time, 0);
    recorded_end(recorded, begin);
}

struct recorded_event recorded_event(void)
{
    return (struct recorded_event){.attribute = {.size = sizeof(struct perf_event_attr),
                                                 .sample_type = RECORDED_TYPE,
                                                 .sample_id_all = 1}};
}

static void put_file_header(struct recorded *whole, const struct recorded_event *events,
                            size_t count, size_t data_size)
{
    const size_t each = sizeof events->attribute + 16;
    size_t ids = FILE_HEADER + count * each, data = ids;

    for (size_t i = 0; i < count; i++)
        data += events[i].id_count * 8;
    recorded_u64(whole, FILE_HEADER);
    recorded_u64(whole, each);
    recorded_u64(whole, FILE_HEADER); /* the attributes */
    recorded_u64(whole, count * each);
    recorded_u64(whole, data);
    recorded_u64(whole, data_size);
    for (int i = 0; i < 6; i++)
        recorded_u64(whole, 0); /* event types, features */
    for (size_t i = 0; i < count; i++) {
        recorded_put(whole, &events[i].attribute, sizeof events->attribute);
        recorded_u64(whole, ids);
        recorded_u64(whole, events[i].id_count * 8);
        ids += events[i].id_count * 8;
    }
    for (size_t i = 0; i < count; i++)
        recorded_put(whole, events[i].ids, events[i].id_count * 8);
}

static void put_pipe_header(struct recorded *whole, const struct recorded_event *events,
                            size_t count)
{
    recorded_u64(whole, PIPE_HEADER);
    for (size_t i = 0; i < count; i++) {
        size_t begin = recorded_begin(whole, HEADER_ATTR, 0);
        recorded_put(whole, &events[i].attribute, sizeof events->attribute);
        recorded_put(whole, events[i].ids, events[i].id_count * 8);
        recorded_end(whole, begin);
    }
}

void recorded_whole(struct recorded *whole, enum recorded_form form,
                    const struct recorded_event *events, size_t count, const struct recorded *data)
{
    whole->size = 0;
    recorded_put(whole, "PERFILE2", 8);
    if (form == RECORDED_FILE)
        put_file_header(whole, events, count, data->size);
    else
        put_pipe_header(whole, events, count);
    recorded_put(whole, data->bytes, data->size);
}

int recorded_open(const struct recorded *recorded, char path[RECORDED_PATH])
{
    int fd = memfd_create("recorded", MFD_CLOEXEC);

    if (fd < 0 || write(fd, recorded->bytes, recorded->size) != (ssize_t)recorded->size)
        abort();
    snprintf(path, RECORDED_PATH, "/proc/self/fd/%d", fd);
    return fd;
}
