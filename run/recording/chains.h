/* Call chains: the samples of a recording with all their frames, by name. */
#ifndef RUN_RECORDING_CHAINS_H
#define RUN_RECORDING_CHAINS_H

#include "recording/module.h"
#include "recording/sample.h"
#include "recording/unwind.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct chain_frame {
    uint64_t address; /* of the instruction that runs, or behind the one that calls */
    uint64_t lookup;  /* within that instruction */
    const char *name; /* NULL: not known */
    const char *file; /* the DSO as perf calls it: a path, "[kernel.kallsyms]"; NULL: not known */
    bool kernel;
    const struct mapping *mapping;     /* NULL: kernel, or nothing is mapped there */
    const struct registers *registers; /* NULL if perf copied none, as with frame pointers */
};

struct chain {
    const struct sample *sample;
    const char *command;              /* the thread's name */
    const struct chain_frame *frames; /* leaf first */
    size_t count;
};

/* Everything in it is valid until the callback returns.  Anything else than 0 ends the reading. */
typedef int chains_visit(void *context, const struct chain *chain);

/*
 * Reads the recording `path` ("-": stdin) and calls `visit` for each sample, in the order of their
 * times.  `cache` is perf's build-id cache, or NULL.  Returns what records_open(), records_each()
 * or `visit` returned, or -ENOMEM.
 */
int chains_each(const char *path, const char *cache, chains_visit *visit, void *context);

#endif
