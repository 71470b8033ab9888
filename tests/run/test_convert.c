/* Recordings with stack copies, made in memory, converted and read again. */
#include "recorded.h"
#include "recording/bytes.h"
#include "recording/convert.h"
#include "recording/datafile.h"
#include "suite.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum {
    HEADER = sizeof(struct perf_event_header),
    TYPE = RECORDED_TYPE | PERF_SAMPLE_CALLCHAIN | PERF_SAMPLE_RAW | PERF_SAMPLE_REGS_USER |
           PERF_SAMPLE_STACK_USER | PERF_SAMPLE_TRANSACTION,
    PID = 7,
    CODE = 0x400000, /* mapped there: a file that is not there, so frame pointers are followed */
    STACK = 0x7000,
    KERNEL_FRAMES = 2,
    TRANSACTION = 0x77777777, /* behind the stack */
    FEATURE = 3,              /* HEADER_HOSTNAME, and one of another word of bits */
    FAR_FEATURE = 70,
    FEATURES = 3,
};

static struct recorded data, whole;
static char folder[] = "/tmp/pyperf-convert-XXXXXX", out[64];

/* -- Recording ------------------------------------------------------------------------------ */

static void put_registers(uint64_t frame_pointer)
{
    recorded_u64(&data, PERF_SAMPLE_REGS_ABI_64);
    for (unsigned i = 0; i < processor_here.perf_count; i++) {
        unsigned place = (unsigned)processor_here.perf[i];
        if (processor_here.perf[i] >= 0)
            recorded_u64(&data, place == processor_here.pc   ? CODE + 1
                                : place == processor_here.sp ? STACK
                                : place == processor_here.fp ? frame_pointer
                                                             : 0);
    }
}

/* Each caller's frame is two words: the frame pointer before it, and where it goes on. */
static void put_stack(unsigned callers)
{
    recorded_u64(&data, callers * 16ULL);
    for (unsigned i = 1; i <= callers; i++) {
        recorded_u64(&data, STACK + i * 16ULL);
        recorded_u64(&data, CODE + 0x100 + i);
    }
    if (callers)
        recorded_u64(&data, callers * 16ULL);
}

static void put_chain(void)
{
    recorded_u64(&data, KERNEL_FRAMES);
    recorded_u64(&data, (uint64_t)PERF_CONTEXT_KERNEL);
    recorded_u64(&data, 0xffffffff81000000);
}

static void put_sample_of(uint64_t time, uint32_t pid, bool chain, unsigned callers)
{
    size_t begin = recorded_begin(&data, PERF_RECORD_SAMPLE, PERF_RECORD_MISC_USER);

    recorded_u64(&data, 0); /* id */
    recorded_u64(&data, CODE + 1);
    recorded_u32(&data, pid);
    recorded_u32(&data, pid + 1000); /* tid */
    recorded_u64(&data, time);
    recorded_u64(&data, 3); /* CPU */
    if (chain)
        put_chain();
    recorded_u32(&data, 12); /* raw */
    recorded_put(&data, "twelve bytes", 12);
    put_registers(STACK);
    put_stack(callers);
    recorded_u64(&data, TRANSACTION);
    recorded_end(&data, begin);
}

static void put_sample(uint64_t time, uint32_t pid, unsigned callers)
{
    put_sample_of(time, pid, true, callers);
}

static struct recorded_event event(void)
{
    struct recorded_event event = recorded_event();

    event.attribute.sample_type = TYPE;
    event.attribute.sample_stack_user = 8192;
    event.attribute.exclude_callchain_user = 1;
    event.attribute.sample_period = 12345;
    event.attribute.use_clockid = 1;
    event.attribute.clockid = 1;
    for (unsigned i = 0; i < processor_here.perf_count; i++)
        event.attribute.sample_regs_user |= (uint64_t)(processor_here.perf[i] >= 0) << i;
    return event;
}

static void begin(void)
{
    data.size = 0;
    recorded_mapping(&data, 1, PID, CODE, 0x2000, 0, "/nonexistent/program");
    recorded_mapping(&data, 1, PID + 1, CODE, 0x2000, 0, "/nonexistent/program");
}

static const struct feature {
    unsigned bit;
    const char *content;
} features[FEATURES] = {{FEATURE, "a host's name"},
                        {DATAFILE_COMPRESSED, "what it was compressed with"},
                        {FAR_FEATURE, "what is not known yet"}};

/* As perf does: the table behind the data, the sections behind it. */
static void put_features(void)
{
    uint64_t bits[DATAFILE_FEATURES / 64] = {0}, at = whole.size + FEATURES * 16ULL;

    for (unsigned i = 0; i < FEATURES; i++) {
        bits[features[i].bit / 64] |= 1ULL << features[i].bit % 64;
        recorded_u64(&whole, at);
        recorded_u64(&whole, strlen(features[i].content));
        at += strlen(features[i].content);
    }
    for (unsigned i = 0; i < FEATURES; i++)
        recorded_put(&whole, features[i].content, strlen(features[i].content));
    memcpy(whole.bytes + offsetof(struct datafile_header, features), bits, sizeof bits);
}

/* -- Converting ----------------------------------------------------------------------------- */

static int convert_whole(const struct convert_added *added)
{
    char path[RECORDED_PATH];
    int fd = recorded_open(&whole, path), rc = convert(path, out, NULL, added);

    close(fd);
    return rc;
}

static int convert_events(const struct recorded_event *events, size_t count,
                          const struct convert_added *added)
{
    recorded_whole(&whole, RECORDED_FILE, events, count, &data);
    put_features();
    return convert_whole(added);
}

static int convert_data(const struct convert_added *added)
{
    const struct recorded_event one = event();
    return convert_events(&one, 1, added);
}

static struct datafile open_out(void)
{
    struct datafile file;
    int fd = open(out, O_RDONLY | O_CLOEXEC);

    ck_assert_int_eq(datafile_open(&file, fd), 0);
    close(fd);
    ck_assert(!file.cut);
    return file;
}

static void make_folder(void)
{
    ck_assert_ptr_nonnull(mkdtemp(folder));
    snprintf(out, sizeof out, "%s/out", folder);
}

/* Fails if anything else than `out` is there. */
static void remove_folder(void)
{
    unlink(out);
    ck_assert_int_eq(rmdir(folder), 0);
}

static void check_nothing_left(void)
{
    ck_assert_int_ne(access(out, F_OK), 0);
}

/* -- What is in it -------------------------------------------------------------------------- */

static int count_samples(void *context, const struct record *record)
{
    *(unsigned *)context += record->type == PERF_RECORD_SAMPLE;
    return 0;
}

static void each_record(records_visit *visit, void *context)
{
    struct records *records;

    ck_assert_int_eq(records_open(&records, out), 0);
    ck_assert_int_eq(records_each(records, visit, context), 0);
    records_close(records);
}

START_TEST(test_attributes)
{
    struct recorded_event events[] = {event(), event()};
    struct perf_event_attr expected = event().attribute, found;
    struct datafile file;

    begin();
    put_sample(10, PID, 3);
    events[0].ids[0] = 1;
    events[0].id_count = 1;
    ck_assert_int_eq(convert_events(events, 2, NULL), 0);
    file = open_out();
    ck_assert_uint_eq(file.header.attributes.size, 2 * file.header.attribute_size);
    expected.sample_type &= ~(uint64_t)(PERF_SAMPLE_REGS_USER | PERF_SAMPLE_STACK_USER);
    expected.sample_regs_user = 0;
    expected.sample_stack_user = 0;
    expected.exclude_callchain_user = 0;
    for (uint64_t i = 0; i < 2; i++) {
        memcpy(&found, file.bytes + file.header.attributes.offset + i * file.header.attribute_size,
               sizeof found);
        ck_assert_mem_eq(&found, &expected, sizeof found);
    }
    datafile_close(&file);
}
END_TEST

/* A perf older or newer than this header: attributes are shorter or longer. */
START_TEST(test_attribute_sizes)
{
    static const unsigned sizes[] = {96, 112, 136, 200};
    const struct recorded_event one = event();
    size_t size = sizes[_i];
    struct datafile_header header = {.magic = {'P', 'E', 'R', 'F', 'I', 'L', 'E', '2'},
                                     .size = sizeof header,
                                     .attribute_size = size + 16,
                                     .attributes = {sizeof header, size + 16}};
    unsigned char attribute[256] = {0}, *ids = attribute + size;
    struct datafile file;
    unsigned count = 0;

    begin();
    put_sample(10, PID, 3);
    memset(attribute, 0xee, size);
    memcpy(attribute, &one.attribute, size < sizeof one.attribute ? size : sizeof one.attribute);
    memcpy(ids, &(uint64_t){sizeof header}, 8);
    header.data = (struct datafile_section){sizeof header + size + 16, data.size};
    whole.size = 0;
    recorded_put(&whole, &header, sizeof header);
    recorded_put(&whole, attribute, size + 16);
    recorded_put(&whole, data.bytes, data.size);
    ck_assert_int_eq(convert_whole(NULL), 0);
    file = open_out();
    ck_assert_uint_eq(file.header.attribute_size, size + 16);
    ck_assert_mem_eq(file.bytes + header.attributes.offset + size, ids, 16);
    if (size > sizeof one.attribute)
        ck_assert_uint_eq(file.bytes[header.attributes.offset + size - 1], 0xee);
    datafile_close(&file);
    each_record(count_samples, &count);
    ck_assert_uint_eq(count, 1);
}
END_TEST

START_TEST(test_features)
{
    struct datafile file;
    struct datafile_section section;

    begin();
    put_sample(10, PID, 3);
    ck_assert_int_eq(convert_data(NULL), 0);
    file = open_out();
    for (unsigned bit = 0; bit < DATAFILE_FEATURES; bit++)
        ck_assert_int_eq(file.header.features[bit / 64] >> bit % 64 & 1,
                         bit == FEATURE || bit == FAR_FEATURE);
    for (unsigned i = 0; i < FEATURES; i++) {
        if (features[i].bit == DATAFILE_COMPRESSED)
            continue;
        ck_assert(datafile_feature(&file, features[i].bit, &section));
        ck_assert_uint_eq(section.size, strlen(features[i].content));
        ck_assert_mem_eq(file.bytes + section.offset, features[i].content, section.size);
    }
    datafile_close(&file);
}
END_TEST

/* Two event descriptions: the attribute, the number of its ids, its name, and them. */
static struct recorded descriptions;

static void put_descriptions(const struct perf_event_attr *attribute, size_t most)
{
    descriptions.size = 0;
    recorded_u32(&descriptions, 2);
    recorded_u32(&descriptions, sizeof *attribute);
    for (uint64_t i = 0; i < 2; i++) {
        recorded_put(&descriptions, attribute, sizeof *attribute);
        recorded_u32(&descriptions, 2);
        recorded_u32(&descriptions, 8);
        recorded_put(&descriptions, "a name\0", 8);
        recorded_u64(&descriptions, i);
        recorded_u64(&descriptions, i + 1);
    }
    if (descriptions.size > most)
        descriptions.size = most;
}

static void convert_with_descriptions(void)
{
    const struct recorded_event one = event();
    uint64_t bits = 1U << DATAFILE_EVENTS;

    recorded_whole(&whole, RECORDED_FILE, &one, 1, &data);
    recorded_u64(&whole, whole.size + 16);
    recorded_u64(&whole, descriptions.size);
    recorded_put(&whole, descriptions.bytes, descriptions.size);
    memcpy(whole.bytes + offsetof(struct datafile_header, features), &bits, sizeof bits);
    ck_assert_int_eq(convert_whole(NULL), 0);
}

START_TEST(test_event_descriptions)
{
    struct perf_event_attr attribute = event().attribute;
    struct datafile_section section;
    struct datafile file;

    begin();
    put_sample(10, PID, 3);
    put_descriptions(&attribute, SIZE_MAX);
    convert_with_descriptions();
    attribute.sample_type &= ~(uint64_t)(PERF_SAMPLE_REGS_USER | PERF_SAMPLE_STACK_USER);
    attribute.sample_regs_user = 0;
    attribute.sample_stack_user = 0;
    attribute.exclude_callchain_user = 0;
    put_descriptions(&attribute, SIZE_MAX);
    file = open_out();
    ck_assert(datafile_feature(&file, DATAFILE_EVENTS, &section));
    ck_assert_uint_eq(section.size, descriptions.size);
    ck_assert_mem_eq(file.bytes + section.offset, descriptions.bytes, section.size);
    datafile_close(&file);
}
END_TEST

/* Nothing is read behind them. */
START_TEST(test_damaged_descriptions)
{
    struct perf_event_attr attribute = event().attribute;
    struct datafile_section section;
    struct datafile file;

    begin();
    put_sample(10, PID, 3);
    for (size_t size = 1; size < 400; size += 43) {
        put_descriptions(&attribute, size);
        convert_with_descriptions();
        file = open_out();
        ck_assert(datafile_feature(&file, DATAFILE_EVENTS, &section));
        ck_assert_uint_eq(section.size, descriptions.size);
        datafile_close(&file);
        unlink(out);
    }
    put_descriptions(&attribute, SIZE_MAX);
    memset(descriptions.bytes, 0xff, 8); /* numbers that cannot be */
    convert_with_descriptions();
}
END_TEST

/* What comes before the chain, between chain and registers, and behind the stack stays. */
struct expected {
    unsigned samples, callers;
    const uint64_t *replaced; /* instead of the unwound addresses */
};

static int check_sample(void *context, const struct record *record)
{
    struct expected *expected = context;
    const unsigned char *behind;
    struct sample sample;
    uint64_t unwound = expected->callers + 1ULL;

    if (record->type != PERF_RECORD_SAMPLE)
        return 0;
    ck_assert_uint_eq(record->misc, PERF_RECORD_MISC_USER);
    ck_assert_int_eq(sample_read(&sample, record), 0);
    ck_assert_uint_eq(sample.ip, CODE + 1);
    ck_assert_uint_eq(sample.tid, sample.pid + 1000);
    ck_assert_uint_eq(sample.time, 10 + expected->samples);
    ck_assert_uint_eq(sample.cpu, 3);
    ck_assert_ptr_null(sample.registers);
    ck_assert_ptr_null(sample.stack);
    ck_assert_uint_eq(sample.chain_count, KERNEL_FRAMES + 1 + unwound);
    ck_assert_uint_eq(bytes_u64(sample.chain), (uint64_t)PERF_CONTEXT_KERNEL);
    ck_assert_uint_eq(bytes_u64(sample.chain + 8), 0xffffffff81000000);
    ck_assert_uint_eq(bytes_u64(sample.chain + 16), (uint64_t)PERF_CONTEXT_USER);
    for (uint64_t i = 0; i < unwound; i++)
        ck_assert_uint_eq(bytes_u64(sample.chain + (3 + i) * 8),
                          i == 0 ? CODE + 1 : CODE + 0x100 + i - 1);
    behind = sample.chain + sample.chain_count * 8;
    ck_assert_uint_eq(bytes_u32(behind), 12);
    ck_assert_mem_eq(behind + 4, "twelve bytes", 12);
    ck_assert_uint_eq(bytes_u64(behind + 16), TRANSACTION);
    ck_assert_ptr_eq(behind + 24, record->bytes + record->size);
    expected->samples++;
    return 0;
}

START_TEST(test_chain)
{
    static const unsigned callers[] = {1, 2, 100, 3900}; /* the last: as large as records are */
    struct expected expected = {.callers = callers[_i]};

    begin();
    put_sample(11, PID, callers[_i]); /* not in the order of their times */
    put_sample(10, PID + 1, callers[_i]);
    ck_assert_int_eq(convert_data(NULL), 0);
    each_record(check_sample, &expected);
    ck_assert_uint_eq(expected.samples, 2);
}
END_TEST

/* Without a copy, as of a thread of the kernel, there is nothing to unwind. */
static int check_no_stack(void *context, const struct record *record)
{
    struct sample sample;

    if (record->type != PERF_RECORD_SAMPLE)
        return 0;
    ck_assert_int_eq(sample_read(&sample, record), 0);
    ck_assert_uint_eq(sample.chain_count, KERNEL_FRAMES);
    return count_samples(context, record);
}

START_TEST(test_no_stack)
{
    unsigned count = 0;

    begin();
    put_sample(10, PID, 0);
    ck_assert_int_eq(convert_data(NULL), 0);
    each_record(check_no_stack, &count);
    ck_assert_uint_eq(count, 1);
}
END_TEST

/* An event without copies beside one with: its records stay, up to the largest there can be. */
static const uint16_t sizes_of_others[] = {200, UINT16_MAX};

static int check_other(void *context, const struct record *record)
{
    if (record->type == PERF_RECORD_SAMPLE) {
        ck_assert_uint_eq(record->size, *(unsigned *)context ? UINT16_MAX : 200);
        ck_assert_uint_eq(record->bytes[record->size - 1], 0x5a);
    }
    return count_samples(context, record);
}

START_TEST(test_other_event)
{
    static unsigned char raw[UINT16_MAX];
    struct recorded_event events[] = {event(), event()};
    unsigned count = 0;
    uint32_t size;
    size_t at;

    events[1].attribute.sample_type = RECORDED_TYPE | PERF_SAMPLE_CALLCHAIN | PERF_SAMPLE_RAW;
    events[1].ids[0] = 5;
    events[1].id_count = 1;
    memset(raw, 0x5a, sizeof raw);
    begin();
    for (unsigned i = 0; i < 2; i++) {
        at = recorded_begin(&data, PERF_RECORD_SAMPLE, PERF_RECORD_MISC_USER);
        recorded_u64(&data, 5);
        recorded_u64(&data, CODE);
        recorded_u64(&data, PID);
        recorded_u64(&data, 10 + i);
        recorded_u64(&data, 0);
        recorded_u64(&data, 0); /* no chain */
        size = (uint32_t)(sizes_of_others[i] - 4 - (data.size - at));
        recorded_u32(&data, size);
        recorded_put(&data, raw, size);
        recorded_end(&data, at);
    }
    ck_assert_int_eq(convert_events(events, 2, NULL), 0);
    each_record(check_other, &count);
    ck_assert_uint_eq(count, 2);
}
END_TEST

/* Readers need not keep all of a recording in memory. */
START_TEST(test_rounds)
{
    enum { COUNT = 10000 };
    unsigned rounds = 0, records = 0;
    struct datafile file;

    begin();
    for (unsigned i = 0; i < COUNT; i++)
        recorded_name(&data, 5 + i, 0, PID, PID, "name");
    put_sample(20000, PID, 1);
    ck_assert_int_eq(convert_data(NULL), 0);
    file = open_out();
    for (uint64_t at = 0; at < file.header.data.size; records++) {
        const unsigned char *record = file.bytes + file.header.data.offset + at;
        rounds += bytes_u32(record) == RECORDS_FINISHED_ROUND;
        at += bytes_u16(record + 6);
    }
    ck_assert_uint_eq(rounds, 2);
    ck_assert_uint_eq(records, 2 + COUNT + 1 + 2);
    datafile_close(&file);
}
END_TEST

/* -- Failures ------------------------------------------------------------------------------- */

START_TEST(test_declined)
{
    struct recorded_event one = event();
    size_t at;

    begin();
    put_sample(10, PID, 3);
    recorded_whole(&whole, RECORDED_PIPE, &one, 1, &data);
    ck_assert_int_eq(convert_whole(NULL), -ENOTSUP);
    check_nothing_left();
    one.attribute.sample_type = RECORDED_TYPE | PERF_SAMPLE_CALLCHAIN;
    ck_assert_int_eq(convert_events(&one, 1, NULL), -EALREADY);
    check_nothing_left();
    one = event();
    recorded_whole(&whole, RECORDED_FILE, &one, 1, &data);
    memset(whole.bytes + offsetof(struct datafile_header, data.size), 0, 8); /* perf was killed */
    ck_assert_int_eq(convert_whole(NULL), -ENOTSUP);
    check_nothing_left();
    one.attribute.sample_type &= ~(uint64_t)PERF_SAMPLE_CALLCHAIN;
    begin();
    put_sample_of(10, PID, false, 3);
    ck_assert_int_eq(convert_events(&one, 1, NULL), -ENOTSUP);
    check_nothing_left();
    begin();
    at = recorded_begin(&data, RECORDS_AUXTRACE, 0);
    for (int i = 0; i < 5; i++)
        recorded_u64(&data, 0);
    recorded_end(&data, at);
    ck_assert_int_eq(convert_data(NULL), -ENOTSUP);
    check_nothing_left();
}
END_TEST

START_TEST(test_damaged)
{
    struct recorded_event one = event();
    size_t begin_of_last;

    begin();
    begin_of_last = data.size;
    put_sample(10, PID, 3);
    data.bytes[begin_of_last + HEADER + 5 * 8 + 6] = 1; /* a chain of 2^48 */
    ck_assert_int_eq(convert_data(NULL), -EBADMSG);
    check_nothing_left();
    begin();
    begin_of_last = data.size;
    recorded_name(&data, 10, PERF_RECORD_MISC_COMM_EXEC, PID, PID, "name");
    data.size = begin_of_last + HEADER; /* nothing behind the header */
    recorded_end(&data, begin_of_last);
    ck_assert_int_eq(convert_data(NULL), -EBADMSG);
    check_nothing_left();
    recorded_whole(&whole, RECORDED_FILE, &one, 1, &data);
    whole.bytes[0] = 'X';
    ck_assert_int_eq(convert_whole(NULL), -EBADMSG);
    check_nothing_left();
    ck_assert_int_eq(convert("/nonexistent", out, NULL, NULL), -ENOENT);
    check_nothing_left();
}
END_TEST

/* Somebody else's file stays as it is. */
START_TEST(test_exists)
{
    char content[8] = "";
    int fd = open(out, O_RDWR | O_CREAT | O_CLOEXEC, 0600);

    ck_assert_int_eq(write(fd, "theirs", 6), 6);
    begin();
    put_sample(10, PID, 3);
    ck_assert_int_eq(convert_data(NULL), -EEXIST);
    ck_assert_int_eq(pread(fd, content, sizeof content, 0), 6);
    ck_assert_str_eq(content, "theirs");
    close(fd);
}
END_TEST

/* -- The added file ------------------------------------------------------------------------- */

static struct adding {
    unsigned asked, finished;
    int replace, finish; /* what they return */
} adding;

static const char path_added[] = "/srv/added/lines.so";
static const unsigned char id_added[BUILD_ID_MAX] = "twenty bytes of them";

/* Gives the second unwound frame another address, in PID only. */
static int replace(void *context, const struct chain *chain, uint64_t *addresses)
{
    struct adding *state = context;

    state->asked++;
    ck_assert_uint_eq(state->finished, 0);
    ck_assert_uint_eq(chain->recorded, 1);
    ck_assert_uint_eq(addresses[0], chain->frames[1].lookup);
    ck_assert_uint_eq(addresses[1], CODE + 0x100);
    if (chain->sample->pid == PID + 1)
        return 0;
    if (chain->sample->pid == PID + 2)
        addresses[0] = CONVERT_ADDED;
    addresses[1] = CONVERT_ADDED + chain->sample->time;
    return state->replace;
}

static int finish(void *context, struct build_id *build_id)
{
    struct adding *state = context;

    state->finished++;
    build_id->size = sizeof id_added;
    memcpy(build_id->bytes, id_added, sizeof id_added);
    return state->finish;
}

static const struct convert_added added = {.path = path_added,
                                           .offset = 0x10000,
                                           .context = &adding,
                                           .replace = replace,
                                           .finish = finish};

struct seen {
    unsigned mappings, samples;
    uint64_t mapped_at[8], sampled_at[8], second[8];
    uint32_t pids[8];
};

static void see_mapping(struct seen *seen, const struct record *record)
{
    const unsigned char *bytes = record->bytes + HEADER;

    if (strcmp((const char *)bytes + 64, path_added) != 0)
        return;
    ck_assert_uint_eq(record->misc, PERF_RECORD_MISC_USER | 1 << 14); /* with a build-id */
    ck_assert_uint_eq(bytes_u32(bytes + 4), bytes_u32(bytes));
    ck_assert_uint_eq(bytes_u64(bytes + 8), CONVERT_ADDED);
    ck_assert_uint_eq(bytes_u64(bytes + 16), CONVERT_ADDED_SIZE);
    ck_assert_uint_eq(bytes_u64(bytes + 24), 0x10000);
    ck_assert_uint_eq(bytes[32], BUILD_ID_MAX);
    ck_assert_mem_eq(bytes + 36, id_added, BUILD_ID_MAX);
    ck_assert_uint_eq(bytes_u32(bytes + 56), 5);            /* PROT_READ | PROT_EXEC */
    ck_assert_uint_eq(record->size, HEADER + 64 + 24 + 32); /* its trailer has 32 */
    seen->pids[seen->mappings] = bytes_u32(bytes);
    seen->mapped_at[seen->mappings++] = record->time;
}

static int see(void *context, const struct record *record)
{
    struct seen *seen = context;
    struct sample sample;

    if (record->type == PERF_RECORD_MMAP2)
        see_mapping(seen, record);
    if (record->type != PERF_RECORD_SAMPLE)
        return 0;
    ck_assert_int_eq(sample_read(&sample, record), 0);
    ck_assert_uint_eq(sample.ip, sample.pid == PID + 2 ? CONVERT_ADDED : CODE + 1);
    ck_assert_uint_eq(bytes_u64(sample.chain + 3 * 8), sample.ip);
    seen->second[seen->samples] = bytes_u64(sample.chain + 4 * 8);
    seen->sampled_at[seen->samples++] = sample.time;
    return 0;
}

START_TEST(test_added)
{
    static const uint64_t mapped_at[] = {10, 12, 15};
    static const uint32_t pids[] = {PID, PID + 2, PID};
    struct seen seen = {.mappings = 0};

    begin();
    recorded_mapping(&data, 1, PID + 2, CODE, 0x1000, 0, "/nonexistent/program");
    put_sample(10, PID, 3);
    put_sample(11, PID + 1, 3); /* nothing replaced: it needs none */
    put_sample(12, PID + 2, 3);
    put_sample(13, PID, 3);
    recorded_name(&data, 13, 0, PID, PID, "a name"); /* no exec */
    put_sample(14, PID, 3);
    recorded_name(&data, 14, PERF_RECORD_MISC_COMM_EXEC, PID, PID, "another");
    recorded_mapping(&data, 14, PID, CODE, 0x2000, 0, "/nonexistent/other");
    put_sample(15, PID, 3);
    put_sample(16, PID, 3);
    put_sample(17, PID + 2, 3);
    adding.replace = 1;
    ck_assert_int_eq(convert_data(&added), 0);
    ck_assert_uint_eq(adding.asked, 8);
    ck_assert_uint_eq(adding.finished, 1);
    each_record(see, &seen);
    ck_assert_uint_eq(seen.mappings, 3);
    ck_assert_mem_eq(seen.mapped_at, mapped_at, sizeof mapped_at);
    ck_assert_mem_eq(seen.pids, pids, sizeof pids);
    ck_assert_uint_eq(seen.samples, 8);
    for (unsigned i = 0; i < 8; i++) {
        ck_assert_uint_eq(seen.sampled_at[i], 10 + i);
        ck_assert_uint_eq(seen.second[i], i == 1 ? CODE + 0x100 : CONVERT_ADDED + 10 + i);
    }
}
END_TEST

/* For a recording without Python. */
START_TEST(test_added_nothing)
{
    struct seen seen = {.mappings = 0};

    begin();
    put_sample(10, PID + 1, 3);
    adding.replace = 1;
    ck_assert_int_eq(convert_data(&added), 0);
    ck_assert_uint_eq(adding.finished, 1);
    each_record(see, &seen);
    ck_assert_uint_eq(seen.mappings, 0);
    ck_assert_uint_eq(seen.samples, 1);
}
END_TEST

START_TEST(test_added_fails)
{
    begin();
    put_sample(10, PID, 3);
    adding.replace = -ENOMEM;
    ck_assert_int_eq(convert_data(&added), -ENOMEM);
    ck_assert_uint_eq(adding.finished, 0);
    check_nothing_left();
    adding.replace = 1;
    adding.finish = -EFBIG;
    ck_assert_int_eq(convert_data(&added), -EFBIG);
    ck_assert_uint_eq(adding.finished, 1);
    check_nothing_left();
}
END_TEST

int main(void)
{
    TCase *tests = tcase_create("convert");

    tcase_add_checked_fixture(tests, make_folder, remove_folder);
    tcase_add_test(tests, test_attributes);
    tcase_add_loop_test(tests, test_attribute_sizes, 0, 4);
    tcase_add_test(tests, test_features);
    tcase_add_test(tests, test_event_descriptions);
    tcase_add_test(tests, test_damaged_descriptions);
    tcase_add_loop_test(tests, test_chain, 0, 4);
    tcase_add_test(tests, test_no_stack);
    tcase_add_test(tests, test_other_event);
    tcase_add_test(tests, test_rounds);
    tcase_add_test(tests, test_declined);
    tcase_add_test(tests, test_damaged);
    tcase_add_test(tests, test_exists);
    tcase_add_test(tests, test_added);
    tcase_add_test(tests, test_added_nothing);
    tcase_add_test(tests, test_added_fails);
    return run_case("convert", tests);
}
