/* Converted recordings, made in memory, with samples moved to their innermost Python frame. */
#include "recorded.h"
#include "recording/bytes.h"
#include "recording/convert.h"
#include "recording/datafile.h"
#include "recording/leaves.h"
#include "recording/records.h"
#include "recording/sample.h"
#include "suite.h"

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { IP = 0x401000, PID = 7, BEHIND = 0x77777777 };

static const uint64_t KERNEL = (uint64_t)PERF_CONTEXT_KERNEL, USER = (uint64_t)PERF_CONTEXT_USER,
                      PYTHON = CONVERT_ADDED + 5, CALLER = CONVERT_ADDED + CONVERT_ADDED_SIZE - 1;
static struct recorded data, whole;
static char folder[] = "/tmp/pyperf-leaves-XXXXXX", out[64];

static void make_folder(void)
{
    ck_assert_ptr_nonnull(mkdtemp(folder));
    snprintf(out, sizeof out, "%s/out", folder);
    data.size = 0;
}

static void remove_folder(void)
{
    unlink(out);
    ck_assert_int_eq(rmdir(folder), 0);
}

static void put_sample(uint64_t time, uint16_t misc, const uint64_t *chain, size_t count)
{
    size_t begin = recorded_begin(&data, PERF_RECORD_SAMPLE, misc);

    recorded_u64(&data, 0); /* id */
    recorded_u64(&data, IP);
    recorded_u32(&data, PID);
    recorded_u32(&data, PID);
    recorded_u64(&data, time);
    recorded_u64(&data, 0); /* CPU */
    recorded_u64(&data, count);
    recorded_put(&data, chain, count * 8);
    recorded_u64(&data, BEHIND);
    recorded_end(&data, begin);
}

static int write_moved(enum recorded_form form, size_t *moved)
{
    struct recorded_event event = recorded_event();
    char path[RECORDED_PATH];
    int fd, rc;

    event.attribute.sample_type |= PERF_SAMPLE_CALLCHAIN | PERF_SAMPLE_TRANSACTION;
    recorded_whole(&whole, form, &event, 1, &data);
    fd = recorded_open(&whole, path);
    rc = leaves_write(path, out, moved);
    close(fd);
    return rc;
}

static struct expected {
    uint64_t ip, chain[8];
    size_t count;
    uint16_t misc;
} expected[] = {
    {PYTHON, {USER, USER, USER, USER, PYTHON, IP, CALLER, IP}, 8, PERF_RECORD_MISC_USER | 1 << 14},
    {CALLER, {USER, CALLER}, 2, PERF_RECORD_MISC_USER},
    {IP, {KERNEL, 1, USER, IP}, 4, PERF_RECORD_MISC_KERNEL},
    {IP, {0}, 0, PERF_RECORD_MISC_USER},
};
enum { SAMPLES = sizeof expected / sizeof *expected };

static int check(void *context, const struct record *record)
{
    size_t *seen = context;
    const struct expected *one = &expected[*seen];
    struct sample sample;

    if (record->type != PERF_RECORD_SAMPLE)
        return 0;
    ck_assert_uint_lt(*seen, SAMPLES);
    ck_assert_int_eq(sample_read(&sample, record), 0);
    ck_assert_uint_eq(record->misc, one->misc);
    ck_assert_uint_eq(sample.ip, one->ip);
    ck_assert_uint_eq(sample.chain_count, one->count);
    for (size_t i = 0; i < one->count; i++)
        ck_assert_uint_eq(bytes_u64(sample.chain + i * 8), one->chain[i]);
    ck_assert_uint_eq(bytes_u64(sample.chain + one->count * 8), BEHIND);
    ++*seen;
    return 0;
}

START_TEST(test_moved)
{
    size_t moved = 0, seen = 0;
    struct records *records;

    recorded_mapping(&data, 1, PID, IP, 0x1000, 0, "/srv/python");
    put_sample(10, PERF_RECORD_MISC_KERNEL | 1 << 14,
               (uint64_t[]){KERNEL, 1, USER, IP, PYTHON, IP, CALLER, IP}, 8);
    put_sample(11, PERF_RECORD_MISC_USER, (uint64_t[]){USER, CALLER}, 2);
    put_sample(12, PERF_RECORD_MISC_KERNEL, (uint64_t[]){KERNEL, 1, USER, IP}, 4);
    put_sample(13, PERF_RECORD_MISC_USER, (uint64_t[]){0}, 0);
    ck_assert_int_eq(write_moved(RECORDED_FILE, &moved), 0);
    ck_assert_uint_eq(moved, 2);
    ck_assert_int_eq(records_open(&records, out), 0);
    ck_assert_uint_eq(records_file(records)->size, whole.size);
    ck_assert_int_eq(records_each(records, check, &seen), 0);
    records_close(records);
    ck_assert_uint_eq(seen, SAMPLES);
}
END_TEST

START_TEST(test_declined)
{
    size_t moved;

    put_sample(10, PERF_RECORD_MISC_USER, (uint64_t[]){USER, PYTHON}, 2);
    ck_assert_int_eq(write_moved(RECORDED_PIPE, &moved), -ENOTSUP);
    ck_assert_int_ne(access(out, F_OK), 0);
    ck_assert_int_eq(leaves_write("/nonexistent", out, &moved), -ENOENT);
    ck_assert_int_eq(leaves_write("/dev/null", out, &moved), -EBADMSG);
    ck_assert_int_ne(access(out, F_OK), 0);
    ck_assert_int_eq(write_moved(RECORDED_FILE, &moved), 0);
    ck_assert_int_eq(write_moved(RECORDED_FILE, &moved), -EEXIST);
    ck_assert_int_eq(access(out, F_OK), 0);
}
END_TEST

int main(void)
{
    TCase *tests = tcase_create("leaves");

    tcase_add_checked_fixture(tests, make_folder, remove_folder);
    tcase_add_test(tests, test_moved);
    tcase_add_test(tests, test_declined);
    return run_case("leaves", tests);
}
