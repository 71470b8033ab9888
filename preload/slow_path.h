/*
 * What the hot path (evaluator.c) does not do: the first call of a function, and calls below
 * pyperf_stack_limit.
 */
#ifndef PYPERF_SLOW_PATH_H
#define PYPERF_SLOW_PATH_H

#include "interp.h"

#define PYPERF_COLD __attribute__((cold))

/* Once, before any evaluator is called; `found` must live on. */
void pyperf_slow_path_start(const struct pyperf_python *found);

/* Evaluate a frame, in the main interpreter or one of the others.  Called as CPython calls an
 * evaluator; errno is kept. */
PYPERF_COLD void *pyperf_slow_path_evaluate(void *a, void *b, void *c);
PYPERF_COLD void *pyperf_slow_path_evaluate_shared(void *a, void *b, void *c);

/* The slot for the code object in an evaluator's arguments; a new one gets its name.  `shared`:
 * in an interpreter that does not use the main one's table (codemap.h). */
PYPERF_COLD pyperf_slot_fn pyperf_slow_path_slot(void *a, void *b, bool shared);

#endif
