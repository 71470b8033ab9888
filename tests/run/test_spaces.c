/* What records tell of processes: mappings, names, fork and exec. */
#include "recorded.h"
#include "recording/bytes.h"
#include "recording/spaces.h"
#include "suite.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>

enum { TIME = 1000, HEADER = sizeof(struct perf_event_header) };

static struct spaces spaces;
static struct recorded data;
static char paths[64][32]; /* a mapping's module is its path here */
static struct build_id ids[64];
static size_t path_count;

static void *found(void *context, uint32_t pid, const char *path, const struct build_id *id)
{
    ck_assert_ptr_eq(context, &spaces);
    ck_assert_uint_ne(pid, 0);
    ids[path_count] = *id;
    snprintf(paths[path_count], sizeof paths[0], "%s", path);
    return paths[path_count++];
}

/* The records of `data`, each with this time. */
static int take(uint64_t time)
{
    int rc = 0;

    for (size_t at = 0; rc == 0 && at < data.size;) {
        const unsigned char *bytes = data.bytes + at;
        struct record record = {.type = bytes_u32(bytes),
                                .misc = bytes_u16(bytes + 4),
                                .size = bytes_u16(bytes + 6),
                                .bytes = bytes,
                                .time = time};
        rc = spaces_take(&spaces, &record);
        at += record.size;
    }
    data.size = 0;
    return rc;
}

static void map(uint32_t pid, uint64_t start, uint64_t end, uint64_t offset, const char *path)
{
    recorded_mapping(&data, TIME, pid, start, end - start, offset, path);
    ck_assert_int_eq(take(TIME), 0);
}

static void check(uint32_t pid, uint64_t address, const char *path, uint64_t offset)
{
    const struct mapping *mapping = space_mapping(spaces_find(&spaces, pid), address);

    if (!path) {
        ck_assert_ptr_null(mapping);
        return;
    }
    ck_assert_ptr_nonnull(mapping);
    ck_assert_str_eq(mapping->module, path);
    ck_assert_uint_eq(address - mapping->start + mapping->offset, offset);
}

START_TEST(test_mappings)
{
    map(1, 0x1000, 0x3000, 0x500, "a");
    map(1, 0x8000, 0x9000, 0, "c");
    map(1, 0x5000, 0x6000, 0, "b");
    check(1, 0xfff, NULL, 0);
    check(1, 0x1000, "a", 0x500);
    check(1, 0x2fff, "a", 0x24ff);
    check(1, 0x3000, NULL, 0);
    check(1, 0x5abc, "b", 0xabc);
    check(1, 0x8000, "c", 0);
    check(1, UINT64_MAX, NULL, 0);
    check(2, 0x1000, NULL, 0);
}
END_TEST

/* What lies below a new mapping is gone, and what stands out of it stays. */
START_TEST(test_overlaps)
{
    map(1, 0x1000, 0x9000, 0x100000, "old");
    map(1, 0x3000, 0x4000, 0, "inside");
    check(1, 0x2fff, "old", 0x101fff);
    check(1, 0x3000, "inside", 0);
    check(1, 0x3fff, "inside", 0xfff);
    check(1, 0x4000, "old", 0x103000);
    check(1, 0x8fff, "old", 0x107fff);
    map(1, 0x2000, 0x6000, 0, "across");
    check(1, 0x1fff, "old", 0x100fff);
    check(1, 0x2000, "across", 0);
    check(1, 0x3000, "across", 0x1000);
    check(1, 0x5fff, "across", 0x3fff);
    check(1, 0x6000, "old", 0x105000);
    map(1, 0, 0x10000, 0, "all");
    for (uint64_t address = 0; address < 0x10000; address += 0x800)
        check(1, address, "all", address);
    map(1, 0, 0x10000, 7, "same");
    check(1, 0x5000, "same", 0x5007);
}
END_TEST

START_TEST(test_neighbours_stay)
{
    map(1, 0x1000, 0x2000, 0, "left");
    map(1, 0x3000, 0x4000, 0, "right");
    map(1, 0x2000, 0x3000, 0, "middle");
    check(1, 0x1fff, "left", 0xfff);
    check(1, 0x2000, "middle", 0);
    check(1, 0x3000, "right", 0);
}
END_TEST

START_TEST(test_many_mappings)
{
    for (uint64_t i = 0; i < 60; i++) /* more than there is room for at first; not in order */
        map(1, (i * 37 % 60) * 0x1000, (i * 37 % 60 + 1) * 0x1000, i, "x");
    for (uint64_t i = 0; i < 60; i++)
        check(1, (i * 37 % 60) * 0x1000, "x", i);
}
END_TEST

START_TEST(test_fork)
{
    map(1, 0x1000, 0x2000, 0, "parent");
    recorded_fork(&data, TIME, 2, 1, 2, 1);
    ck_assert_int_eq(take(TIME), 0);
    check(2, 0x1000, "parent", 0);
    map(2, 0x1000, 0x2000, 0, "child");
    check(1, 0x1000, "parent", 0);
    check(2, 0x1000, "child", 0);
    map(1, 0x4000, 0x5000, 0, "later");
    check(2, 0x4000, NULL, 0);
    /* The pid is used again: nothing is left of its last process. */
    recorded_fork(&data, TIME, 2, 1, 2, 1);
    ck_assert_int_eq(take(TIME), 0);
    check(2, 0x1000, "parent", 0);
    check(2, 0x4000, "later", 0);
}
END_TEST

START_TEST(test_thread_shares)
{
    map(1, 0x1000, 0x2000, 0, "first");
    recorded_fork(&data, TIME, 1, 1, 5, 1);
    ck_assert_int_eq(take(TIME), 0);
    check(1, 0x1000, "first", 0);
    check(5, 0x1000, NULL, 0); /* spaces belong to processes */
}
END_TEST

/* Who mapped it, and when it was first handed on. */
START_TEST(test_inherited)
{
    enum { BEFORE, PARENT = 1, CHILD, GRANDCHILD };
    const struct mapping *mapping;

    recorded_mapping(&data, BEFORE, PARENT, 0x1000, 0x1000, 0, "old");
    ck_assert_int_eq(take(BEFORE), 0);
    recorded_fork(&data, TIME, CHILD, PARENT, CHILD, PARENT);
    ck_assert_int_eq(take(TIME), 0);
    map(CHILD, 0x2000, 0x3000, 0, "new");
    recorded_fork(&data, 2 * TIME, GRANDCHILD, CHILD, GRANDCHILD, CHILD);
    ck_assert_int_eq(take(2 * TIME), 0);
    for (uint32_t pid = PARENT; pid <= GRANDCHILD; pid++) {
        mapping = space_mapping(spaces_find(&spaces, pid), 0x1000);
        ck_assert_uint_eq(mapping->pid, PARENT);
        ck_assert_uint_eq(mapping->since, BEFORE);
        ck_assert_uint_eq(mapping->forked, pid == PARENT ? 0 : TIME);
    }
    for (uint32_t pid = CHILD; pid <= GRANDCHILD; pid++) {
        mapping = space_mapping(spaces_find(&spaces, pid), 0x2000);
        ck_assert_uint_eq(mapping->pid, CHILD);
        ck_assert_uint_eq(mapping->since, TIME);
        ck_assert_uint_eq(mapping->forked, pid == CHILD ? 0 : 2 * TIME);
    }
}
END_TEST

/* perf tells of processes that ran before; their mappings follow, or came already. */
START_TEST(test_fork_without_time)
{
    map(1, 0x1000, 0x2000, 0, "parent");
    map(2, 0x5000, 0x6000, 0, "own");
    recorded_fork(&data, 0, 2, 1, 2, 1);
    ck_assert_int_eq(take(0), 0);
    check(2, 0x1000, NULL, 0);
    check(2, 0x5000, "own", 0);
}
END_TEST

START_TEST(test_exec)
{
    map(1, 0x1000, 0x2000, 0, "before");
    recorded_name(&data, TIME, 0, 1, 1, "renamed");
    ck_assert_int_eq(take(TIME), 0);
    check(1, 0x1000, "before", 0);
    recorded_name(&data, TIME, PERF_RECORD_MISC_COMM_EXEC, 1, 1, "other");
    ck_assert_int_eq(take(TIME), 0);
    check(1, 0x1000, NULL, 0);
    map(1, 0x5000, 0x6000, 0, "after");
    check(1, 0x5000, "after", 0);
}
END_TEST

static void check_name(uint32_t tid, const char *name)
{
    char room[16];
    ck_assert_str_eq(spaces_thread_name(&spaces, tid, room), name);
}

START_TEST(test_names)
{
    check_name(7, ":7");
    check_name(0, "swapper");
    check_name(UINT32_MAX, ":4294967295");
    recorded_name(&data, TIME, 0, 1, 1, "main");
    recorded_fork(&data, TIME, 1, 1, 2, 1);
    ck_assert_int_eq(take(TIME), 0);
    check_name(2, "main");
    recorded_name(&data, TIME, 0, 1, 2, "worker");
    recorded_fork(&data, TIME, 9, 1, 9, 2); /* a thread forks */
    ck_assert_int_eq(take(TIME), 0);
    check_name(1, "main");
    check_name(2, "worker");
    check_name(9, "worker");
    recorded_name(&data, TIME, 0, 1, 2, "");
    ck_assert_int_eq(take(TIME), 0);
    check_name(2, "");
}
END_TEST

/* PERF_RECORD_MMAP2 with a build-id, or with inode and protection. */
static void map2(uint16_t misc, uint32_t protection, const char *path)
{
    size_t begin = recorded_begin(&data, PERF_RECORD_MMAP2, misc);

    recorded_u32(&data, 1);
    recorded_u32(&data, 1);
    recorded_u64(&data, 0x1000);
    recorded_u64(&data, 0x1000);
    recorded_u64(&data, 0);
    recorded_put(&data, "\x14\0\0\0abcdefghijklmnopqrst", 24);
    recorded_u32(&data, protection);
    recorded_u32(&data, MAP_PRIVATE);
    recorded_text(&data, path);
    recorded_end(&data, begin);
}

START_TEST(test_mmap2)
{
    map2(PERF_RECORD_MISC_USER, PROT_READ | PROT_EXEC, "code");
    ck_assert_int_eq(take(TIME), 0);
    check(1, 0x1000, "code", 0);
    ck_assert_uint_eq(ids[0].size, 0);
    map2(PERF_RECORD_MISC_USER | 1 << 14, PROT_READ | PROT_EXEC, "named");
    ck_assert_int_eq(take(TIME), 0);
    check(1, 0x1000, "named", 0);
    ck_assert_uint_eq(ids[1].size, 20);
    ck_assert_mem_eq(ids[1].bytes, "abcdefghijklmnopqrst", 20);
    map2(PERF_RECORD_MISC_USER, PROT_READ, "data");
    map2(PERF_RECORD_MISC_USER | PERF_RECORD_MISC_MMAP_DATA, 0, "data");
    map2(PERF_RECORD_MISC_KERNEL, PROT_EXEC, "kernel");
    ck_assert_int_eq(take(TIME), 0);
    check(1, 0x1000, "named", 0);
    ck_assert_uint_eq(path_count, 2);
}
END_TEST

/* A size that is none must not be copied by. */
START_TEST(test_build_id_size)
{
    map2(PERF_RECORD_MISC_USER | 1 << 14, PROT_EXEC, "x");
    data.bytes[HEADER + 32] = 21;
    ck_assert_int_eq(take(TIME), 0);
    ck_assert_uint_eq(ids[0].size, 0);
}
END_TEST

START_TEST(test_damage)
{
    static const uint32_t types[] = {PERF_RECORD_MMAP, PERF_RECORD_MMAP2, PERF_RECORD_COMM,
                                     PERF_RECORD_FORK};
    static const size_t least[] = {HEADER + 32, HEADER + 64, HEADER + 8, HEADER + 16};

    for (size_t i = 0; i < 4; i++)
        for (size_t size = HEADER; size <= least[i]; size += 4) {
            size_t begin = recorded_begin(&data, types[i], 0);
            while (data.size < size)
                recorded_u32(&data, 1);
            recorded_end(&data, begin);
            ck_assert_int_eq(take(TIME),
                             types[i] == PERF_RECORD_FORK && size == least[i] ? 0 : -EBADMSG);
        }
    for (size_t i = 0; i < 3; i++) { /* a name that does not end */
        size_t begin = recorded_begin(&data, types[i], 0);
        while (data.size < least[i] + 8)
            recorded_u32(&data, UINT32_MAX);
        recorded_end(&data, begin);
        ck_assert_int_eq(take(TIME), -EBADMSG);
    }
    map(1, 0x1000, 0x1000, 0, "empty");
    map(1, 0x1000, 0x500, 0, "around the end of memory");
    ck_assert_uint_eq(path_count, 0);
}
END_TEST

static void set_up(void)
{
    spaces = (struct spaces){.found = found, .context = &spaces};
    data.size = path_count = 0;
}

static void tear_down(void)
{
    spaces_free(&spaces);
}

int main(void)
{
    TCase *tests = tcase_create("spaces");

    tcase_add_checked_fixture(tests, set_up, tear_down);
    tcase_add_test(tests, test_mappings);
    tcase_add_test(tests, test_overlaps);
    tcase_add_test(tests, test_neighbours_stay);
    tcase_add_test(tests, test_many_mappings);
    tcase_add_test(tests, test_fork);
    tcase_add_test(tests, test_inherited);
    tcase_add_test(tests, test_thread_shares);
    tcase_add_test(tests, test_fork_without_time);
    tcase_add_test(tests, test_exec);
    tcase_add_test(tests, test_names);
    tcase_add_test(tests, test_mmap2);
    tcase_add_test(tests, test_build_id_size);
    tcase_add_test(tests, test_damage);
    return run_case("spaces", tests);
}
