/*
 * What the hot path (evaluator.c) leaves to others: the first call of a function, and every call
 * where the stack has to be looked at.
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

/* The slot for the code object of an evaluator's arguments, named if it has to be.  `shared`: in an
 * interpreter that has not the main one's table (codemap.h). */
PYPERF_COLD pyperf_slot_fn pyperf_slow_path_slot(void *a, void *b, bool shared);

#endif
