/* /tmp/perf-PID.map: its lines, and good manners with descriptors, other people's files, limits. */
#include "perfmap.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "support.h"

enum {
    BUFFER = 32768 /* perfmap.c */,
    LINES_IN_A_BUFFER = BUFFER / 33 + 1 /* the shortest of add() */
};

static int add_line(unsigned i, bool now)
{
    char name[64];
    int length = snprintf(name, sizeof name, "py::f%u:/srv/a b.py", i);
    return pyperf_map_add(0x7f0000000000 + i * 16, 16, name, (size_t)length, now);
}

static int add(unsigned i)
{
    return add_line(i, true);
}

static char *begin(void)
{
    support_own_map();
    return support_map_path();
}

static void check_lines(const char *path, unsigned first, unsigned end)
{
    char *map = support_read(path, NULL);
    ck_assert_ptr_nonnull(map);
    char *at = map;
    for (unsigned i = first; i < end; i++) {
        char expected[96];
        snprintf(expected, sizeof expected, "%lx 10 py::f%u:/srv/a b.py\n",
                 0x7f0000000000 + i * 16UL, i);
        ck_assert_msg(strncmp(at, expected, strlen(expected)) == 0, "%s not at: %s", expected, at);
        at += strlen(expected);
    }
    ck_assert_str_eq(at, "");
    free(map);
}

START_TEST(lines_are_in_perfs_format)
{
    char *path = begin();
    for (unsigned i = 0; i < 100; i++)
        ck_assert_int_eq(add(i), 0);
    check_lines(path, 0, 100);
    free(path);
}
END_TEST

static void write_file(const char *path, const char *text)
{
    FILE *stream = fopen(path, "w");
    ck_assert_ptr_nonnull(stream);
    fputs(text, stream);
    fclose(stream);
}

static void wait_until_due(void)
{
    while (!pyperf_map_is_due())
        usleep(1000);
}

START_TEST(a_line_after_a_pause_is_in_the_file_at_once)
{
    char *path = begin();
    ck_assert_int_eq(add_line(0, false), 0);
    check_lines(path, 0, 1);
    wait_until_due();
    ck_assert_int_eq(add_line(1, false), 0);
    ck_assert(!pyperf_map_waiting());
    check_lines(path, 0, 2);
    free(path);
}
END_TEST

START_TEST(a_burst_is_appended_when_it_is_due)
{
    char *path = begin();
    unsigned lines = 0;
    do /* the ticks of the clock may come between two lines */
        ck_assert_int_eq(add_line(lines++, false), 0);
    while (!pyperf_map_waiting() && lines < 1000);
    ck_assert(pyperf_map_waiting());
    wait_until_due();
    ck_assert_int_eq(pyperf_map_flush(), 0);
    ck_assert(!pyperf_map_waiting());
    check_lines(path, 0, lines);
    free(path);
}
END_TEST

START_TEST(a_burst_of_any_length_is_complete)
{
    char *path = begin();
    for (unsigned i = 0; i < 5 * LINES_IN_A_BUFFER; i++)
        ck_assert_int_eq(add_line(i, false), 0);
    ck_assert_int_eq(pyperf_map_flush(), 0);
    check_lines(path, 0, 5 * LINES_IN_A_BUFFER);
    free(path);
}
END_TEST

START_TEST(the_file_goes_when_it_is_not_kept)
{
    char *path = begin();
    add(0);
    add_line(1, false);
    pyperf_map_remove();
    ck_assert_int_ne(access(path, F_OK), 0);
    add(2); /* a function first seen while the process goes down */
    ck_assert_int_ne(access(path, F_OK), 0);
    free(path);
}
END_TEST

START_TEST(lines_may_be_very_long)
{
    static char name[16384];
    memset(name, 'n', sizeof name);
    char *path = begin();
    for (unsigned i = 0; i < 5; i++)
        ck_assert_int_eq(pyperf_map_add(0x7f0000000000 + i * 16, 16, name, sizeof name, false), 0);
    ck_assert_int_eq(pyperf_map_flush(), 0);
    size_t size;
    free(support_read(path, &size));
    ck_assert_uint_eq(size, 5 * (sizeof "7f0000000000 10 " - 1 + sizeof name + 1));
    free(path);
}
END_TEST

START_TEST(others_may_append)
{
    char *path = begin();
    add(0);
    FILE *stream = fopen(path, "a");
    fputs("7fff0000 10 jit::other\n", stream);
    fclose(stream);
    for (unsigned i = 1; i < 100; i++)
        ck_assert_int_eq(add(i), 0);
    char *map = support_read(path, NULL);
    ck_assert_ptr_nonnull(strstr(map, "\n7fff0000 10 jit::other\n"));
    unsigned lines = 0;
    for (char *line = strtok(map, "\n"); line != NULL; line = strtok(NULL, "\n"))
        lines += strstr(line, "py::f") != NULL;
    ck_assert_uint_eq(lines, 100);
    free(map);
    free(path);
}
END_TEST

/* fopen(path, "w") by the program itself, or by a JIT in it. */
START_TEST(others_may_begin_the_file_anew)
{
    char *path = begin();
    for (unsigned i = 0; i < 3 * LINES_IN_A_BUFFER; i++)
        ck_assert_int_eq(add_line(i, false), 0);
    write_file(path, "");
    for (unsigned i = 0; i < 3 * LINES_IN_A_BUFFER; i++)
        ck_assert_int_eq(add_line(i, false), 0);
    write_file(path, "");
    ck_assert_int_eq(add(7), 0);
    char *map = support_read(path, NULL);
    ck_assert_ptr_nonnull(strstr(map, "70 10 py::f7:/srv/a b.py\n"));
    free(map);
    free(path);
}
END_TEST

START_TEST(addresses_have_no_leading_zeros)
{
    char *path = begin();
    ck_assert_int_eq(pyperf_map_add(0x10000, 0x20, "a", 1, true), 0);
    ck_assert_int_eq(pyperf_map_add(UINTPTR_MAX - 15, 16, "b", 1, true), 0);
    char *map = support_read(path, NULL);
    ck_assert_str_eq(map, "10000 20 a\nfffffffffffffff0 10 b\n");
    free(map);
    free(path);
}
END_TEST

START_TEST(file_is_for_its_owner_only)
{
    umask(0);
    char *path = begin();
    add(0);
    struct stat status;
    ck_assert_int_eq(stat(path, &status), 0);
    ck_assert_uint_eq(status.st_mode, S_IFREG | 0600);
    free(path);
}
END_TEST

START_TEST(a_stale_file_is_replaced)
{
    char *path = begin();
    write_file(path, "1000 10 py::of_an_earlier_process\n");
    add(0);
    check_lines(path, 0, 1);
    free(path);
}
END_TEST

/* -- Planted files -------------------------------------------------------------------------- */

/* Every call fails, and the first says why. */
static void refused(const char *why)
{
    support_log_to_file();
    for (unsigned i = 0; i < 3; i++)
        ck_assert_int_lt(add(i), 0);
    ck_assert_uint_eq(support_logged(""), 1);
    ck_assert_uint_eq(support_logged(why), 1);
}

START_TEST(a_symlink_is_not_followed)
{
    char *path = begin();
    char victim[128];
    snprintf(victim, sizeof victim, "%s/victim", support_directory());
    write_file(victim, "precious");
    ck_assert_int_eq(symlink(victim, path), 0);
    ck_assert_int_eq(add(0), 0); /* the link is ours to replace */
    check_lines(path, 0, 1);
    char *text = support_read(victim, NULL);
    ck_assert_str_eq(text, "precious");
    free(text);
    free(path);
}
END_TEST

START_TEST(a_directory_in_its_place_is_left_alone)
{
    char *path = begin();
    ck_assert_int_eq(mkdir(path, 0700), 0);
    refused("irectory");
    ck_assert_int_eq(rmdir(path), 0);
    free(path);
}
END_TEST

START_TEST(another_users_file_is_left_alone)
{
    if (geteuid() != 0)
        support_skip("becoming another user (run as root)");
    char *path = begin();
    write_file(path, "planted");
    support_log_to_file(); /* while we can */
    ck_assert_int_eq(setresuid(65534, 0, 0), 0);
    ck_assert_int_eq(seteuid(65534), 0);
    for (unsigned i = 0; i < 3; i++)
        ck_assert_int_lt(add(i), 0);
    ck_assert_int_eq(seteuid(0), 0);
    char *text = support_read(path, NULL);
    ck_assert_str_eq(text, "planted");
    free(text);
    free(path);
}
END_TEST

/* -- Descriptors ---------------------------------------------------------------------------- */

static int descriptor_of(const char *path)
{
    struct stat wanted, status;
    ck_assert_int_eq(stat(path, &wanted), 0);
    for (int fd = 0; fd < 1024; fd++)
        if (fstat(fd, &status) == 0 && status.st_ino == wanted.st_ino &&
            status.st_dev == wanted.st_dev)
            return fd;
    return -1;
}

START_TEST(no_descriptor_stays_open)
{
    char *path = begin();
    for (unsigned i = 0; i < 100; i++) {
        ck_assert_int_eq(add(i), 0);
        ck_assert_int_eq(descriptor_of(path), -1);
    }
    free(path);
}
END_TEST

static void use_closed_standard_streams(rlim_t limit)
{
    char *path = begin();
    ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &(struct rlimit){limit, limit}), 0);
    for (int fd = 0; fd < 3; fd++)
        close(fd);
    ck_assert_int_eq(add(0), 0);
    for (int fd = 0; fd < 3; fd++)
        ck_assert_int_eq(fcntl(fd, F_GETFD), -1);
    check_lines(path, 0, 1);
    free(path);
}

START_TEST(standard_streams_that_are_closed_stay_closed)
{
    use_closed_standard_streams(1024);
}
END_TEST

START_TEST(standard_streams_are_spared_with_few_descriptors_too)
{
    use_closed_standard_streams(64);
}
END_TEST

START_TEST(a_file_replaced_meanwhile_is_not_written)
{
    char *path = begin();
    add(0);
    char other[128];
    snprintf(other, sizeof other, "%s/other", support_directory());
    write_file(other, "somebody else's");
    ck_assert_int_eq(rename(other, path), 0); /* not by unlink(): the inode may be used again */
    support_log_to_file();
    ck_assert_int_lt(add(1), 0);
    ck_assert_int_lt(add(2), 0);
    ck_assert_uint_eq(support_logged(""), 1);
    ck_assert_uint_eq(support_logged("replaced"), 1);
    char *text = support_read(path, NULL);
    ck_assert_str_eq(text, "somebody else's");
    free(text);
    free(path);
}
END_TEST

/* -- fork ----------------------------------------------------------------------------------- */

struct child {
    bool copy;
    unsigned first; /* line of the child's map */
};

static void add_in_child(void *argument)
{
    const struct child *child = argument;
    pyperf_map_forked(child->copy);
    if (add(500) != 0)
        _exit(1);
    char *path = support_map_path();
    check_lines(path, child->first, 501);
    unlink(path);
    free(path);
}

static void check_child(struct child child)
{
    char *path = begin();
    for (unsigned i = 0; i < 500; i++)
        add(i);
    support_child_succeeds(add_in_child, &child);
    check_lines(path, 0, 500);
    ck_assert_int_eq(add(500), 0);
    check_lines(path, 0, 501);
    free(path);
}

START_TEST(a_childs_lines_go_to_a_file_of_its_own)
{
    check_child((struct child){.copy = false, .first = 500});
}
END_TEST

START_TEST(a_child_can_begin_with_its_parents_lines)
{
    check_child((struct child){.copy = true, .first = 0});
}
END_TEST

START_TEST(a_child_writes_though_its_parent_could_not)
{
    char *path = begin();
    ck_assert_int_eq(mkdir(path, 0700), 0);
    refused("irectory");
    support_child_succeeds(add_in_child, &(struct child){.first = 500});
    ck_assert_int_eq(rmdir(path), 0);
    free(path);
}
END_TEST

/* -- No room -------------------------------------------------------------------------------- */

/* The map holds whole lines from 0 on, fewer than were tried. */
static unsigned fill_disk(const char *path)
{
    unsigned written = 0;
    while (written < 10000 && add(written) == 0)
        written++;
    ck_assert_uint_gt(written, 0);
    ck_assert_uint_lt(written, 10000);
    check_lines(path, 0, written);
    return written;
}

START_TEST(a_full_disk_leaves_no_half_line)
{
    char *path = begin();
    support_mount_tmpfs("/tmp", "size=160k", 0);
    unsigned written = fill_disk(path);
    ck_assert_int_lt(add(written), 0);
    check_lines(path, 0, written);
    free(path);
}
END_TEST

static void copy_to_full_disk(void *unused)
{
    (void)unused;
    pyperf_map_forked(true);
    add(9999);
    char *path = support_map_path();
    size_t size = 0;
    char *map = support_read(path, &size);
    if (map != NULL && size > 0 && map[size - 1] != '\n')
        _exit(1);
}

START_TEST(a_full_disk_leaves_no_half_line_in_a_child)
{
    char *path = begin();
    support_mount_tmpfs("/tmp", "size=96k", 0);
    for (unsigned i = 0; i < 1500; i++)
        ck_assert_int_eq(add(i), 0);
    support_child_succeeds(copy_to_full_disk, NULL);
    free(path);
}
END_TEST

START_TEST(a_file_size_limit_kills_nobody)
{
    char *path = begin();
    ck_assert_int_eq(setrlimit(RLIMIT_FSIZE, &(struct rlimit){BUFFER, RLIM_INFINITY}), 0);
    unsigned written = 0;
    int status;
    while ((status = add(written)) == 0)
        written++;
    /* check itself writes to files */
    setrlimit(RLIMIT_FSIZE, &(struct rlimit){RLIM_INFINITY, RLIM_INFINITY});
    ck_assert_int_eq(status, -EFBIG);
    ck_assert_uint_gt(written, 0);
    check_lines(path, 0, written);
    free(path);
}
END_TEST

SUPPORT_MAIN(lines_are_in_perfs_format, a_line_after_a_pause_is_in_the_file_at_once,
             a_burst_is_appended_when_it_is_due, a_burst_of_any_length_is_complete,
             the_file_goes_when_it_is_not_kept, lines_may_be_very_long, others_may_append,
             others_may_begin_the_file_anew, addresses_have_no_leading_zeros,
             file_is_for_its_owner_only, a_stale_file_is_replaced, a_symlink_is_not_followed,
             a_directory_in_its_place_is_left_alone, another_users_file_is_left_alone,
             no_descriptor_stays_open, standard_streams_that_are_closed_stay_closed,
             standard_streams_are_spared_with_few_descriptors_too,
             a_file_replaced_meanwhile_is_not_written, a_childs_lines_go_to_a_file_of_its_own,
             a_child_can_begin_with_its_parents_lines, a_child_writes_though_its_parent_could_not,
             a_full_disk_leaves_no_half_line, a_full_disk_leaves_no_half_line_in_a_child,
             a_file_size_limit_kills_nobody)
