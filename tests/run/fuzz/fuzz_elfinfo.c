/* Any bytes for the ELF reader. */
#include "python/elfinfo.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const unsigned char *bytes, size_t size);

int LLVMFuzzerTestOneInput(const unsigned char *bytes, size_t size)
{
    char *copy = malloc(size ? size : 1); /* libelf may write into what it is given */
    struct elfinfo info;
    Elf *elf;

    if (!copy)
        return 0;
    memcpy(copy, bytes, size);
    elf_version(EV_CURRENT);
    elf = elf_memory(copy, size);
    if (elf && elfinfo_read(&info, elf) == 0 &&
        (info.pointers_seen > info.pointers_of || strlen(info.loader) >= sizeof info.loader))
        abort();
    elf_end(elf);
    free(copy);
    return 0;
}
