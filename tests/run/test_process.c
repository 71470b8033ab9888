/* What /proc says about this very process. */
#include "base/process.h"
#include "suite.h"

#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

enum { OFFSET = 65536 }; /* of a mapping in its file: a multiple of pages of any size */

static pid_t nobody(void)
{
    return (1 << 22) + 1; /* PID_MAX_LIMIT is 2^22 */
}

START_TEST(test_maps)
{
    char path[] = "/tmp/pyperf process (x)-XXXXXX", own[PATH_MAX] = "";
    int fd = mkstemp(path);
    struct process_mapping mapping;
    struct process_maps maps;
    bool code = false, file = false;
    char text[6] = "";
    int mapped = -1;

    ck_assert_int_eq(ftruncate(fd, OFFSET + 4096), 0);
    ck_assert_int_eq(pwrite(fd, "mapped", 6, 0), 6);
    ck_assert_ptr_ne(mmap(NULL, 4096, PROT_READ, MAP_PRIVATE, fd, OFFSET), MAP_FAILED);
    ck_assert(process_maps_file(getpid(), path));
    ck_assert(!process_maps_file(getpid(), "/libpyperf.so"));
    ck_assert(!process_maps_file(nobody(), path));
    unlink(path);

    ck_assert_int_gt(readlink("/proc/self/exe", own, sizeof own - 1), 0);
    ck_assert_int_eq(process_maps_open(&maps, getpid()), 0);
    while (process_maps_next(&maps, &mapping)) {
        uint64_t here = (uint64_t)(uintptr_t)nobody - mapping.start;
        code |= mapping.executable && !mapping.deleted && strcmp(mapping.path, own) == 0 &&
                here < 1 << 20;
        if (mapping.executable || !mapping.deleted || strcmp(mapping.path, path) != 0)
            continue;
        file = mapping.offset == OFFSET;
        mapped = process_open_mapping(getpid(), &mapping);
    }
    process_maps_close(&maps);
    ck_assert(code);
    ck_assert(file);
    if (geteuid() == 0) {
        ck_assert_int_eq(pread(mapped, text, sizeof text, 0), sizeof text);
        ck_assert_mem_eq(text, "mapped", sizeof text);
    }
    close(mapped);
    ck_assert_int_eq(process_maps_open(&maps, nobody()), -ENOENT);
    close(fd);
}
END_TEST

START_TEST(test_status)
{
    struct process_status status;

    ck_assert_int_eq(process_status(&status, getpid()), 0);
    ck_assert_int_eq(status.own_pid, getpid());
    ck_assert_int_eq(status.uid, geteuid());
    ck_assert_int_eq(process_status(&status, nobody()), -ENOENT);
    ck_assert_int_eq(status.own_pid, nobody());
}
END_TEST

START_TEST(test_variable)
{
    const char *path = getenv("PATH");
    char value[8];

    ck_assert_ptr_nonnull(path);
    ck_assert(process_variable(getpid(), "PATH", value, sizeof value));
    ck_assert_int_eq(strncmp(value, path, sizeof value - 1), 0);
    ck_assert(!process_variable(getpid(), "PAT", value, sizeof value));
    ck_assert_str_eq(value, "");
    ck_assert(!process_variable(nobody(), "PATH", value, sizeof value));
}
END_TEST

START_TEST(test_namespace)
{
    ck_assert_uint_ne(process_namespace(getpid(), "pid"), 0);
    ck_assert_uint_eq(process_namespace(nobody(), "pid"), 0);
    ck_assert(!process_elsewhere(getpid(), "mnt"));
    ck_assert(!process_elsewhere(nobody(), "mnt"));
}
END_TEST

START_TEST(test_list)
{
    struct process_list list;
    bool self = false;
    pid_t pid;

    ck_assert_int_eq(process_list_open(&list), 0);
    while ((pid = process_list_next(&list)) > 0)
        self |= pid == getpid();
    process_list_close(&list);
    ck_assert(self);
}
END_TEST

int main(void)
{
    TCase *tests = tcase_create("process");

    tcase_add_test(tests, test_maps);
    tcase_add_test(tests, test_status);
    tcase_add_test(tests, test_variable);
    tcase_add_test(tests, test_namespace);
    tcase_add_test(tests, test_list);
    return run_case("process", tests);
}
