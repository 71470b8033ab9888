/* The kernel's symbols: /proc/kallsyms, or the copy that perf keeps with a recording. */
#ifndef RUN_RECORDING_KERNEL_H
#define RUN_RECORDING_KERNEL_H

#include "recording/spaces.h"
#include "recording/symbols.h"

struct kernel {
    struct symbols symbols; /* behind each name, its module's: "" for the kernel itself */
};

/* `build_id` is what the recording says of its kernel; `cache` as in struct module_places.  Knows
 * nothing, and that is no error, if another kernel runs and perf kept no copy. */
void kernel_read(struct kernel *kernel, const struct build_id *build_id, const char *cache);

/* The name of the function at `address`, or NULL; *file is the DSO as perf calls it. */
const char *kernel_name(const struct kernel *kernel, uint64_t address, const char **file);

void kernel_free(struct kernel *kernel);

#endif
