/* Samples of every shape: each field that perf can be asked for, alone and with all the others. */
#include "recorded.h"
#include "recording/bytes.h"
#include "recording/sample.h"
#include "suite.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>

enum {
    IP = 0x1111,
    PID = 21,
    TID = 22,
    TIME = 0x3333,
    CPU = 5,
    PERIOD = 0x4444,
    STACK = 64,
    READ_LOST = 1 << 4,
    HW_INDEX = 1 << 17,
    COUNTERS = 1 << 19,
    BITS = 14, /* PERF_SAMPLE_IP to _STACK_USER */
};

static struct recorded data;
static struct perf_event_attr attribute;

static void put_counters(void)
{
    uint64_t format = attribute.read_format;
    bool group = format & PERF_FORMAT_GROUP;

    if (group)
        recorded_u64(&data, 2);
    else
        recorded_u64(&data, 77);
    if (format & PERF_FORMAT_TOTAL_TIME_ENABLED)
        recorded_u64(&data, 77);
    if (format & PERF_FORMAT_TOTAL_TIME_RUNNING)
        recorded_u64(&data, 77);
    for (int i = 0; i < (group ? 2 : 1); i++) {
        if (group)
            recorded_u64(&data, 77);
        if (format & PERF_FORMAT_ID)
            recorded_u64(&data, 77);
        if (format & READ_LOST)
            recorded_u64(&data, 77);
    }
}

static void put_branches(void)
{
    recorded_u64(&data, 2);
    if (attribute.branch_sample_type & HW_INDEX)
        recorded_u64(&data, 77);
    for (int i = 0; i < 6; i++)
        recorded_u64(&data, 77);
    if (attribute.branch_sample_type & COUNTERS)
        for (int i = 0; i < 2; i++)
            recorded_u64(&data, 77);
}

static void put_stack(void)
{
    recorded_u64(&data, STACK);
    for (uint64_t i = 0; i < STACK / 8; i++)
        recorded_u64(&data, 300 + i);
    recorded_u64(&data, STACK - 16); /* used */
}

/* A sample as the kernel writes it: kernel/events/core.c, perf_output_sample(). */
static void put_fields(void)
{
    const uint64_t type = attribute.sample_type;

    if (type & PERF_SAMPLE_IDENTIFIER)
        recorded_u64(&data, 77);
    if (type & PERF_SAMPLE_IP)
        recorded_u64(&data, IP);
    if (type & PERF_SAMPLE_TID) {
        recorded_u32(&data, PID);
        recorded_u32(&data, TID);
    }
    if (type & PERF_SAMPLE_TIME)
        recorded_u64(&data, TIME);
    if (type & PERF_SAMPLE_ADDR)
        recorded_u64(&data, 77);
    if (type & PERF_SAMPLE_ID)
        recorded_u64(&data, 77);
    if (type & PERF_SAMPLE_STREAM_ID)
        recorded_u64(&data, 77);
    if (type & PERF_SAMPLE_CPU) {
        recorded_u32(&data, CPU);
        recorded_u32(&data, 77);
    }
    if (type & PERF_SAMPLE_PERIOD)
        recorded_u64(&data, PERIOD);
    if (type & PERF_SAMPLE_READ)
        put_counters();
    if (type & PERF_SAMPLE_CALLCHAIN) {
        recorded_u64(&data, 3);
        for (uint64_t i = 0; i < 3; i++)
            recorded_u64(&data, 100 + i);
    }
    if (type & PERF_SAMPLE_RAW) {
        recorded_u32(&data, 12);
        for (int i = 0; i < 3; i++)
            recorded_u32(&data, 77);
    }
    if (type & PERF_SAMPLE_BRANCH_STACK)
        put_branches();
    if (type & PERF_SAMPLE_REGS_USER) {
        recorded_u64(&data, PERF_SAMPLE_REGS_ABI_64);
        for (uint64_t i = 0; i < 3; i++)
            recorded_u64(&data, 200 + i);
    }
    if (type & PERF_SAMPLE_STACK_USER)
        put_stack();
    if (type & PERF_SAMPLE_WEIGHT) /* and what else follows what we read */
        recorded_u64(&data, 77);
}

static int read_sample(struct sample *sample)
{
    struct record record = {.type = PERF_RECORD_SAMPLE, .attribute = &attribute};

    record.bytes = data.bytes;
    record.size = (uint16_t)data.size;
    return sample_read(sample, &record);
}

static void check(void)
{
    const uint64_t type = attribute.sample_type;
    struct sample sample;

    data.size = 0;
    recorded_begin(&data, PERF_RECORD_SAMPLE, 0);
    put_fields();
    ck_assert_int_eq(read_sample(&sample), 0);
    ck_assert_uint_eq(sample.ip, type & PERF_SAMPLE_IP ? IP : 0);
    ck_assert_uint_eq(sample.pid, type & PERF_SAMPLE_TID ? PID : 0);
    ck_assert_uint_eq(sample.tid, type & PERF_SAMPLE_TID ? TID : 0);
    ck_assert_uint_eq(sample.time, type & PERF_SAMPLE_TIME ? TIME : 0);
    ck_assert_uint_eq(sample.cpu, type & PERF_SAMPLE_CPU ? CPU : 0);
    ck_assert_uint_eq(sample.period, type & PERF_SAMPLE_PERIOD ? PERIOD : 0);
    ck_assert_uint_eq(sample.chain_count, type & PERF_SAMPLE_CALLCHAIN ? 3 : 0);
    for (uint64_t i = 0; i < sample.chain_count; i++)
        ck_assert_uint_eq(bytes_u64(sample.chain + i * 8), 100 + i);
    ck_assert_uint_eq(sample.registers_mask,
                      type & PERF_SAMPLE_REGS_USER ? attribute.sample_regs_user : 0);
    for (uint64_t i = 0; sample.registers_mask && i < 3; i++)
        ck_assert_uint_eq(bytes_u64(sample.registers + i * 8), 200 + i);
    ck_assert_uint_eq(sample.stack_size, type & PERF_SAMPLE_STACK_USER ? STACK - 16 : 0);
    for (uint64_t i = 0; i < sample.stack_size / 8; i++)
        ck_assert_uint_eq(bytes_u64(sample.stack + i * 8), 300 + i);
}

START_TEST(test_each_field)
{
    attribute.sample_type = 1ULL << _i;
    check();
    attribute.sample_type |= PERF_SAMPLE_IP | PERF_SAMPLE_PERIOD | PERF_SAMPLE_STACK_USER;
    check();
}
END_TEST

/* All sets of fields; an absent one must not move the others. */
START_TEST(test_all_sets)
{
    for (uint64_t set = 0; set < 1 << BITS; set++) {
        attribute.sample_type = set | PERF_SAMPLE_IDENTIFIER;
        check();
    }
}
END_TEST

START_TEST(test_counter_formats)
{
    attribute.sample_type = PERF_SAMPLE_READ | PERF_SAMPLE_CALLCHAIN | PERF_SAMPLE_STACK_USER;
    for (uint64_t format = 0; format < 32; format++) {
        attribute.read_format = format;
        check();
    }
}
END_TEST

START_TEST(test_branch_formats)
{
    static const uint64_t formats[] = {0, HW_INDEX, COUNTERS, HW_INDEX | COUNTERS};

    attribute.sample_type = PERF_SAMPLE_BRANCH_STACK | PERF_SAMPLE_REGS_USER;
    for (size_t i = 0; i < 4; i++) {
        attribute.branch_sample_type = formats[i];
        check();
    }
}
END_TEST

/* Of a kernel thread: neither registers nor a stack. */
START_TEST(test_no_user)
{
    struct sample sample;

    attribute.sample_type = PERF_SAMPLE_REGS_USER | PERF_SAMPLE_STACK_USER;
    recorded_begin(&data, PERF_RECORD_SAMPLE, 0);
    recorded_u64(&data, PERF_SAMPLE_REGS_ABI_NONE);
    recorded_u64(&data, 0);
    ck_assert_int_eq(read_sample(&sample), 0);
    ck_assert_uint_eq(sample.registers_mask, 0);
    ck_assert_uint_eq(sample.stack_size, 0);
    ck_assert_ptr_null(sample.stack);
}
END_TEST

/* Of which less is used than there is room, and never more. */
START_TEST(test_stack_used)
{
    struct sample sample;

    attribute.sample_type = PERF_SAMPLE_STACK_USER;
    recorded_begin(&data, PERF_RECORD_SAMPLE, 0);
    put_stack();
    memset(data.bytes + data.size - 8, 0xff, 8);
    ck_assert_int_eq(read_sample(&sample), 0);
    ck_assert_uint_eq(sample.stack_size, STACK);
}
END_TEST

/* Cut off anywhere, and with any count or size too large. */
START_TEST(test_damage)
{
    struct sample sample;
    size_t size;

    for (uint64_t bit = 0; bit < BITS; bit++) {
        attribute.sample_type = 1ULL << bit;
        data.size = 0;
        recorded_begin(&data, PERF_RECORD_SAMPLE, 0);
        put_fields();
        for (size = data.size; data.size > sizeof(struct perf_event_header);) {
            data.size--;
            ck_assert_int_eq(read_sample(&sample), -EBADMSG);
        }
        if (attribute.sample_type & (PERF_SAMPLE_CALLCHAIN | PERF_SAMPLE_BRANCH_STACK |
                                     PERF_SAMPLE_RAW | PERF_SAMPLE_STACK_USER))
            for (int shift = 8; shift < 64; shift++) {
                uint64_t count = bit == 10 ? 1ULL << (shift % 24 + 8) : 1ULL << shift;
                data.size = size;
                memcpy(data.bytes + sizeof(struct perf_event_header), &count,
                       attribute.sample_type & PERF_SAMPLE_RAW ? 4 : 8);
                ck_assert_int_eq(read_sample(&sample), -EBADMSG);
            }
    }
    attribute.sample_type = PERF_SAMPLE_READ;
    attribute.read_format = PERF_FORMAT_GROUP;
    data.size = 0;
    recorded_begin(&data, PERF_RECORD_SAMPLE, 0);
    recorded_u64(&data, 1ULL << 61); /* times 8: 0 */
    ck_assert_int_eq(read_sample(&sample), -EBADMSG);
    attribute.read_format |= PERF_FORMAT_ID;
    data.size -= 8;
    recorded_u64(&data, 1ULL << 63); /* times 2: 0 */
    ck_assert_int_eq(read_sample(&sample), -EBADMSG);
}
END_TEST

static void reset(void)
{
    data.size = 0;
    attribute = (struct perf_event_attr){.sample_regs_user = 1ULL << 3 | 1ULL << 7 | 1ULL << 63};
}

int main(void)
{
    TCase *tests = tcase_create("sample");

    tcase_add_checked_fixture(tests, reset, NULL);
    tcase_add_loop_test(tests, test_each_field, 0, BITS);
    tcase_add_test(tests, test_all_sets);
    tcase_add_test(tests, test_counter_formats);
    tcase_add_test(tests, test_branch_formats);
    tcase_add_test(tests, test_no_user);
    tcase_add_test(tests, test_stack_used);
    tcase_add_test(tests, test_damage);
    return run_case("sample", tests);
}
