/*
 * Any file for the reader of recordings; what it tells must be readable.  The seeds name /bin/true,
 * so that there is code to unwind.  Reading the kernel's symbols is left out: it takes longer than
 * all else, and they are not the recording's.
 */
#include "recording/chains.h"
#include "recording/kernel.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const unsigned char *bytes, size_t size);

void kernel_take(struct kernel *kernel, const struct record *record)
{
    (void)kernel, (void)record;
}

void kernel_read(struct kernel *kernel, const struct build_id *build_id, const char *cache)
{
    (void)kernel, (void)build_id, (void)cache;
}

const char *kernel_name(struct kernel *kernel, uint64_t address, const char **file)
{
    (void)kernel;
    *file = "[kernel.kallsyms]";
    return address & 1 ? "odd" : NULL;
}

void kernel_free(struct kernel *kernel)
{
    symbols_free(&kernel->symbols);
}

static int visit(void *context, const struct chain *chain)
{
    size_t *sum = context;

    *sum += strlen(chain->command);
    for (size_t i = 0; i < chain->count; i++) {
        const struct chain_frame *frame = &chain->frames[i];
        *sum += frame->name ? strlen(frame->name) : 0;
        *sum += frame->file ? strlen(frame->file) : 0;
        if (frame->registers && !registers_has(frame->registers, processor_here.pc))
            abort();
    }
    return 0;
}

int LLVMFuzzerTestOneInput(const unsigned char *bytes, size_t size)
{
    int fd = memfd_create("fuzz", MFD_CLOEXEC);
    char path[64];
    size_t sum = 0;

    if (fd < 0 || write(fd, bytes, size) != (ssize_t)size)
        abort();
    snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    chains_each(path, NULL, visit, &sum);
    close(fd);
    return 0;
}
