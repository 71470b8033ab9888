/* Recordings made in memory, as files and as pipes: order, compression, events, and damage. */
#include "recorded.h"
#include "recording/records.h"
#include "suite.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#ifdef HAVE_ZSTD
#include <zstd.h>
#endif

enum { SEEN = 4096, HEADER = sizeof(struct perf_event_header) };

struct seen {
    uint32_t type;
    uint64_t time, ip;
    uint64_t config; /* of its event */
};

static struct seen seen[SEEN];
static size_t seen_count;
static int stop_with;
static struct recorded data, whole;

static int see(void *context, const struct record *record)
{
    struct seen *one = &seen[seen_count++];

    ck_assert_ptr_eq(context, &seen_count);
    ck_assert_uint_lt(seen_count, SEEN);
    ck_assert_int_eq(record->attribute == NULL, record->type >= RECORDS_HEADER_ATTR);
    *one = (struct seen){.type = record->type,
                         .time = record->time,
                         .config = record->attribute ? record->attribute->config : 0};
    if (record->type == PERF_RECORD_SAMPLE && record->size >= HEADER + 16)
        memcpy(&one->ip, record->bytes + HEADER + 8, 8);
    return stop_with;
}

static int read_path(const char *path)
{
    struct records *records;
    int rc = records_open(&records, path);

    seen_count = 0;
    if (rc)
        return rc;
    rc = records_each(records, see, &seen_count);
    records_close(records);
    return rc;
}

static int read_whole(void)
{
    char path[RECORDED_PATH];
    int fd = recorded_open(&whole, path), rc = read_path(path);

    close(fd);
    return rc;
}

/* `data` as a recording of one event. */
static int read_data(enum recorded_form form)
{
    struct recorded_event event = recorded_event();

    recorded_whole(&whole, form, &event, 1, &data);
    return read_whole();
}

static void check_times(size_t count, const uint64_t *times)
{
    ck_assert_uint_eq(seen_count, count);
    for (size_t i = 0; i < count; i++)
        ck_assert_uint_eq(seen[i].time, times[i]);
}

static void samples(size_t count, const uint64_t *times)
{
    for (size_t i = 0; i < count; i++)
        recorded_sample(&data, times[i], 0, i);
}

/* -- Order ---------------------------------------------------------------------------------- */

START_TEST(test_order_by_time)
{
    samples(5, (uint64_t[]){30, 10, 20, 10, 40});
    ck_assert_int_eq(read_data(_i), 0);
    check_times(5, (uint64_t[]){10, 10, 20, 30, 40});
    ck_assert_uint_eq(seen[0].ip, 1); /* of the same time: as they were written */
    ck_assert_uint_eq(seen[1].ip, 3);
}
END_TEST

/* What is written in one round may be earlier than what the round before has, but not than what
 * the round before that has. */
START_TEST(test_rounds)
{
    samples(2, (uint64_t[]){20, 40});
    recorded_round(&data);
    samples(2, (uint64_t[]){60, 30});
    recorded_round(&data);
    samples(1, (uint64_t[]){10}); /* too late: 20, 30 and 40 are out */
    recorded_round(&data);
    samples(1, (uint64_t[]){50});
    ck_assert_int_eq(read_data(_i), 0);
    check_times(6, (uint64_t[]){20, 30, 40, 10, 60, 50});
}
END_TEST

/* The rounds' purpose: who has seen two of them needs no memory for the first. */
START_TEST(test_delivery_before_the_end)
{
    samples(1, (uint64_t[]){10});
    recorded_round(&data);
    recorded_round(&data);
    samples(1, (uint64_t[]){20});
    stop_with = 7;
    ck_assert_int_eq(read_data(_i), 7);
    ck_assert_uint_eq(seen_count, 1);
}
END_TEST

/* perf's own descriptions of processes that ran before have no time. */
START_TEST(test_no_time)
{
    samples(1, (uint64_t[]){10});
    recorded_name(&data, 0, 0, 1, 1, "early");
    samples(1, (uint64_t[]){5});
    recorded_name(&data, UINT64_MAX, 0, 1, 1, "early");
    ck_assert_int_eq(read_data(_i), 0);
    ck_assert_uint_eq(seen_count, 4);
    ck_assert_uint_eq(seen[0].type, PERF_RECORD_COMM);
    ck_assert_uint_eq(seen[1].type, PERF_RECORD_COMM);
    ck_assert_uint_eq(seen[2].time, 5);
}
END_TEST

START_TEST(test_time_of_the_trailer)
{
    samples(1, (uint64_t[]){20});
    recorded_name(&data, 10, 0, 1, 1, "first");
    recorded_fork(&data, 15, 2, 1, 2, 1);
    recorded_mapping(&data, 17, 2, 0x1000, 0x1000, 0, "/bin/true");
    ck_assert_int_eq(read_data(_i), 0);
    check_times(4, (uint64_t[]){10, 15, 17, 20});
}
END_TEST

START_TEST(test_visitor_stops)
{
    samples(3, (uint64_t[]){10, 20, 30});
    stop_with = -EIO;
    ck_assert_int_eq(read_data(_i), -EIO);
    ck_assert_uint_eq(seen_count, 1);
}
END_TEST

/* -- Events --------------------------------------------------------------------------------- */

START_TEST(test_events_by_id)
{
    struct recorded_event events[3];

    for (size_t i = 0; i < 3; i++) {
        events[i] = recorded_event();
        events[i].attribute.config = 100 + i;
        events[i].ids[0] = 10 * i;
        events[i].ids[1] = 10 * i + 1;
        events[i].id_count = i ? 2 : 0;
    }
    recorded_sample(&data, 1, 21, 0);
    recorded_sample(&data, 2, 10, 0);
    recorded_sample(&data, 3, 11, 0);
    recorded_sample(&data, 4, 99, 0); /* nobody's: the first one's */
    recorded_whole(&whole, _i, events, 3, &data);
    ck_assert_int_eq(read_whole(), 0);
    ck_assert_uint_eq(seen_count, 4);
    ck_assert_uint_eq(seen[0].config, 102);
    ck_assert_uint_eq(seen[1].config, 101);
    ck_assert_uint_eq(seen[2].config, 101);
    ck_assert_uint_eq(seen[3].config, 100);
}
END_TEST

/* Without PERF_SAMPLE_IDENTIFIER the id stands behind other fields. */
START_TEST(test_id_among_the_fields)
{
    struct recorded_event events[2] = {recorded_event(), recorded_event()};
    size_t begin;

    for (size_t i = 0; i < 2; i++) {
        events[i].attribute.sample_type =
            PERF_SAMPLE_IP | PERF_SAMPLE_TIME | PERF_SAMPLE_ADDR | PERF_SAMPLE_ID | PERF_SAMPLE_CPU;
        events[i].attribute.config = i;
        events[i].ids[0] = i + 11;
        events[i].id_count = 1;
    }
    begin = recorded_begin(&data, PERF_RECORD_SAMPLE, 0);
    for (uint64_t field = 1; field <= 3; field++) /* ip, time, address */
        recorded_u64(&data, field);
    recorded_u64(&data, 12); /* id */
    recorded_u64(&data, 4);  /* cpu */
    recorded_end(&data, begin);
    begin = recorded_begin(&data, PERF_RECORD_COMM, 0);
    recorded_u64(&data, 1); /* pid, tid */
    recorded_text(&data, "name");
    recorded_u64(&data, 1);  /* time */
    recorded_u64(&data, 12); /* id */
    recorded_u64(&data, 3);  /* cpu */
    recorded_end(&data, begin);
    recorded_whole(&whole, _i, events, 2, &data);
    ck_assert_int_eq(read_whole(), 0);
    ck_assert_uint_eq(seen_count, 2);
    ck_assert_uint_eq(seen[0].type, PERF_RECORD_COMM);
    ck_assert_uint_eq(seen[0].time, 1);
    ck_assert_uint_eq(seen[0].config, 1);
    ck_assert_uint_eq(seen[1].time, 2);
    ck_assert_uint_eq(seen[1].config, 1);
}
END_TEST

/* Older and newer perfs have other sizes of the attribute. */
START_TEST(test_attribute_sizes)
{
    static const uint32_t sizes[] = {64, 96, 136, 200};
    unsigned char attribute[200] = {0};
    struct perf_event_attr known = recorded_event().attribute;
    struct recorded record = {.size = 0};
    size_t begin;

    known.size = sizes[_i];
    memcpy(attribute, &known, 64);
    recorded_put(&whole, "PERFILE2", 8);
    recorded_u64(&whole, 16);
    begin = recorded_begin(&record, RECORDS_HEADER_ATTR, 0);
    recorded_put(&record, attribute, sizes[_i]);
    recorded_u64(&record, 5);
    recorded_end(&record, begin);
    recorded_sample(&record, 3, 5, 0);
    recorded_put(&whole, record.bytes, record.size);
    ck_assert_int_eq(read_whole(), 0);
    check_times(1, (uint64_t[]){3});
}
END_TEST

/* -- Other records -------------------------------------------------------------------------- */

/* Data that no record's header counts: to be skipped. */
START_TEST(test_data_behind_records)
{
    size_t begin;

    samples(1, (uint64_t[]){10});
    begin = recorded_begin(&data, RECORDS_AUXTRACE, 0);
    recorded_u64(&data, 24);
    for (int i = 0; i < 4; i++)
        recorded_u64(&data, 0);
    recorded_end(&data, begin);
    for (int i = 0; i < 3; i++)
        recorded_u64(&data, UINT64_MAX); /* no record */
    samples(1, (uint64_t[]){20});
    ck_assert_int_eq(read_data(_i), 0);
    check_times(3, (uint64_t[]){0, 10, 20});
    ck_assert_uint_eq(seen[0].type, RECORDS_AUXTRACE);
}
END_TEST

/* More than there can be, also if it is added to where we are: the recording was cut. */
START_TEST(test_too_much_behind_records)
{
    static const uint64_t sizes[] = {100, 1ULL << 40, UINT64_MAX, 0 - 16ULL, 0 - 64ULL};

    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        size_t begin;
        data.size = 0;
        samples(1, (uint64_t[]){10});
        begin = recorded_begin(&data, RECORDS_AUXTRACE, 0);
        recorded_u64(&data, sizes[i]);
        recorded_end(&data, begin);
        samples(1, (uint64_t[]){20});
        ck_assert_int_eq(read_data(_i), 0);
        check_times(2, (uint64_t[]){0, 10});
    }
}
END_TEST

START_TEST(test_tracing_data_in_a_pipe)
{
    size_t begin = recorded_begin(&data, RECORDS_HEADER_TRACING_DATA, 0);

    recorded_u32(&data, 5); /* which pads to 8 */
    recorded_end(&data, begin);
    recorded_u64(&data, UINT64_MAX);
    samples(1, (uint64_t[]){20});
    ck_assert_int_eq(read_data(RECORDED_PIPE), 0);
    check_times(2, (uint64_t[]){0, 20});
}
END_TEST

/* Perhaps whoever asked knows them. */
START_TEST(test_unknown_records)
{
    recorded_end(&data, recorded_begin(&data, 80, 0));
    recorded_end(&data, recorded_begin(&data, 1000, 0));
    samples(1, (uint64_t[]){20});
    ck_assert_int_eq(read_data(_i), 0);
    check_times(3, (uint64_t[]){0, 0, 20});
    ck_assert_uint_eq(seen[1].type, 1000);
}
END_TEST

/* More than a block of the reader's, byte by byte and as fast as it goes. */
START_TEST(test_a_real_pipe)
{
    struct recorded_event event = recorded_event();
    enum { MANY = 2000 };
    int ends[2], status;
    char path[RECORDED_PATH];
    size_t piece = _i ? 1 : 65536;
    pid_t writer;

    for (uint64_t i = 0; i < MANY; i++)
        recorded_sample(&data, MANY - i, 0, i);
    recorded_whole(&whole, RECORDED_PIPE, &event, 1, &data);
    ck_assert_int_eq(pipe(ends), 0);
    writer = fork();
    if (writer == 0) {
        for (size_t at = 0; at < whole.size; at += piece)
            if (write(ends[1], whole.bytes + at,
                      piece < whole.size - at ? piece : whole.size - at) < 0)
                _exit(1);
        _exit(0);
    }
    close(ends[1]);
    snprintf(path, sizeof path, "/proc/self/fd/%d", ends[0]);
    ck_assert_int_eq(read_path(path), 0);
    close(ends[0]);
    ck_assert_int_eq(waitpid(writer, &status, 0), writer);
    ck_assert_int_eq(status, 0);
    ck_assert_uint_eq(seen_count, MANY);
    for (uint64_t i = 0; i < MANY; i++)
        ck_assert_uint_eq(seen[i].time, i + 1);
}
END_TEST

/* -- Compressed ----------------------------------------------------------------------------- */

#ifdef HAVE_ZSTD
/* The records of `plain` as perf compresses them: one stream, cut into records of `piece` bytes of
 * content each, or fewer. */
static void compress(const struct recorded *plain, uint32_t type, size_t piece)
{
    ZSTD_CStream *zstd = ZSTD_createCStream();
    static char packed[1 << 16];

    ck_assert_ptr_nonnull(zstd);
    ck_assert(!ZSTD_isError(ZSTD_initCStream(zstd, 1)));
    for (size_t at = 0; at < plain->size; at += piece) {
        size_t size = piece < plain->size - at ? piece : plain->size - at, begin;
        ZSTD_inBuffer in = {.src = plain->bytes + at, .size = size};
        ZSTD_outBuffer out = {.dst = packed, .size = sizeof packed};
        ck_assert(!ZSTD_isError(ZSTD_compressStream(zstd, &out, &in)));
        ck_assert_uint_eq(in.pos, size);
        ck_assert_uint_eq(
            at + size < plain->size ? ZSTD_flushStream(zstd, &out) : ZSTD_endStream(zstd, &out), 0);
        begin = recorded_begin(&data, type, 0);
        if (type == RECORDS_COMPRESSED2)
            recorded_u64(&data, out.pos);
        recorded_put(&data, packed, out.pos);
        if (type == RECORDS_COMPRESSED2)
            while (data.size % 8)
                recorded_put(&data, "\xff", 1);
        recorded_end(&data, begin);
    }
    ZSTD_freeCStream(zstd);
}

/* Whole records, many in one, and records that begin in one and end in another. */
START_TEST(test_compressed)
{
    static const size_t pieces[] = {48, 480, 1 << 16, 7, 31, 50, 1000};
    static struct recorded plain;
    enum { MANY = 300 };

    plain.size = 0;
    for (uint64_t i = 0; i < MANY; i++)
        recorded_sample(&plain, MANY - i, 0, i);
    for (int form = RECORDED_FILE; form <= RECORDED_PIPE; form++)
        for (int second = 0; second < 2; second++) {
            data.size = 0;
            compress(&plain, second ? RECORDS_COMPRESSED2 : RECORDS_COMPRESSED, pieces[_i]);
            ck_assert_int_eq(read_data(form), 0);
            ck_assert_uint_eq(seen_count, MANY);
            for (uint64_t i = 0; i < MANY; i++) {
                ck_assert_uint_eq(seen[i].time, i + 1);
                ck_assert_uint_eq(seen[i].ip, MANY - 1 - i);
            }
        }
}
END_TEST

/* Blocks change while records of the old one still wait; and one compressed record may fill more
 * than a block. */
START_TEST(test_compressed_megabytes)
{
    static const unsigned char zeros[50000];
    static struct recorded plain;
    enum { MANY = 60 };

    plain.size = 0;
    for (uint64_t i = 0; i < MANY; i++) {
        size_t begin = recorded_begin(&plain, PERF_RECORD_SAMPLE, 0);
        recorded_u64(&plain, 0);
        recorded_u64(&plain, i); /* ip */
        recorded_u64(&plain, 0);
        recorded_u64(&plain, MANY - i); /* time */
        recorded_u64(&plain, 0);
        recorded_put(&plain, zeros, sizeof zeros);
        recorded_end(&plain, begin);
    }
    compress(&plain, RECORDS_COMPRESSED, _i % 2 ? 48000 : plain.size);
    ck_assert_int_eq(read_data(_i / 2), 0);
    ck_assert_uint_eq(seen_count, MANY);
    for (uint64_t i = 0; i < MANY; i++) {
        ck_assert_uint_eq(seen[i].time, i + 1);
        ck_assert_uint_eq(seen[i].ip, MANY - 1 - i);
    }
}
END_TEST

START_TEST(test_compressed_damage)
{
    static struct recorded plain;
    size_t begin;

    plain.size = 0;
    recorded_sample(&plain, 1, 0, 0);
    compress(&plain, RECORDS_COMPRESSED, 48);
    data.bytes[HEADER] ^= 0xff; /* zstd's magic number */
    ck_assert_int_eq(read_data(_i), -EBADMSG);

    data.size = 0; /* more content than the record has */
    begin = recorded_begin(&data, RECORDS_COMPRESSED2, 0);
    recorded_u64(&data, 9);
    recorded_u64(&data, 0);
    recorded_end(&data, begin);
    ck_assert_int_eq(read_data(_i), -EBADMSG);

    data.size = 0; /* no room for its size */
    recorded_end(&data, recorded_begin(&data, RECORDS_COMPRESSED2, 0));
    ck_assert_int_eq(read_data(_i), -EBADMSG);

    data.size = plain.size = 0; /* compressed in compressed: not perf's, and might never end */
    recorded_end(&plain, recorded_begin(&plain, RECORDS_COMPRESSED, 0));
    compress(&plain, RECORDS_COMPRESSED, 48);
    ck_assert_int_eq(read_data(_i), -EBADMSG);
}
END_TEST
#endif

/* -- Damage --------------------------------------------------------------------------------- */

START_TEST(test_damaged_sizes)
{
    static const uint16_t sizes[] = {0, 1, 7};
    size_t second = sizeof(struct perf_event_header) + 40;

    for (int form = RECORDED_FILE; form <= RECORDED_PIPE; form++) {
        data.size = 0;
        samples(3, (uint64_t[]){10, 20, 30});
        memcpy(data.bytes + second + 6, &sizes[_i], sizeof sizes[_i]);
        ck_assert_int_eq(read_data(form), -EBADMSG);
    }
}
END_TEST

/* perf was killed, or the disk was full. */
START_TEST(test_cut_off)
{
    struct recorded_event event = recorded_event();
    size_t begin;

    samples(3, (uint64_t[]){10, 20, 30});
    recorded_whole(&whole, _i, &event, 1, &data);
    begin = whole.size - data.size;
    for (size_t size = begin; size <= begin + data.size; size++) {
        whole.size = size;
        ck_assert_int_eq(read_whole(), 0);
        ck_assert_uint_eq(seen_count, (size - begin) / 48);
    }
}
END_TEST

/* perf writes the size of the data when it ends. */
START_TEST(test_size_not_written)
{
    struct recorded_event event = recorded_event();

    samples(3, (uint64_t[]){10, 20, 30});
    recorded_whole(&whole, RECORDED_FILE, &event, 1, &data);
    memset(whole.bytes + 48, 0, 8); /* data.size */
    ck_assert_int_eq(read_whole(), 0);
    ck_assert_uint_eq(seen_count, 3);
}
END_TEST

/* Samples too short for their fields have neither time nor id. */
START_TEST(test_short_records)
{
    for (size_t size = HEADER; size < 48; size += 8) {
        data.size = 0;
        samples(1, (uint64_t[]){10});
        data.bytes[6] = (unsigned char)size;
        data.size = size;
        recorded_end(&data, recorded_begin(&data, PERF_RECORD_COMM, 0));
        ck_assert_int_eq(read_data(_i), 0);
        ck_assert_uint_eq(seen_count, 2);
        ck_assert_uint_eq(seen[0].time + seen[1].time, size == 40 ? 10 : 0);
    }
}
END_TEST

START_TEST(test_no_recording)
{
    struct recorded_event event = recorded_event();
    static const uint64_t bad[] = {0, 1, UINT64_MAX, 1ULL << 40};

    ck_assert_int_eq(read_path("/nonexistent/perf.data"), -ENOENT);
    ck_assert_int_eq(read_whole(), -EBADMSG); /* an empty one */
    samples(1, (uint64_t[]){10});
    recorded_whole(&whole, RECORDED_FILE, &event, 1, &data);
    whole.bytes[7] = '1'; /* PERFILE1 */
    ck_assert_int_eq(read_whole(), -EBADMSG);
    for (size_t size = 0; size < 104; size++) {
        recorded_whole(&whole, RECORDED_FILE, &event, 1, &data);
        whole.size = size;
        ck_assert_int_eq(read_whole(), -EBADMSG);
    }
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        /* Sizes of the header and of an attribute; the attributes' size; the data's offset. */
        static const size_t places[] = {8, 16, 32, 40};
        for (size_t j = 0; j < sizeof places / sizeof *places; j++) {
            if (places[j] == 40 && bad[i] < 2)
                continue; /* no records, but a file */
            recorded_whole(&whole, RECORDED_FILE, &event, 1, &data);
            memcpy(whole.bytes + places[j], &bad[i], 8);
            if (places[j] == 8 && bad[i] > 104)
                ck_assert_int_ne(read_whole(), -ENOMEM); /* a later format, perhaps */
            else
                ck_assert_int_eq(read_whole(), -EBADMSG);
        }
    }
}
END_TEST

START_TEST(test_damaged_attributes)
{
    struct recorded_event event = recorded_event();
    static const uint64_t bad[] = {UINT64_MAX, 1ULL << 40};

    samples(1, (uint64_t[]){10});
    for (size_t i = 0; i < 2; i++)
        for (size_t field = 0; field < 2; field++) { /* the section of its ids */
            recorded_whole(&whole, RECORDED_FILE, &event, 1, &data);
            memcpy(whole.bytes + 104 + sizeof event.attribute + field * 8, &bad[i], 8);
            ck_assert_int_eq(read_whole(), -EBADMSG);
        }
    event.attribute.size = 63; /* which is what a pipe goes by */
    recorded_whole(&whole, RECORDED_PIPE, &event, 1, &data);
    ck_assert_int_eq(read_whole(), -EBADMSG);
    event.attribute.size = 60000;
    recorded_whole(&whole, RECORDED_PIPE, &event, 1, &data);
    ck_assert_int_eq(read_whole(), -EBADMSG);
    recorded_whole(&whole, RECORDED_PIPE, &event, 0, &data); /* a sample of no event */
    ck_assert_int_eq(read_whole(), -EBADMSG);
}
END_TEST

/* Each event may name all of the file as its ids: that must not take its square in time. */
START_TEST(test_too_many_ids)
{
    enum { EVENTS = 4000 };
    struct recorded_event event = recorded_event();
    uint64_t size = EVENTS * (sizeof event.attribute + 16);

    recorded_whole(&whole, RECORDED_FILE, &event, 0, &data);
    memcpy(whole.bytes + 32, &size, 8);
    for (size_t i = 0; i < EVENTS; i++) {
        recorded_put(&whole, &event.attribute, sizeof event.attribute);
        recorded_u64(&whole, 0);
        recorded_u64(&whole, size);
    }
    size = whole.size;
    memcpy(whole.bytes + 40, &size, 8); /* no records */
    ck_assert_int_eq(read_whole(), -EBADMSG);
}
END_TEST

static void reset(void)
{
    data.size = whole.size = 0;
    seen_count = 0;
    stop_with = 0;
}

int main(void)
{
    TCase *tests = tcase_create("records");

    tcase_add_checked_fixture(tests, reset, NULL);
    tcase_add_loop_test(tests, test_order_by_time, 0, 2);
    tcase_add_loop_test(tests, test_rounds, 0, 2);
    tcase_add_loop_test(tests, test_delivery_before_the_end, 0, 2);
    tcase_add_loop_test(tests, test_no_time, 0, 2);
    tcase_add_loop_test(tests, test_time_of_the_trailer, 0, 2);
    tcase_add_loop_test(tests, test_visitor_stops, 0, 2);
    tcase_add_loop_test(tests, test_events_by_id, 0, 2);
    tcase_add_loop_test(tests, test_id_among_the_fields, 0, 2);
    tcase_add_loop_test(tests, test_attribute_sizes, 0, 4);
    tcase_add_loop_test(tests, test_data_behind_records, 0, 2);
    tcase_add_loop_test(tests, test_too_much_behind_records, 0, 2);
    tcase_add_test(tests, test_tracing_data_in_a_pipe);
    tcase_add_loop_test(tests, test_unknown_records, 0, 2);
    tcase_add_loop_test(tests, test_a_real_pipe, 0, 2);
#ifdef HAVE_ZSTD
    tcase_add_loop_test(tests, test_compressed, 0, 7);
    tcase_add_loop_test(tests, test_compressed_megabytes, 0, 4);
    tcase_add_loop_test(tests, test_compressed_damage, 0, 2);
#endif
    tcase_add_loop_test(tests, test_damaged_sizes, 0, 3);
    tcase_add_loop_test(tests, test_cut_off, 0, 2);
    tcase_add_test(tests, test_size_not_written);
    tcase_add_loop_test(tests, test_short_records, 0, 2);
    tcase_add_test(tests, test_no_recording);
    tcase_add_test(tests, test_damaged_attributes);
    tcase_add_test(tests, test_too_many_ids);
    return run_case("records", tests);
}
