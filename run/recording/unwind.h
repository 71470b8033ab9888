/* The callers of a sample, from the registers and the copy of the stack that perf took with it. */
#ifndef RUN_RECORDING_UNWIND_H
#define RUN_RECORDING_UNWIND_H

#include "recording/locations.h"
#include "recording/processor.h"
#include "recording/rule.h"
#include "recording/sample.h"

#include <stdbool.h>

/* The most frames of a stack: perf copies at most 65,528 bytes, each return address takes 8. */
enum { UNWIND_FRAMES_MAX = 8191 };

struct unwound {
    struct registers registers;
    const struct mapping *mapping; /* of the program counter; NULL: none */
    const struct symbol *symbol;   /* the same */
    uint64_t lookup;               /* an address within the instruction that runs or calls */
};

/*
 * Unwinds a sample of the process `space` (NULL: nothing is known of it): fills `frames`, leaf
 * first, and returns how many.  Ends at the outermost frame, and then `*whole` is true; or where
 * the copy ends, or nothing tells how to go on.  `frames` has room for UNWIND_FRAMES_MAX.
 */
size_t unwind_sample(struct locations *locations, const struct space *space,
                     const struct sample *sample, struct unwound *frames, bool *whole);

/* The sample's copy of the stack below a frame of it. */
struct stack_copy unwind_stack(const struct sample *sample, const struct registers *leaf);

#endif
