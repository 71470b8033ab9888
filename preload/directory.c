/* Reads directories by the system call itself; see directory.h. */
#include "directory.h"

#include <errno.h>
#include <stdint.h>
#include <sys/syscall.h>
#include <unistd.h>

/* getdents64(2) */
struct entry {
    uint64_t inode;
    int64_t next;
    uint16_t length;
    unsigned char type;
    char name[];
};

int pyperf_directory_read(int fd, union pyperf_directory_buffer *buffer, unsigned most,
                          int (*visit)(const char *name, void *data), void *data)
{
    for (unsigned turn = 0; turn < most; turn++) {
        long length = syscall(SYS_getdents64, fd, buffer, sizeof *buffer);
        if (length <= 0)
            return length < 0 ? -errno : 0;
        for (long at = 0; at < length;) {
            const struct entry *entry = (const struct entry *)(buffer->bytes + at);
            int status = visit(entry->name, data);
            if (status != 0)
                return status;
            at += entry->length;
        }
    }
    return 0;
}
