/* Where no image can be made: an error, no file left, no signal. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "image.h"
#include "pyperf.h"
#include "support.h"

enum { CAPACITY = 1024 };

static struct pyperf_image image;

static void refused(const char *directory, int expected)
{
    ck_assert_int_eq(pyperf_image_create(&image, directory, 0, CAPACITY, 0, PYPERF_IMAGE_MODE),
                     expected);
    ck_assert_uint_eq(support_count_files(directory, "pyperf-"), 0);
}

START_TEST(a_full_disk_is_an_error)
{
    const char *directory = support_directory();
    support_mount_tmpfs(directory, "size=64k", 0);
    refused(directory, -ENOSPC);
}
END_TEST

START_TEST(noexec_is_an_error)
{
    const char *directory = support_directory();
    support_mount_tmpfs(directory, "", MS_NOEXEC);
    refused(directory, -EPERM);
}
END_TEST

START_TEST(a_read_only_file_system_is_an_error)
{
    const char *directory = support_directory();
    support_mount_tmpfs(directory, "", MS_RDONLY);
    refused(directory, -EROFS);
}
END_TEST

START_TEST(no_permission_is_an_error)
{
    const char *directory = support_directory();
    ck_assert_int_eq(chmod(directory, 0555), 0);
    if (geteuid() == 0)
        ck_assert_int_eq(setresuid(65534, 65534, 65534), 0);
    refused(directory, -EACCES);
}
END_TEST

START_TEST(a_file_size_limit_is_an_error_and_no_signal)
{
    const char *directory = support_directory();
    ck_assert_int_eq(setrlimit(RLIMIT_FSIZE, &(struct rlimit){65536, 65536}), 0);
    refused(directory, -EFBIG);
}
END_TEST

START_TEST(bad_directories_are_errors)
{
    char long_path[300];
    memset(long_path, 'a', sizeof long_path - 1);
    long_path[0] = '/';
    long_path[sizeof long_path - 1] = '\0';
    ck_assert_int_eq(pyperf_image_create(&image, "/nonexistent", 0, CAPACITY, 0, PYPERF_IMAGE_MODE),
                     -ENOENT);
    ck_assert_int_eq(pyperf_image_create(&image, "/dev/null", 0, CAPACITY, 0, PYPERF_IMAGE_MODE),
                     -ENOTDIR);
    ck_assert_int_eq(pyperf_image_create(&image, long_path, 0, CAPACITY, 0, PYPERF_IMAGE_MODE),
                     -ENAMETOOLONG);
}
END_TEST

/* Stands in for the C library's: gives up, as on a tmpfs, when a signal could come. */
static bool signals_come;
/* NOLINTNEXTLINE(readability-inconsistent-declaration-parameter-name): glibc says __fd */
int posix_fallocate(int fd, off_t offset, off_t size)
{
    sigset_t blocked;
    pthread_sigmask(SIG_SETMASK, NULL, &blocked);
    if (signals_come && !sigismember(&blocked, SIGALRM))
        return EINTR;
    return fallocate(fd, 0, offset, size) == 0 ? 0 : errno;
}

START_TEST(signals_do_not_stop_it)
{
    signals_come = true;
    ck_assert_int_eq(
        pyperf_image_create(&image, support_directory(), 0, CAPACITY, 0, PYPERF_IMAGE_MODE), 0);
    sigset_t blocked;
    pthread_sigmask(SIG_SETMASK, NULL, &blocked);
    ck_assert(!sigismember(&blocked, SIGALRM));
}
END_TEST

SUPPORT_MAIN(a_full_disk_is_an_error, noexec_is_an_error, a_read_only_file_system_is_an_error,
             no_permission_is_an_error, a_file_size_limit_is_an_error_and_no_signal,
             bad_directories_are_errors, signals_do_not_stop_it)
