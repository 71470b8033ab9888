/*
 * How deep a thread's C stack is, asked with one compare.
 *
 * The evaluator compares the stack pointer with pyperf_stack_limit; only below it anybody has to
 * think.  A thread starts with the highest limit, so that its first call comes here.
 */
#ifndef PYPERF_STACK_H
#define PYPERF_STACK_H

#include <stdbool.h>
#include <stdint.h>

/* initial-exec: one load to reach it.  The library is preloaded, so it has static TLS. */
extern __thread uintptr_t pyperf_stack_limit __attribute__((tls_model("initial-exec")));

/* Small against a stack of 8 MiB, and large against a frame: at 370 bytes, the least that was
 * measured for a hooked call, a segment holds 177 calls, which use 354 of the 1,500 or more units
 * of C recursion that 3.12 gives a thread. */
enum { PYPERF_SEGMENT = 65536 };

enum pyperf_stack_state {
    PYPERF_STACK_FINE,    /* nothing to do; also on a stack that is not this thread's own */
    PYPERF_STACK_SEGMENT, /* a further 64 KiB begins */
    PYPERF_STACK_LOW,     /* hooked calls have used what they may */
};

/* Tells where `sp` is.  `segments`: whether the caller wants to hear of PYPERF_STACK_SEGMENT;
 * `recursion_limit`: sys.getrecursionlimit(), from which follows how much hooked calls may use.
 * Sets the limit for the calls made from here. */
enum pyperf_stack_state pyperf_stack_check(uintptr_t sp, bool segments, int recursion_limit);

/* Whether this thread has not been checked yet. */
bool pyperf_stack_is_new(void);

/* For a thread that is new: `bytes` is what the interpreter itself may need below the last hooked
 * call, where that is more than usual. */
void pyperf_stack_reserve(uintptr_t bytes);

/* As large a part of `whole` as of this thread's stack is left below `sp`; after
 * pyperf_stack_check().  `whole` is less than 2^24. */
uintptr_t pyperf_stack_share(uintptr_t whole, uintptr_t sp);

/* Back in the frame that was told PYPERF_STACK_SEGMENT: sets the limit for its callers. */
void pyperf_stack_leave_segment(uintptr_t sp);

/* Call from the constructor: notes where the main thread's stack begins. */
void pyperf_stack_init(const void *top);

#endif
