/* Any file for the decompressor of recordings. */
#include "perf/unpack.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const unsigned char *bytes, size_t size);

int LLVMFuzzerTestOneInput(const unsigned char *bytes, size_t size)
{
    char in[64], out[64];
    int fd = memfd_create("fuzz", 0);

    if (fd < 0 || write(fd, bytes, size) != (ssize_t)size)
        abort();
    snprintf(in, sizeof in, "/proc/self/fd/%d", fd);
    snprintf(out, sizeof out, "/dev/shm/pyperf-fuzz-%d", (int)getpid());
    if (unpack(in, out, 1 << 20) == 0)
        unlink(out);
    else if (access(out, F_OK) == 0)
        abort();
    close(fd);
    return 0;
}
