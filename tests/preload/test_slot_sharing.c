/* slot.c among threads and processes. */
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "elf_file.h"
#include "slot_probe.h"
#include "support.h"

/* -- Threads -------------------------------------------------------------------------------- */

enum { THREADS = 8, NAMES = 400 };

static pyperf_slot_fn common[THREADS][NAMES], own[THREADS][NAMES];

static void name_functions(unsigned thread)
{
    for (unsigned i = 0; i < NAMES; i++) {
        common[thread][i] = probe_slot_numbered(i);
        own[thread][i] = probe_slot_numbered((thread + 1) * NAMES + i);
    }
}

START_TEST(threads_get_the_same_slot_for_a_name)
{
    const char *directory = probe_start();
    support_run_threads(THREADS, name_functions);
    for (unsigned thread = 1; thread < THREADS; thread++)
        ck_assert_mem_eq(common[thread], common[0], sizeof common[0]);
    for (unsigned thread = 0; thread < THREADS; thread++)
        for (unsigned i = 0; i < NAMES; i++)
            ck_assert(own[thread][i] == probe_slot_numbered((thread + 1) * NAMES + i));
    char *path = support_map_path();
    probe_settle();
    ck_assert_uint_eq(support_count_lines(path), (THREADS + 1) * NAMES);
    free(path);
    ck_assert_uint_eq(support_count_files(directory, "pyperf-"), 5);
}
END_TEST

static void *name_while_cancelled(void *unused)
{
    (void)unused;
    pthread_cancel(pthread_self());
    probe_slot_numbered(1);
    pthread_testcancel();
    return NULL;
}

START_TEST(a_cancelled_thread_leaves_no_lock_behind)
{
    probe_start();
    pthread_t thread;
    void *result;
    ck_assert_int_eq(pthread_create(&thread, NULL, name_while_cancelled, NULL), 0);
    ck_assert_int_eq(pthread_join(thread, &result), 0);
    ck_assert_ptr_eq(result, PTHREAD_CANCELED);
    probe_slot_numbered(2);
    free(probe_mapped_name(probe_slot_numbered(1)));
}
END_TEST

/* -- Processes ------------------------------------------------------------------------------ */

static void expect(bool condition, int code)
{
    if (!condition)
        _exit(code);
}

static void install_fork_handlers(void)
{
    ck_assert_int_eq(pthread_atfork(pyperf_slots_before_fork, pyperf_slots_after_fork_in_parent,
                                    pyperf_slots_after_fork_in_child),
                     0);
}

struct family {
    const char *directory;
    pyperf_slot_fn inherited;
    bool lines_inherited; /* in the child's map */
};

static const char *image_of(const struct family *family, pid_t process)
{
    char prefix[64];
    snprintf(prefix, sizeof prefix, "pyperf-%d-0-", process);
    return support_only_file(family->directory, prefix);
}

static void name_in_child(void *argument)
{
    const struct family *family = argument;
    expect(probe_slot_numbered(1) == family->inherited, 1);
    pyperf_slot_fn fresh = probe_slot_numbered(2);
    expect(fresh != family->inherited, 2);
    char *name = probe_mapped_name(fresh);
    expect(name != NULL && strcmp(name, "py::function_2:module.py") == 0, 3);
    free(name);
    name = probe_mapped_name(family->inherited);
    expect((name != NULL) == family->lines_inherited, 4);
    free(name);
    if (probe_config.image) {
        const char *image = image_of(family, getpid());
        expect(elf_file_names(image, "py::function_2:module.py"), 5);
        expect(!elf_file_names(image, "py::function_1:module.py"), 6);
    }
    char *path = support_map_path();
    expect(unlink(path) == 0, 7);
    free(path);
}

static void check_family(pid_t (*make)(void), bool lines_inherited)
{
    struct family family = {.directory = probe_start(), .lines_inherited = lines_inherited};
    family.inherited = probe_slot_numbered(1);
    ck_assert_int_eq(support_in_child(make, name_in_child, &family), 0);

    char *path = support_map_path();
    probe_settle();
    ck_assert_uint_eq(support_count_lines(path), 1);
    pyperf_slot_fn fresh = probe_slot_numbered(3);
    probe_settle();
    ck_assert_uint_eq(support_count_lines(path), 2);
    free(path);
    char *name = probe_mapped_name(fresh);
    ck_assert_str_eq(name, "py::function_3:module.py");
    free(name);
    if (probe_config.image) {
        const char *image = image_of(&family, getpid());
        ck_assert(elf_file_names(image, "py::function_3:module.py"));
        ck_assert(!elf_file_names(image, "py::function_2:module.py"));
    }
}

START_TEST(a_forked_child_writes_its_own_files)
{
    install_fork_handlers();
    check_family(fork, false);
}
END_TEST

START_TEST(a_childs_map_has_what_no_image_tells)
{
    install_fork_handlers();
    probe_config.image = false;
    check_family(fork, true);
}
END_TEST

static pid_t bare_clone(void)
{
    return (pid_t)syscall(SYS_clone, SIGCHLD, NULL, NULL, NULL, NULL);
}

START_TEST(a_child_past_the_fork_handlers_is_noticed)
{
    check_family(bare_clone, false);
}
END_TEST

static void name_and_leave(void *number)
{
    probe_slot_numbered((unsigned)(uintptr_t)number);
    char *path = support_map_path();
    unlink(path);
    free(path);
}

static void name_or_fork(unsigned thread)
{
    for (unsigned i = 0; i < 20; i++) {
        if (thread == 0)
            support_child_succeeds(name_and_leave, (void *)(uintptr_t)(1000000 + i));
        for (unsigned j = 0; j < 50; j++)
            probe_slot_numbered((thread * 20 + i) * 50 + j);
    }
}

START_TEST(forks_while_threads_name_functions_work)
{
    install_fork_handlers();
    probe_start();
    support_run_threads(4, name_or_fork);
}
END_TEST

SUPPORT_MAIN(threads_get_the_same_slot_for_a_name, a_cancelled_thread_leaves_no_lock_behind,
             a_forked_child_writes_its_own_files, a_childs_map_has_what_no_image_tells,
             a_child_past_the_fork_handlers_is_noticed, forks_while_threads_name_functions_work)
