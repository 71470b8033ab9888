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
    uint64_t position; /* completed: in its bytecode, where it was; 0: it cannot be told */
};

/* The name of the frame at the root of a chain that had to be completed. */
#define CHAIN_COMPLETED "[completed]"

struct chain {
    const struct sample *sample;
    const struct module_places *places;
    const struct space *space;        /* its process's; NULL: nothing is known of it */
    const char *command;              /* the thread's name */
    const struct chain_frame *frames; /* leaf first */
    size_t count;
    bool monotonic;   /* times are CLOCK_MONOTONIC's (perf record -k mono) */
    size_t recorded;  /* how many of them perf itself followed; the others are unwound */
    size_t completed; /* from here on Python frames alone, as a context tells them (pyperf.h),
                         because the stack's copy ends before its root, and the frame
                         CHAIN_COMPLETED; `count` if that was not needed, or not possible */
};

/* What is known of a recording's processes and files so far. */
struct chains;

/* `cache` is perf's build-id cache, or NULL; it is copied.  NULL: no memory. */
struct chains *chains_new(const char *cache);
void chains_free(struct chains *chains);

/* Takes a record, in the order of records_each().  1 if it is a sample: then `chain` has it, until
 * the next call.  0 if not; -EBADMSG if it is damaged; -ENOMEM. */
int chains_take(struct chains *chains, const struct record *record, struct chain *chain);

/*
 * Reads the recording `path` ("-": stdin) and calls `visit` for each sample, in the order of their
 * times; anything else than 0 ends the reading.  Returns what records_open(), records_each() or
 * `visit` returned, or -ENOMEM.
 */
typedef int chains_visit(void *context, const struct chain *chain);
int chains_each(const char *path, const char *cache, chains_visit *visit, void *context);

#endif
