/* slot.c and the code table: who gets a row, where, and when there are no more. */
#include <linux/seccomp.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "code_rows.h"
#include "slot_probe.h"
#include "support.h"

enum { LINES = 100 };

static struct code_row *rows;

static const char *start(unsigned lines)
{
    const char *directory = support_directory();
    probe_config.directory = directory;
    support_own_map();
    ck_assert_int_eq(pyperf_slots_start(&probe_config, lines), 0);
    return directory;
}

static pyperf_slot_fn name(const char *qualname, uintptr_t bytecode, size_t lines_size)
{
    static char lines[PYPERF_CODE_LINES_MAX + 1];
    struct pyperf_symbol symbol = {qualname, strlen(qualname), "m.py", 4};
    struct pyperf_code code = {.bytecode = bytecode,
                               .lines = lines,
                               .lines_size = lines_size,
                               .length = 20,
                               .first_line = 7,
                               .lines_format = PYPERF_LINES_3_11};
    return pyperf_slot_for(&symbol, &code);
}

static const char *image_number(const char *directory, pid_t process, unsigned number)
{
    char prefix[64];
    snprintf(prefix, sizeof prefix, "pyperf-%d-%u-", process, number);
    return support_only_file(directory, prefix);
}

static size_t read_image(const char *directory, unsigned number)
{
    free(rows);
    return code_rows_read(image_number(directory, getpid(), number), &rows);
}

START_TEST(each_code_object_has_a_row)
{
    const char *directory = start(LINES);
    name("f", 160, 10);
    name("g", 320, 0);
    name("g", 480, 3);
    name("f", 160, 10); /* the first look-up of an old one: it may come again */
    name("f", 160, 10); /* but not each time */
    ck_assert_uint_eq(read_image(directory, 0), 4);
    const struct pyperf_code_row expected[] = {{160, 20, 7, 10, 0, 6},
                                               {320, 20, 7, 0, 1, 6},
                                               {480, 20, 7, 3, 1, 6},
                                               {160, 20, 7, 10, 0, 6}};
    for (int i = 0; i < 4; i++) {
        ck_assert_int_eq(memcmp(&rows[i].row, &expected[i], sizeof expected[i]), 0);
        ck_assert_uint_eq(rows[i].format, PYPERF_LINES_3_11);
    }
}
END_TEST

START_TEST(the_time_of_a_shared_slots_row_is_exact)
{
    const char *directory = start(LINES);
    struct timespec before, after;
    name("f", 160, 10);
    clock_gettime(CLOCK_MONOTONIC, &before);
    name("f", 320, 10);
    clock_gettime(CLOCK_MONOTONIC, &after);
    name("g", 480, 10); /* by a clock that is behind */
    ck_assert_uint_eq(read_image(directory, 0), 3);
    ck_assert_uint_le(rows[0].time, rows[1].time);
    ck_assert_uint_ge(rows[1].time, before.tv_sec * 1000000000UL + before.tv_nsec);
    ck_assert_uint_le(rows[1].time, after.tv_sec * 1000000000UL + after.tv_nsec);
    ck_assert_uint_ge(rows[2].time, rows[1].time);
}
END_TEST

static pyperf_slot_fn name_twin(const char *qualname, uint32_t first_line, const char *lines)
{
    struct pyperf_symbol symbol = {qualname, strlen(qualname), "m.py", 4};
    struct pyperf_code code = {.bytecode = 160,
                               .lines = lines,
                               .lines_size = strlen(lines),
                               .length = 20,
                               .first_line = first_line,
                               .lines_format = PYPERF_LINES_3_10,
                               .shared = true};
    return pyperf_slot_for(&symbol, &code);
}

/* At one address at a time: the slot tells them apart, and the name is the same. */
START_TEST(code_objects_with_one_bytecode_have_a_slot_each)
{
    const char *directory = start(LINES);
    pyperf_slot_fn slots[] = {name_twin("f", 7, "ab"), name_twin("f", 8, "ab"),
                              name_twin("f", 7, "ac"), name_twin("g", 7, "ab")};
    for (int i = 0; i < 4; i++)
        for (int j = 0; j < i; j++)
            ck_assert(slots[i] != slots[j]);
    ck_assert(name_twin("f", 7, "ab") == slots[0]);
    ck_assert(name_twin("f", 8, "ab") == slots[1]);
    ck_assert(name("f", 320, 10) == slots[0]); /* its own bytecode tells it */
    size_t count = read_image(directory, 0);
    ck_assert_uint_ge(count, 5);
    for (size_t i = 0; i < 3; i++) {
        ck_assert_uint_eq(rows[i].row.slot, i);
        ck_assert_uint_eq(rows[i].row.bytecode, 160);
    }
}
END_TEST

START_TEST(twins_beyond_the_limit_share_the_slot_of_their_name)
{
    enum { TWINS_MOST = 4096 };
    start(LINES);
    pyperf_slot_fn first = name_twin("f", 0, "ab");
    for (unsigned line = 1; line <= TWINS_MOST; line++)
        ck_assert(name_twin("f", line, "ab") != first);
    ck_assert(name_twin("f", TWINS_MOST + 1, "ab") == first);
    ck_assert(name_twin("f", TWINS_MOST, "ab") != first); /* keeps what it has */
    ck_assert(name_twin("f", 0, "ab") == first);
}
END_TEST

/* A, then B over a part of it, then A again: the last row of their slot says who is there.  What
 * another slot has there does not count. */
START_TEST(an_address_belongs_to_the_newest_row_of_its_slot)
{
    const char *directory = start(LINES);
    name("a", 1600, 1);
    name("a", 160, 1);
    name("a", 176, 2);
    name("a", 160, 1);
    name("b", 160, 1);
    name("a", 160, 1);
    ck_assert_uint_eq(read_image(directory, 0), 5);
    ck_assert_uint_eq(rows[3].row.slot, 0);
    ck_assert_uint_eq(rows[3].row.bytecode, 160);
    ck_assert_uint_eq(rows[4].row.slot, 1);
}
END_TEST

START_TEST(a_row_that_does_not_fit_is_in_the_next_image)
{
    const char *directory = start(LINES);
    name("f", 160, 10);
    name("f", 320, PYPERF_CODE_LINES_MAX);
    name("f", 480, 20);
    name("g", 640, PYPERF_CODE_LINES_MAX);
    ck_assert_uint_eq(read_image(directory, 0), 1);
    ck_assert_uint_eq(read_image(directory, 1), 2);
    ck_assert_uint_eq(rows[0].row.bytecode, 320);
    ck_assert_uint_eq(rows[0].row.lines_size, PYPERF_CODE_LINES_MAX);
    ck_assert_uint_eq(rows[0].row.slot, PYPERF_CODE_ELSEWHERE);
    ck_assert_uint_eq(rows[0].elsewhere, rows[1].elsewhere);
    ck_assert_uint_eq(read_image(directory, 2), 1);
    ck_assert_uint_eq(rows[0].row.slot, 0);
}
END_TEST

START_TEST(a_line_table_that_is_too_large_is_left_out)
{
    const char *directory = start(LINES);
    name("f", 160, PYPERF_CODE_LINES_MAX + 1);
    ck_assert_uint_eq(read_image(directory, 0), 1);
    ck_assert_uint_eq(rows[0].row.lines_size, 0);
    ck_assert_uint_eq(rows[0].row.first_line, 7);
}
END_TEST

START_TEST(the_table_ends_and_says_so)
{
    const char *directory = start(LINES);
    enum { ROWS = PYPERF_CODE_SHARED_MOST / PYPERF_CODE_LINES_MAX };
    for (uintptr_t i = 0; i < 2 * ROWS; i++)
        name("f", 160 + i * 16, PYPERF_CODE_LINES_MAX);
    name("g", 160, 10); /* what has a slot of its own goes on */
    size_t images = support_count_files(directory, "pyperf-"), total = 0, count = 0;
    for (unsigned i = 0; i < images; i++)
        total += count = read_image(directory, i);
    ck_assert_uint_ge(total, ROWS);
    ck_assert_uint_le(total, ROWS + 3);
    ck_assert_uint_eq(rows[count - 2].row.slot, PYPERF_CODE_END);
    ck_assert_uint_ge(rows[count - 2].row.bytecode, rows[count - 3].time);
    ck_assert_uint_eq(rows[count - 1].row.bytecode, 160);
}
END_TEST

/* Whose memory is used from then on, nobody can tell. */
START_TEST(without_another_image_the_table_ends)
{
    enum { MANY = 1000 };
    const char *directory = start(LINES);
    const struct rlimit none = {4096, 4096};
    name("f", 160, 10);
    name("f", 320, 10);
    ck_assert_int_eq(setrlimit(RLIMIT_FSIZE, &none), 0);
    for (unsigned i = 0; i < MANY; i++)
        probe_slot_numbered(i);
    name("f", 176, 20);
    size_t count = read_image(directory, 0);
    ck_assert_uint_eq(count, 3);
    ck_assert_uint_eq(rows[2].row.slot, PYPERF_CODE_END);
    ck_assert_uint_ge(rows[2].row.bytecode, rows[1].time);
}
END_TEST

START_TEST(without_a_table_there_are_no_rows)
{
    const char *directory = start(0);
    probe_slot_numbered(1);
    ck_assert_uint_eq(read_image(directory, 0), 0);
}
END_TEST

static pyperf_slot_fn inherited;
static const char *folder;

static void describe_in_child(void *unused)
{
    (void)unused;
    if (name("f", 320, 5) != inherited)
        _exit(1);
    if (read_image(folder, 0) != 1 || rows[0].row.bytecode != 320)
        _exit(2);
    if (rows[0].row.slot != PYPERF_CODE_ELSEWHERE || rows[0].elsewhere != (uintptr_t)inherited)
        _exit(3);
    char *path = support_map_path();
    unlink(path);
    free(path);
}

START_TEST(a_forked_child_describes_in_its_own_image)
{
    folder = start(LINES);
    ck_assert_int_eq(pthread_atfork(pyperf_slots_before_fork, pyperf_slots_after_fork_in_parent,
                                    pyperf_slots_after_fork_in_child),
                     0);
    inherited = name("f", 160, 10);
    support_child_succeeds(describe_in_child, NULL);
    ck_assert_uint_eq(read_image(folder, 0), 1);
    ck_assert_uint_eq(rows[0].row.bytecode, 160);
}
END_TEST

START_TEST(a_small_programs_image_is_small)
{
    enum { MOST = 64 << 10 };
    static const unsigned usual[] = {0, 24};
    for (int i = 0; i < 2; i++) {
        struct stat status;
        const char *directory = support_directory();
        pid_t child = fork();
        ck_assert_int_ge(child, 0);
        if (child == 0) {
            probe_config.directory = directory;
            _exit(pyperf_slots_start(&probe_config, usual[i]) != 0);
        }
        ck_assert_int_eq(waitpid(child, NULL, 0), child);
        ck_assert_int_eq(stat(image_number(directory, child, 0), &status), 0);
        ck_assert_int_lt(status.st_blocks * 512, MOST);
    }
}
END_TEST

/* -- Contexts ------------------------------------------------------------------------------- */

static uint64_t tell(uint64_t parent, unsigned count, uint64_t position)
{
    static struct pyperf_context_row context;
    context.parent = parent;
    for (unsigned i = 0; i < count; i++)
        context.frames[i] = (struct pyperf_context_frame){0x1000 + i, position + i};
    return pyperf_slots_context(&context, count);
}

START_TEST(a_context_is_told_once)
{
    const char *directory = start(LINES);
    uint64_t root = tell(0, 3, 100), inner = tell(root, PYPERF_CONTEXT_FRAMES, 200);
    ck_assert_uint_ne(root, 0);
    ck_assert_uint_ne(inner, root);
    ck_assert_uint_eq(tell(0, 3, 100), root);
    ck_assert_uint_eq(tell(root, PYPERF_CONTEXT_FRAMES, 200), inner);
    ck_assert_uint_ne(tell(0, 3, 101), root);
    ck_assert_uint_ne(tell(inner, 3, 100), root);
    ck_assert_uint_ne(tell(0, 0, 0), 0); /* C has called */
    ck_assert_uint_eq(read_image(directory, 0), 5);
    ck_assert_uint_eq(rows[0].row.slot, PYPERF_CODE_CONTEXT);
    ck_assert_uint_eq(rows[0].row.bytecode, root);
    ck_assert_uint_eq(rows[0].row.length, 3);
    ck_assert_uint_eq(rows[0].row.lines_size, 8 + 3 * sizeof(struct pyperf_context_frame));
    struct pyperf_context_row told;
    memcpy(&told, rows[0].lines, rows[0].row.lines_size);
    ck_assert_uint_eq(told.parent, 0);
    for (unsigned i = 0; i < 3; i++) {
        ck_assert_uint_eq(told.frames[i].slot, 0x1000 + i);
        ck_assert_uint_eq(told.frames[i].position, 100 + i);
    }
    memcpy(&told.parent, rows[1].lines, sizeof told.parent);
    ck_assert_uint_eq(told.parent, root);
}
END_TEST

static void tell_in_child(void *directory)
{
    uint64_t old = tell(0, 3, 100);
    ck_assert_uint_eq(support_count_files(directory, "pyperf-"), 1); /* the parent's says it */
    ck_assert_uint_ne(tell(old, 3, 100), 0);
    ck_assert_uint_eq(read_image(directory, 0), 1);
    ck_assert_uint_eq(rows[0].row.slot, PYPERF_CODE_CONTEXT);
}

START_TEST(a_childs_contexts_go_on_from_its_parents)
{
    const char *directory = start(LINES);
    tell(0, 3, 100);
    pyperf_slots_before_fork();
    pid_t child = fork();
    if (child == 0) {
        pyperf_slots_after_fork_in_child();
        tell_in_child((void *)directory);
        _exit(0);
    }
    int status;
    ck_assert_int_eq(waitpid(child, &status, 0), child);
    ck_assert_int_eq(status, 0);
}
END_TEST

START_TEST(contexts_are_bounded)
{
    start(LINES);
    uint64_t told = 0, bytes = 0;
    while (tell(0, PYPERF_CONTEXT_FRAMES, 1000 * (told + 1)) != 0) {
        told++;
        bytes += sizeof(struct pyperf_context_row) + sizeof(struct pyperf_code_row);
        ck_assert_uint_le(bytes, PYPERF_CODE_CONTEXT_MOST);
    }
    ck_assert_uint_gt(bytes, PYPERF_CODE_CONTEXT_MOST / 2);
    ck_assert_uint_ne(tell(0, PYPERF_CONTEXT_FRAMES, 1000), 0); /* those that were told, hold */
    ck_assert_ptr_ne(name("f", 160, 10), NULL);                 /* and functions have names */
}
END_TEST

/* -- In a sandbox ---------------------------------------------------------------------------- */

/* Whatever has to grow has done so before.  Strict mode answers any system call but read, write
 * and exit with SIGKILL. */
static void go_on_in_a_sandbox(void *unused)
{
    enum { NEW = 2000 };
    (void)unused;
    name("first", 160, 10);
    pyperf_slots_sandbox();
    if (prctl(PR_SET_SECCOMP, SECCOMP_MODE_STRICT) != 0)
        _exit(1);
    for (unsigned i = 0; i < NEW; i++) {
        char qualname[] = "sandboxed_0000";
        for (unsigned digit = 0, left = i; digit < 4; digit++, left /= 10)
            qualname[sizeof qualname - 2 - digit] = (char)('0' + left % 10);
        name(qualname, 16000 + i * 64UL, 10);
        name("shared", 1600000 + i * 64UL, 10);
        tell(0, 3, i);
    }
    syscall(SYS_exit, 0);
}

START_TEST(a_sandboxed_process_asks_nothing_of_the_kernel)
{
    enum { BEFORE = 1000 };
    start(LINES);
    for (unsigned i = 0; i < BEFORE; i++)
        probe_slot_numbered(i);
    support_child_succeeds(go_on_in_a_sandbox, NULL);
}
END_TEST

SUPPORT_MAIN(a_context_is_told_once, a_childs_contexts_go_on_from_its_parents, contexts_are_bounded,
             each_code_object_has_a_row, the_time_of_a_shared_slots_row_is_exact,
             code_objects_with_one_bytecode_have_a_slot_each,
             twins_beyond_the_limit_share_the_slot_of_their_name,
             an_address_belongs_to_the_newest_row_of_its_slot,
             a_row_that_does_not_fit_is_in_the_next_image,
             a_line_table_that_is_too_large_is_left_out, the_table_ends_and_says_so,
             without_another_image_the_table_ends, without_a_table_there_are_no_rows,
             a_forked_child_describes_in_its_own_image, a_small_programs_image_is_small,
             a_sandboxed_process_asks_nothing_of_the_kernel)
