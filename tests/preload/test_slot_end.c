/* What a process leaves: its own files at its end, those of killed ones at its start. */
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "leftovers.h"
#include "profiler.h"
#include "pyperf.h"
#include "slot_probe.h"
#include "support.h"

enum { FUNCTIONS = 1000 }; /* three images */

static const char *start_with(enum pyperf_keep keep)
{
    probe_config.keep = keep;
    const char *directory = probe_start();
    for (unsigned i = 0; i < FUNCTIONS; i++)
        probe_slot_numbered(i);
    return directory;
}

static bool map_is_there(pid_t pid)
{
    char path[64];
    snprintf(path, sizeof path, PYPERF_MAP_FORMAT, (long)pid);
    return access(path, F_OK) == 0;
}

static mode_t mode_of_image(const char *directory, int number)
{
    char prefix[64];
    struct stat file;
    snprintf(prefix, sizeof prefix, "pyperf-%d-%d-", getpid(), number);
    ck_assert_int_eq(stat(support_only_file(directory, prefix), &file), 0);
    return file.st_mode & 07777;
}

/* -- At the end ----------------------------------------------------------------------------- */

START_TEST(files_go_when_they_are_not_kept)
{
    const char *directory = start_with(PYPERF_KEEP_OFF);
    ck_assert_uint_eq(support_count_files(directory, "pyperf-"), 3);
    ck_assert(map_is_there(getpid()));
    pyperf_slots_finish(false);
    ck_assert_uint_eq(support_count_files(directory, ""), 0);
    ck_assert(!map_is_there(getpid()));
    /* Functions first seen while the process goes down. */
    for (unsigned i = FUNCTIONS; i < FUNCTIONS + 10; i++)
        ck_assert(probe_slot_numbered(i) != NULL);
    ck_assert(!map_is_there(getpid()));
}
END_TEST

static void check_kept(const char *directory)
{
    for (int i = 0; i < 3; i++)
        ck_assert_uint_eq(mode_of_image(directory, i), PYPERF_IMAGE_KEPT);
    char *path = support_map_path();
    ck_assert_uint_eq(support_count_lines(path), FUNCTIONS);
    free(path);
}

START_TEST(files_stay_when_they_are_kept)
{
    const char *directory = start_with(PYPERF_KEEP_ON);
    pyperf_slots_finish(false);
    check_kept(directory);
}
END_TEST

static pid_t start_profiler(void)
{
    pid_t child = fork();
    if (child == 0) {
        prctl(PR_SET_NAME, "perf");
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        pause();
    }
    while (pyperf_profiler_runs(UINT_MAX) != PYPERF_YES)
        usleep(1000);
    return child;
}

START_TEST(files_stay_for_a_profiler_that_came_meanwhile)
{
    const char *directory = start_with(PYPERF_KEEP_AUTO);
    pid_t profiler = start_profiler();
    pyperf_slots_finish(false);
    kill(profiler, SIGKILL);
    check_kept(directory);
}
END_TEST

static void start_and_kill(void *directory)
{
    prctl(PR_SET_NAME, "perf");
    pid_t child = fork();
    if (child == 0) {
        probe_start_in(directory);
        probe_slot_numbered(1);
        kill(getpid(), SIGKILL);
    }
    waitpid(child, NULL, 0);
    _exit(0);
}

static void remove_leftovers(void *directory)
{
    pyperf_leftovers_remove(directory);
}

START_TEST(a_child_of_a_profiler_keeps_its_files_though_it_is_killed)
{
    const char *directory = support_directory();
    support_child_succeeds(start_and_kill, (void *)(uintptr_t)directory);
    support_in_private_proc(remove_leftovers, (void *)(uintptr_t)directory, NULL);
    struct stat file;
    ck_assert_int_eq(stat(support_only_file(directory, "pyperf-"), &file), 0);
    ck_assert_uint_eq(file.st_mode & 07777, PYPERF_IMAGE_KEPT);
}
END_TEST

/* A daemon: the child goes on in its parent's slots. */
START_TEST(images_stay_where_a_child_may_run_in_them)
{
    const char *directory = start_with(PYPERF_KEEP_OFF);
    pyperf_slots_before_fork();
    pyperf_slots_after_fork_in_parent();
    pyperf_slots_finish(false);
    ck_assert_uint_eq(support_count_files(directory, "pyperf-"), 3);
}
END_TEST

/* -- What is left --------------------------------------------------------------------------- */

/* No profiler runs in these namespaces. */

static void leave_files(void *directory)
{
    probe_config.keep = PYPERF_KEEP_OFF;
    probe_start_in(directory);
    probe_slot_numbered(1);
    kill(getpid(), SIGKILL);
}

/* The process that was killed. */
static pid_t leave(const char *directory)
{
    pid_t child = fork();
    if (child == 0)
        leave_files((void *)(uintptr_t)directory);
    waitpid(child, NULL, 0);
    return child;
}

static void what_a_killed_process_left_goes_with_the_next_start_(void *unused)
{
    (void)unused;
    const char *directory = support_directory();
    pid_t killed = leave(directory);
    ck_assert_uint_eq(support_count_files(directory, "pyperf-"), 1);
    ck_assert(map_is_there(killed));
    ck_assert_int_eq(probe_start_in(directory), 0);
    char prefix[64];
    snprintf(prefix, sizeof prefix, "pyperf-%d-", getpid());
    ck_assert_uint_eq(support_count_files(directory, prefix), 1);
    ck_assert_uint_eq(support_count_files(directory, "pyperf-"), 1);
    ck_assert(!map_is_there(killed));
}

START_TEST(what_a_killed_process_left_goes_with_the_next_start)
{
    support_in_private_proc(what_a_killed_process_left_goes_with_the_next_start_, NULL, NULL);
}
END_TEST

static void an_image_in_which_anybody_runs_stays_(void *unused)
{
    (void)unused;
    const char *directory = support_directory();
    ck_assert_int_eq(probe_start_in(directory), 0);
    pid_t heir = fork(); /* has the mapping, and nothing else of it */
    if (heir == 0)
        pause();
    pyperf_leftovers_remove(directory);
    ck_assert_uint_eq(support_count_files(directory, "pyperf-"), 1);
    kill(heir, SIGKILL);
    waitpid(heir, NULL, 0);
}

START_TEST(an_image_in_which_anybody_runs_stays)
{
    support_in_private_proc(an_image_in_which_anybody_runs_stays_, NULL, NULL);
}
END_TEST

static void an_image_that_only_a_child_inherited_stays_until_that_ends_(void *unused)
{
    (void)unused;
    const char *directory = support_directory();
    int ready[2];
    pid_t heir = 0;
    ck_assert_int_eq(pipe(ready), 0);
    pid_t parent = fork();
    if (parent == 0) {
        probe_config.keep = PYPERF_KEEP_OFF;
        probe_start_in(directory);
        heir = fork();
        if (heir == 0) {
            prctl(PR_SET_PDEATHSIG, 0);
            pause();
        }
        if (write(ready[1], &heir, sizeof heir) != sizeof heir)
            _exit(1);
        kill(getpid(), SIGKILL);
    }
    ck_assert_int_eq(read(ready[0], &heir, sizeof heir), sizeof heir);
    waitpid(parent, NULL, 0);
    pyperf_leftovers_remove(directory);
    ck_assert_uint_eq(support_count_files(directory, "pyperf-"), 1);
    kill(heir, SIGKILL);
    for (int i = 0; i < 1000 && support_count_files(directory, "pyperf-") != 0; i++) {
        usleep(10000); /* it is not our child */
        pyperf_leftovers_remove(directory);
    }
    ck_assert_uint_eq(support_count_files(directory, "pyperf-"), 0);
}

START_TEST(an_image_that_only_a_child_inherited_stays_until_that_ends)
{
    support_in_private_proc(an_image_that_only_a_child_inherited_stays_until_that_ends_, NULL,
                            NULL);
}
END_TEST

static void others_files_stay_(void *unused)
{
    (void)unused;
    const char *directory = support_directory();
    static const char *const names[] = {"pyperf-1-0-0123456789abcdef.so.orig", "pyperf-x-0-1.so",
                                        "pyperf-.so", "libpyperf.so"};
    char path[256];
    for (unsigned i = 0; i < sizeof names / sizeof names[0]; i++) {
        snprintf(path, sizeof path, "%s/%s", directory, names[i]);
        int fd = open(path, O_CREAT | O_WRONLY, PYPERF_IMAGE_MODE);
        ck_assert_int_ge(fd, 0);
        close(fd);
    }
    snprintf(path, sizeof path, PYPERF_IMAGE_FORMAT, directory, 1L, 0U, 7ULL);
    ck_assert_int_eq(mkfifo(path, PYPERF_IMAGE_MODE), 0);
    pyperf_leftovers_remove(directory);
    ck_assert_uint_eq(support_count_files(directory, ""), 5);
}

START_TEST(others_files_stay)
{
    support_in_private_proc(others_files_stay_, NULL, NULL);
}
END_TEST

SUPPORT_MAIN(files_go_when_they_are_not_kept, files_stay_when_they_are_kept,
             files_stay_for_a_profiler_that_came_meanwhile,
             a_child_of_a_profiler_keeps_its_files_though_it_is_killed,
             images_stay_where_a_child_may_run_in_them,
             what_a_killed_process_left_goes_with_the_next_start,
             an_image_in_which_anybody_runs_stays,
             an_image_that_only_a_child_inherited_stays_until_that_ends, others_files_stay)
