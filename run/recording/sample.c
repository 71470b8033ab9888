#include "recording/sample.h"
#include "recording/bytes.h"

#include <errno.h>
#include <stdbool.h>

/* What is left of the record; damaged ones run out of bytes. */
struct rest {
    const unsigned char *at, *end;
    bool damaged;
};

static const unsigned char *take(struct rest *rest, uint64_t size)
{
    const unsigned char *at = rest->at;

    if (size > (uint64_t)(rest->end - at)) {
        rest->damaged = true;
        rest->at = rest->end;
        return NULL;
    }
    rest->at += size;
    return at;
}

static uint64_t take_u64(struct rest *rest)
{
    const unsigned char *at = take(rest, 8);
    return at ? bytes_u64(at) : 0;
}

static const unsigned char *take_u64s(struct rest *rest, uint64_t count)
{
    if (count > UINT16_MAX) /* a record has at most so many bytes */
        rest->damaged = true;
    return rest->damaged ? NULL : take(rest, count * 8);
}

static uint64_t take_if(struct rest *rest, uint64_t type, uint64_t bit)
{
    return type & bit ? take_u64(rest) : 0;
}

/* PERF_SAMPLE_READ: counters, one or a group. */
static void skip_counters(struct rest *rest, uint64_t format)
{
    uint64_t count = format & PERF_FORMAT_GROUP ? take_u64(rest) : 1;
    uint64_t times =
        !!(format & PERF_FORMAT_TOTAL_TIME_ENABLED) + !!(format & PERF_FORMAT_TOTAL_TIME_RUNNING);
    uint64_t each = 1 + !!(format & PERF_FORMAT_ID) + !!(format & 1U << 4 /* _LOST, Linux 6.0 */);

    if (count > UINT16_MAX)
        rest->damaged = true;
    else
        take_u64s(rest, times + count * each);
}

static void skip_raw(struct rest *rest)
{
    const unsigned char *size = take(rest, 4);
    if (size)
        take(rest, bytes_u32(size));
}

/* Of struct perf_event_attr, branch_sample_type: they say what else comes with branches. */
enum { BRANCH_HW_INDEX = 1 << 17, BRANCH_COUNTERS = 1 << 19, BRANCH_WORDS = 3 };

static void skip_branches(struct rest *rest, const struct perf_event_attr *attribute)
{
    uint64_t count = take_u64(rest);

    if (attribute->branch_sample_type & BRANCH_HW_INDEX)
        take_u64(rest);
    if (count > UINT16_MAX) {
        rest->damaged = true;
        return;
    }
    take_u64s(rest, count * BRANCH_WORDS);
    if (attribute->branch_sample_type & BRANCH_COUNTERS)
        take_u64s(rest, count);
}

static void take_registers(struct rest *rest, struct sample *sample, uint64_t mask)
{
    if (take_u64(rest) == PERF_SAMPLE_REGS_ABI_NONE)
        return;
    sample->registers = take_u64s(rest, (uint64_t)__builtin_popcountll(mask));
    sample->registers_mask = sample->registers ? mask : 0;
}

/* The copy's room, the copy, and how much of it holds something. */
static void take_stack(struct rest *rest, struct sample *sample)
{
    uint64_t room = take_u64(rest), used;

    if (room == 0)
        return;
    sample->stack = take(rest, room);
    used = take_u64(rest);
    sample->stack_size = sample->stack ? (used < room ? used : room) : 0;
}

static void take_pids(struct rest *rest, struct sample *sample)
{
    const unsigned char *pids = take(rest, 8);

    sample->pid = pids ? bytes_u32(pids) : 0;
    sample->tid = pids ? bytes_u32(pids + 4) : 0;
}

int sample_read(struct sample *sample, const struct record *record)
{
    const struct perf_event_attr *attribute = record->attribute;
    uint64_t type = attribute->sample_type;
    struct rest rest = {record->bytes + sizeof(struct perf_event_header),
                        record->bytes + record->size, false};

    *sample = (struct sample){.ip = 0};
    take_if(&rest, type, PERF_SAMPLE_IDENTIFIER);
    sample->ip = take_if(&rest, type, PERF_SAMPLE_IP);
    if (type & PERF_SAMPLE_TID)
        take_pids(&rest, sample);
    sample->time = take_if(&rest, type, PERF_SAMPLE_TIME);
    take_if(&rest, type, PERF_SAMPLE_ADDR);
    take_if(&rest, type, PERF_SAMPLE_ID);
    take_if(&rest, type, PERF_SAMPLE_STREAM_ID);
    sample->cpu = (uint32_t)take_if(&rest, type, PERF_SAMPLE_CPU);
    sample->period = take_if(&rest, type, PERF_SAMPLE_PERIOD);
    if (type & PERF_SAMPLE_READ)
        skip_counters(&rest, attribute->read_format);
    if (type & PERF_SAMPLE_CALLCHAIN) {
        sample->chain_at = rest.at;
        sample->chain_count = take_u64(&rest);
        sample->chain = take_u64s(&rest, sample->chain_count);
    }
    if (type & PERF_SAMPLE_RAW)
        skip_raw(&rest);
    if (type & PERF_SAMPLE_BRANCH_STACK)
        skip_branches(&rest, attribute);
    sample->user = rest.at;
    if (type & PERF_SAMPLE_REGS_USER)
        take_registers(&rest, sample, attribute->sample_regs_user);
    if (type & PERF_SAMPLE_STACK_USER)
        take_stack(&rest, sample);
    sample->user_end = rest.at;
    return rest.damaged ? -EBADMSG : 0;
}
