/* The log: silent unless asked, one write a line, and no trace in the host. */
#include "log.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "support.h"

static char path[128];

static const char *log_file(void)
{
    snprintf(path, sizeof path, "%s/the log", support_directory());
    return path;
}

static void check_log(const char *expected)
{
    char *text = support_read(path, NULL);
    ck_assert_ptr_nonnull(text);
    ck_assert_str_eq(text, expected);
    free(text);
}

START_TEST(a_line_names_process_and_level)
{
    pyperf_log_init(PYPERF_LOG_DEBUG, log_file());
    pyperf_log_error("no %s at %d", "room", 7);
    pyperf_log_info("installed");
    pyperf_log_debug("slot");
    char expected[256];
    int pid = getpid();
    snprintf(expected, sizeof expected,
             "pyperf[%d]: error: no room at 7\npyperf[%d]: info: installed\n"
             "pyperf[%d]: debug: slot\n",
             pid, pid, pid);
    check_log(expected);
}
END_TEST

START_TEST(a_level_leaves_out_what_is_less_urgent)
{
    for (unsigned level = PYPERF_LOG_ERROR; level <= PYPERF_LOG_DEBUG; level++) {
        pyperf_log_init((enum pyperf_log_level)level, log_file());
        pyperf_log_error("a");
        pyperf_log_info("b");
        pyperf_log_debug("c");
        ck_assert_uint_eq(support_count_lines(path), level);
    }
}
END_TEST

START_TEST(off_writes_nothing)
{
    pyperf_log_init(PYPERF_LOG_OFF, log_file());
    pyperf_log_error("a");
    pyperf_log(PYPERF_LOG_OFF, "b");
    ck_assert_int_ne(access(path, F_OK), 0);
}
END_TEST

START_TEST(errno_is_kept)
{
    pyperf_log_init(PYPERF_LOG_DEBUG, "/nonexistent/log");
    errno = 4711;
    pyperf_log_error("a");
    ck_assert_int_eq(errno, 4711);
    pyperf_log_init(PYPERF_LOG_DEBUG, log_file());
    errno = 4711;
    pyperf_log_error("a");
    ck_assert_int_eq(errno, 4711);
}
END_TEST

/* Descriptor `fd` of this process becomes a socket that tells messages apart; the other end. */
static int listen_to(int fd)
{
    int ends[2];
    ck_assert_int_eq(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK, 0, ends), 0);
    ck_assert_int_eq(dup2(ends[1], fd), fd);
    close(ends[1]);
    return ends[0];
}

START_TEST(a_line_is_one_write_to_stderr_only)
{
    int out = listen_to(STDOUT_FILENO);
    int err = listen_to(STDERR_FILENO);
    pyperf_log_init(PYPERF_LOG_INFO, NULL);
    pyperf_log_info("%s", "one");
    pyperf_log_debug("not this");
    pyperf_log_info("%s", "two");
    char line[2048];
    for (int i = 0; i < 2; i++) {
        ssize_t size = recv(err, line, sizeof line, 0);
        ck_assert_int_gt(size, 0);
        ck_assert_int_eq(line[size - 1], '\n');
        line[size] = '\0';
        ck_assert_ptr_nonnull(strstr(line, i == 0 ? ": one\n" : ": two\n"));
    }
    ck_assert_int_lt(recv(err, line, sizeof line, 0), 0);
    ck_assert_int_lt(recv(out, line, sizeof line, 0), 0);
}
END_TEST

START_TEST(a_long_line_is_cut_and_still_ends)
{
    char text[5000];
    memset(text, 'x', sizeof text - 1);
    text[sizeof text - 1] = '\0';
    pyperf_log_init(PYPERF_LOG_INFO, log_file());
    pyperf_log_info("%s", text);
    pyperf_log_info("next");
    ck_assert_uint_eq(support_count_lines(path), 2);
    size_t size;
    free(support_read(path, &size));
    ck_assert_uint_gt(size, 1000);
    ck_assert_uint_le(size, 1024 + 64);
}
END_TEST

START_TEST(a_message_is_one_line_whatever_is_in_it)
{
    pyperf_log_init(PYPERF_LOG_INFO, log_file());
    pyperf_log_info("%s", "value\npyperf[1]: error: forged\r\x1b[2J");
    ck_assert_uint_eq(support_count_lines(path), 1);
    char *text = support_read(path, NULL);
    ck_assert_ptr_null(strchr(text, '\r'));
    ck_assert_ptr_null(strchr(text, '\x1b'));
    ck_assert_ptr_nonnull(strstr(text, "forged"));
    free(text);
}
END_TEST

START_TEST(a_relative_path_is_meant_from_where_it_started)
{
    const char *directory = support_directory();
    snprintf(path, sizeof path, "%s/here.log", directory);
    ck_assert_int_eq(chdir(directory), 0);
    pyperf_log_init(PYPERF_LOG_INFO, "here.log");
    ck_assert_int_eq(chdir("/"), 0);
    pyperf_log_info("a");
    ck_assert_uint_eq(support_count_lines(path), 1);
}
END_TEST

START_TEST(lines_are_appended_to_a_private_file)
{
    umask(0);
    pyperf_log_init(PYPERF_LOG_INFO, log_file());
    pyperf_log_info("a");
    struct stat status;
    ck_assert_int_eq(stat(path, &status), 0);
    ck_assert_uint_eq(status.st_mode, S_IFREG | 0600);
    pyperf_log_init(PYPERF_LOG_INFO, path);
    pyperf_log_info("b");
    ck_assert_uint_eq(support_count_lines(path), 2);
}
END_TEST

static int next_descriptor(void)
{
    int fd = dup(STDIN_FILENO);
    close(fd);
    return fd;
}

START_TEST(no_descriptor_is_kept)
{
    int before = next_descriptor();
    pyperf_log_init(PYPERF_LOG_INFO, log_file());
    pyperf_log_info("a");
    ck_assert_int_eq(next_descriptor(), before);
}
END_TEST

START_TEST(a_path_that_is_too_long_does_no_harm)
{
    char deep[5000];
    memset(deep, '/', sizeof deep - 1);
    deep[sizeof deep - 1] = '\0';
    int err = listen_to(STDERR_FILENO);
    pyperf_log_init(PYPERF_LOG_INFO, deep);
    pyperf_log_info("a");
    char line[256];
    ck_assert_int_gt(recv(err, line, sizeof line, 0), 0);
}
END_TEST

static void log_many(unsigned thread)
{
    for (int i = 0; i < 200; i++)
        pyperf_log_info("thread %u says %s", thread, "0123456789");
}

START_TEST(lines_of_threads_do_not_mix)
{
    pyperf_log_init(PYPERF_LOG_INFO, log_file());
    support_run_threads(4, log_many);
    char *text = support_read(path, NULL);
    unsigned lines = 0;
    for (char *line = strtok(text, "\n"); line != NULL; line = strtok(NULL, "\n")) {
        char *after = line + strlen("pyperf[");
        ck_assert(strncmp(line, "pyperf[", strlen("pyperf[")) == 0);
        ck_assert_int_eq(strtol(after, &after, 10), getpid());
        ck_assert(strncmp(after, "]: info: thread ", 16) == 0);
        strtol(after + 16, &after, 10);
        ck_assert_str_eq(after, " says 0123456789");
        lines++;
    }
    free(text);
    ck_assert_uint_eq(lines, 800);
}
END_TEST

SUPPORT_MAIN(a_line_names_process_and_level, a_level_leaves_out_what_is_less_urgent,
             off_writes_nothing, errno_is_kept, a_line_is_one_write_to_stderr_only,
             a_long_line_is_cut_and_still_ends, a_message_is_one_line_whatever_is_in_it,
             a_relative_path_is_meant_from_where_it_started, lines_are_appended_to_a_private_file,
             no_descriptor_is_kept, a_path_that_is_too_long_does_no_harm,
             lines_of_threads_do_not_mix)
