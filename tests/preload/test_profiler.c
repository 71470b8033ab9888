/* Whether a profiler is there: by the names of processes, ancestors' and all. */
#include "profiler.h"

#include <grp.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "support.h"

static pid_t start_named(const char *name)
{
    int ready[2];
    char byte;
    if (pipe(ready) != 0)
        _exit(98);
    pid_t child = fork();
    if (child == 0) {
        prctl(PR_SET_NAME, name);
        if (write(ready[1], "", 1) != 1)
            _exit(97);
        pause();
    }
    if (read(ready[0], &byte, 1) != 1)
        _exit(96);
    return child;
}

static void expect(bool condition, int number)
{
    if (!condition)
        _exit(number);
}

static void see_those_that_run(void *unused)
{
    (void)unused;
    expect(pyperf_profiler_runs(UINT_MAX) == PYPERF_NO, 1);
    static const char *const others[] = {"python3", "a (perf)", "superperf", "samba"};
    for (unsigned i = 0; i < sizeof others / sizeof others[0]; i++)
        start_named(others[i]);
    expect(pyperf_profiler_runs(UINT_MAX) == PYPERF_NO, 2);
    expect(pyperf_profiler_runs(2) == PYPERF_UNKNOWN, 3);
    static const char *const profilers[] = {"perf", "perf_6.1", "samply"};
    for (unsigned i = 0; i < sizeof profilers / sizeof profilers[0]; i++) {
        pid_t child = start_named(profilers[i]);
        expect(pyperf_profiler_runs(UINT_MAX) == PYPERF_YES, 10 + (int)i);
        kill(child, SIGKILL);
        waitpid(child, NULL, 0);
        expect(pyperf_profiler_runs(UINT_MAX) == PYPERF_NO, 20 + (int)i);
    }
}

START_TEST(a_profiler_that_runs_is_seen)
{
    support_in_private_proc(see_those_that_run, NULL, NULL);
}
END_TEST

static void ask_as_nobody(void *unused)
{
    (void)unused;
    if (setgroups(0, NULL) != 0 || setresgid(65534, 65534, 65534) != 0 ||
        setresuid(65534, 65534, 65534) != 0)
        _exit(2);
    _exit(pyperf_profiler_runs(UINT_MAX) != PYPERF_YES);
}

static void ask_beside_root(void *unused)
{
    (void)unused;
    expect(support_in_child(fork, ask_as_nobody, NULL) == 0, 1);
}

START_TEST(where_processes_are_hidden_one_may_run)
{
    support_in_private_proc(ask_beside_root, NULL, "hidepid=2");
}
END_TEST

START_TEST(where_processes_cannot_be_read_one_may_run)
{
    support_in_private_proc(ask_beside_root, NULL, "hidepid=1");
}
END_TEST

static void ask_in_grandchild(void *name)
{
    prctl(PR_SET_NAME, name);
    pid_t child = fork();
    if (child == 0) {
        prctl(PR_SET_NAME, "sh) S (1");
        pid_t grandchild = fork();
        if (grandchild == 0)
            _exit(pyperf_profiler_is_ancestor() ? 1 : 2);
        int status;
        waitpid(grandchild, &status, 0);
        _exit(WEXITSTATUS(status));
    }
    int status;
    waitpid(child, &status, 0);
    _exit(WEXITSTATUS(status));
}

START_TEST(a_profiler_among_the_ancestors_is_seen)
{
    static char name[] = "perf";
    ck_assert_int_eq(WEXITSTATUS(support_in_child(fork, ask_in_grandchild, name)), 1);
}
END_TEST

START_TEST(other_ancestors_are_none)
{
    static char name[] = "make";
    if (pyperf_profiler_is_ancestor())
        support_skip("a profiler runs these tests");
    ck_assert_int_eq(WEXITSTATUS(support_in_child(fork, ask_in_grandchild, name)), 2);
}
END_TEST

SUPPORT_MAIN(a_profiler_that_runs_is_seen, where_processes_are_hidden_one_may_run,
             where_processes_cannot_be_read_one_may_run, a_profiler_among_the_ancestors_is_seen,
             other_ancestors_are_none)
