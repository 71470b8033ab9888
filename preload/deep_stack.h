/*
 * Deep stacks: lets recursion go as deep as it goes without us.
 *
 * From 3.11 on the interpreter runs a call of one Python function by another within one C frame.
 * An evaluator takes that away, and each call costs C stack.  Two things follow.
 *
 * 3.12 and 3.13 count C recursion in units, two for each entry of the evaluation loop, and raise
 * RecursionError when a thread has none left: in 3.12.1 after some 700 calls, below the default
 * recursion limit.  So at each new segment of stack we lend the thread the units that calls in the
 * last one took only because they were hooked (units.h), until that frame returns.  We never lend
 * more than the rest of the stack can bear: the bytes for each unit stay what they were when the
 * thread started.
 *
 * When hooked calls have used their part of the stack (stack.c), the interpreter gets its own
 * evaluator back until this frame returns.  All deeper calls then run without C stack, as they
 * would without us, and without names (specialize.h).  On small stacks that comes earlier, because
 * the interpreter needs room itself: most of all a JIT, whose optimizer keeps a trace on the stack.
 */
#ifndef PYPERF_DEEP_STACK_H
#define PYPERF_DEEP_STACK_H

#include "evaluator.h"
#include "interp.h"

/* Once, before any evaluator is called; `found` must live on. */
void pyperf_deep_stack_start(const struct pyperf_python *found, struct pyperf_evaluators ours);

/* Runs a frame in its slot where the stack pointer is below pyperf_stack_limit, and leaves a
 * context there if one is due (contexts.h: `shared`, `entry`); errno is kept. */
void *pyperf_deep_stack_evaluate(pyperf_slot_fn slot, void *a, void *b, void *c, bool shared,
                                 uintptr_t entry);

/* Whether this thread is in calls during which `interp` has its own evaluator in place of ours. */
bool pyperf_deep_stack_unhooked(void *interp);

#endif
