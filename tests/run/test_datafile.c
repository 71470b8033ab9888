/* perf.data files made here, whole and damaged. */
#include "recording/datafile.h"
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
    int fd = open(path, O_RDWR | O_TRUNC), rc;

    ck_assert_int_eq(write(fd, bytes, size), size);
    rc = datafile_open(file, fd);
    close(fd);
    return rc;
}

START_TEST(test_whole)
{
    struct recording recording = whole();
    struct datafile file;

    ck_assert_int_eq(open_bytes(&file, &recording, sizeof recording), 0);
    ck_assert(!file.cut);
    ck_assert_uint_eq(file.header.data.size, sizeof recording.records);
    datafile_close(&file);
}
END_TEST

/* perf writes the data's size last. */
START_TEST(test_cut)
{
    struct recording recording = whole();
    struct datafile file;

    recording.header.data.size = 0;
    ck_assert_int_eq(open_bytes(&file, &recording, sizeof recording), 0);
    ck_assert(file.cut);
    ck_assert_uint_eq(file.header.data.size, sizeof recording.records);
    datafile_close(&file);
    recording.header.data.size = UINT64_MAX;
    ck_assert_int_eq(open_bytes(&file, &recording, sizeof recording), 0);
    ck_assert(file.cut);
    ck_assert_uint_eq(file.header.data.size, sizeof recording.records);
    datafile_close(&file);
}
END_TEST

/* Features are numbered by their bits; the table has only those that are there. */
START_TEST(test_features)
{
    struct {
        struct recording recording;
        struct datafile_section table[3];
        char content[8];
    } whole_file = {.recording = whole()};
    struct datafile_section section;
    struct datafile file;

    whole_file.recording.header.features[0] = 1ULL << 2 | 1ULL << 63;
    whole_file.recording.header.features[1] = 1;
    for (size_t i = 0; i < 3; i++)
        whole_file.table[i] = (struct datafile_section){sizeof whole_file - 8 + i, i + 1};
    whole_file.table[2].size = 1000; /* beyond the file */
    ck_assert_int_eq(open_bytes(&file, &whole_file, sizeof whole_file), 0);
    ck_assert(datafile_feature(&file, 2, &section));
    ck_assert_uint_eq(section.size, 1);
    ck_assert(datafile_feature(&file, 63, &section));
    ck_assert_uint_eq(section.size, 2);
    ck_assert(!datafile_feature(&file, 3, &section));
    ck_assert(!datafile_feature(&file, 64, &section));
    datafile_close(&file);
    ck_assert_int_eq(open_bytes(&file, &whole_file, sizeof(struct recording) + 8), 0);
    ck_assert(!datafile_feature(&file, 2, &section));
    datafile_close(&file);
}
END_TEST

START_TEST(test_no_recording)
{
    struct recording recording = whole();
    struct datafile file;

    ck_assert_int_eq(open_bytes(&file, "", 0), -EBADMSG);
    ck_assert_int_eq(open_bytes(&file, &recording, sizeof recording.header - 1), -EBADMSG);
    recording.header.magic[7] = '1';
    ck_assert_int_eq(open_bytes(&file, &recording, sizeof recording), -EBADMSG);
    recording = whole();
    recording.header.size = 1;
    ck_assert_int_eq(open_bytes(&file, &recording, sizeof recording), -EBADMSG);
    recording.header.size = DATAFILE_PIPE_HEADER;
    ck_assert_int_eq(open_bytes(&file, &recording, sizeof recording), -ENOTSUP);
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
    tcase_add_test(tests, test_whole);
    tcase_add_test(tests, test_cut);
    tcase_add_test(tests, test_features);
    tcase_add_test(tests, test_no_recording);
    return run_case("datafile", tests);
}
