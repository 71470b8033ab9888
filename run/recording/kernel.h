/* The kernel's symbols: /proc/kallsyms, or the copy that perf keeps with a recording. */
#ifndef RUN_RECORDING_KERNEL_H
#define RUN_RECORDING_KERNEL_H

#include "recording/kallsyms.h"
#include "recording/records.h"
#include "recording/spaces.h"
#include "recording/symbols.h"
#include "recording/table.h"

struct kernel {
    char anchor[16];   /* a symbol of which the recording tells the address; "": none */
    uint64_t anchored; /* that address */
    struct build_id build_id;
    bool runs; /* it is this machine's kernel, still or again */
    const char *cache;
    struct kallsyms own;    /* perf's copy, for the kernel's own functions */
    struct table own_names; /* address -> name, of those found so far */
    bool all_read;          /* so `symbols` has all; before it only keeps names */
    struct symbols symbols; /* behind each name, its module's: "" for the kernel itself */
    uint64_t moved;         /* how much higher than where `symbols` say the recorded kernel lay */
};

/* Notes where the recorded kernel lay, if this record tells: it lies elsewhere after each boot. */
void kernel_take(struct kernel *kernel, const struct record *record);

/*
 * `build_id` is what the recording says of its kernel, and if it says nothing (perf 6 does not
 * where it compresses) it was the one that runs; `cache`, as in struct module_places, must
 * stay valid.  Knows nothing, and that is no error, if another kernel runs and perf kept no copy.
 * What costs time is read when it is first needed: the whole list for addresses in modules, or
 * where there is no copy.
 */
void kernel_read(struct kernel *kernel, const struct build_id *build_id, const char *cache);

/* The name of the function at `address`, or NULL; *file is the DSO as perf calls it. */
const char *kernel_name(struct kernel *kernel, uint64_t address, const char **file);

void kernel_free(struct kernel *kernel);

#endif
