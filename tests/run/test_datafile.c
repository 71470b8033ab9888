/* perf.data files made here, whole and damaged. */
#include "perf/datafile.h"
#include "suite.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/perf_event.h>
#include <string.h>
#include <unistd.h>

struct record {
    struct perf_event_header header;
    char body[56];
};

struct recording {
    struct datafile_header header;
    struct record records[4];
};

static char path[] = "/tmp/pyperf-datafile-XXXXXX";

static struct recording whole(void)
{
    struct recording recording = {
        .header = {.magic = {'P', 'E', 'R', 'F', 'I', 'L', 'E', '2'},
                   .size = sizeof(struct datafile_header),
                   .data = {sizeof(struct datafile_header), sizeof recording.records}}};

    for (size_t i = 0; i < 4; i++)
        recording.records[i].header = (struct perf_event_header){
            .type = i ? PERF_RECORD_SAMPLE : PERF_RECORD_COMM, .size = sizeof(struct record)};
    return recording;
}

static int open_bytes(struct datafile *file, const void *bytes, size_t size)
{
    int fd = open(path, O_WRONLY | O_TRUNC);

    ck_assert_int_eq(write(fd, bytes, size), size);
    close(fd);
    return datafile_open(file, path);
}

static uint64_t count(struct recording *recording, unsigned bytes, uint64_t *large)
{
    struct datafile file;
    uint64_t all;

    ck_assert_int_eq(open_bytes(&file, recording, sizeof *recording), 0);
    all = datafile_samples(&file, bytes, large);
    datafile_close(&file);
    return all;
}

START_TEST(test_samples)
{
    struct recording recording = whole();
    uint64_t large;

    ck_assert_uint_eq(count(&recording, sizeof(struct record), &large), 3);
    ck_assert_uint_eq(large, 3);
    ck_assert_uint_eq(count(&recording, sizeof(struct record) + 1, &large), 3);
    ck_assert_uint_eq(large, 0);
    recording.header.data.size = 0;
    ck_assert_uint_eq(count(&recording, 8, &large), 0);
}
END_TEST

/* A damaged record ends the counting, not the program. */
START_TEST(test_damaged_records)
{
    static const unsigned short sizes[] = {0, 7, 65535, sizeof(struct record) * 3};
    struct recording recording = whole();
    uint64_t large;

    recording.records[2].header.size = sizes[_i];
    ck_assert_uint_eq(count(&recording, 8, &large), 1);
    recording = whole();
    recording.header.data.size -= 1; /* the last one is cut */
    ck_assert_uint_eq(count(&recording, 8, &large), 2);
}
END_TEST

START_TEST(test_no_recording)
{
    struct recording recording = whole();
    struct datafile file;

    ck_assert_int_eq(datafile_open(&file, "/tmp/pyperf-datafile-none"), -ENOENT);
    ck_assert_int_eq(open_bytes(&file, "", 0), -EBADMSG);
    ck_assert_int_eq(open_bytes(&file, &recording, sizeof recording.header - 1), -EBADMSG);
    recording.header.magic[7] = '1';
    ck_assert_int_eq(open_bytes(&file, &recording, sizeof recording), -EBADMSG);
    recording = whole();
    recording.header.size = 1;
    ck_assert_int_eq(open_bytes(&file, &recording, sizeof recording), -EBADMSG);
    recording = whole();
    recording.header.data.size++;
    ck_assert_int_eq(open_bytes(&file, &recording, sizeof recording), -EBADMSG);
    recording.header.data.size = UINT64_MAX;
    ck_assert_int_eq(open_bytes(&file, &recording, sizeof recording), -EBADMSG);
    recording = whole();
    recording.header.data.offset = UINT64_MAX;
    ck_assert_int_eq(open_bytes(&file, &recording, sizeof recording), -EBADMSG);
}
END_TEST

static void make_file(void)
{
    memcpy(path + sizeof path - 7, "XXXXXX", 6);
    close(mkstemp(path));
}

static void remove_file(void)
{
    unlink(path);
}

int main(void)
{
    TCase *tests = tcase_create("datafile");

    tcase_add_checked_fixture(tests, make_file, remove_file);
    tcase_add_test(tests, test_samples);
    tcase_add_loop_test(tests, test_damaged_records, 0, 4);
    tcase_add_test(tests, test_no_recording);
    return run_case("datafile", tests);
}
