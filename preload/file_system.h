/* What is known of a file system. */
#ifndef PYPERF_FILE_SYSTEM_H
#define PYPERF_FILE_SYSTEM_H

#include <stdbool.h>
#include <sys/vfs.h>

/*
 * Whether `fd` lies on ext4, xfs or tmpfs.  There a reserved block is a promise, so that a store
 * into a mapping cannot fail for want of space; one that writes elsewhere each time (btrfs) cannot
 * promise, and overlayfs does not say what is below it.  And there what a process has mapped is the
 * file itself, which overlayfs replaces by the one below.  Magic numbers: statfs(2).
 */
static inline bool pyperf_file_system_is_known(int fd)
{
    enum { TMPFS = 0x01021994, EXT4 = 0xef53, XFS = 0x58465342 };
    struct statfs found;
    return fstatfs(fd, &found) == 0 &&
           (found.f_type == TMPFS || found.f_type == EXT4 || found.f_type == XFS);
}

#endif
