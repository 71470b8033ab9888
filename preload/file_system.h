/* What we know of a file system. */
#ifndef PYPERF_FILE_SYSTEM_H
#define PYPERF_FILE_SYSTEM_H

#include <stdbool.h>
#include <sys/vfs.h>

/*
 * Whether `fd` is on ext4, xfs or tmpfs.  They keep a promise: a store into a mapping of reserved
 * blocks cannot fail for want of space.  A file system that writes elsewhere each time (btrfs)
 * cannot promise that, and overlayfs does not tell what is below it.  Also, a process there maps
 * the file itself, while overlayfs maps the one below instead.  Magic numbers: statfs(2).
 */
static inline bool pyperf_file_system_is_known(int fd)
{
    enum { TMPFS = 0x01021994, EXT4 = 0xef53, XFS = 0x58465342 };
    struct statfs found;
    return fstatfs(fd, &found) == 0 &&
           (found.f_type == TMPFS || found.f_type == EXT4 || found.f_type == XFS);
}

#endif
