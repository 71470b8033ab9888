/*
 * What the unit tests share: a runner for check, and the few things several of them do.
 *
 * Each test runs in a process of its own (check forks), so the modules' statics are fresh, and
 * closing descriptors, changing limits or mounting harms nobody.
 */
#ifndef PYPERF_TESTS_SUPPORT_H
#define PYPERF_TESTS_SUPPORT_H

#include <check.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* -- Running -------------------------------------------------------------------------------- */

struct support_tests {
    const TTest *const *tests;
    size_t count;
};

/* Runs the test that argv[1] names, or all.  The exit code: 0, 1, or 77 when every one was
 * skipped. */
int support_main(int argc, char **argv, struct support_tests tests);

#define SUPPORT_MAIN(...)                                                                          \
    int main(int argc, char **argv)                                                                \
    {                                                                                              \
        const TTest *const tests[] = {__VA_ARGS__};                                                \
        return support_main(argc, argv,                                                            \
                            (struct support_tests){tests, sizeof tests / sizeof tests[0]});        \
    }

/* Ends the running test as skipped, and says why. */
_Noreturn void support_skip(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* Threads and forks that end a test this long after its start have hung. */
enum { SUPPORT_TIMEOUT_SECONDS = 100 };

/* -- Files ---------------------------------------------------------------------------------- */

/* A fresh empty directory, removed at the end of the program.  The string holds until four more
 * are made. */
const char *support_directory(void);

/* What is in a file, NUL-terminated; NULL when it cannot be read.  The caller frees it. */
char *support_read(const char *path, size_t *size);

size_t support_count_lines(const char *path);

/* The one file in `directory` whose name starts with `prefix`; fails the test when there is none
 * or another.  Valid until the next call. */
const char *support_only_file(const char *directory, const char *prefix);

size_t support_count_files(const char *directory, const char *prefix);

/* /tmp/perf-PID.map of the calling process.  The caller frees it. */
char *support_map_path(void);

/* Removes that file: now, for an earlier process of this PID may have left one, and when the
 * calling process exits.  Skips the test where it cannot. */
void support_own_map(void);

/* Mounts a tmpfs over `directory` for this test alone; skips the test where that is not allowed. */
void support_mount_tmpfs(const char *directory, const char *options, unsigned long flags);

/* -- The log -------------------------------------------------------------------------------- */

/* Sends the log, at its most talkative, to a file.  Its path. */
const char *support_log_to_file(void);

/* How many lines of the log hold `text`. */
unsigned support_logged(const char *text);

/* -- Processes ------------------------------------------------------------------------------ */

/* Runs `body` in a child made by `make` (fork or a look-alike); its wait status. */
int support_in_child(pid_t (*make)(void), void (*body)(void *), void *argument);

/* Fails the test unless the child exited with 0. */
void support_child_succeeds(void (*body)(void *), void *argument);

/* Runs `body` in a child that is the first process of a PID namespace, whose /proc (mounted with
 * `options`, or NULL) shows no other; fails the test unless it returns.  Skips the test where that
 * is not allowed. */
void support_in_private_proc(void (*body)(void *), void *argument, const char *options);

/* Starts `count` threads on `body(index)` at once and joins them. */
void support_run_threads(unsigned count, void (*body)(unsigned index));

#endif
