/*
 * The frame evaluators: what CPython calls for every Python function once we are installed.
 */
#ifndef PYPERF_EVALUATOR_H
#define PYPERF_EVALUATOR_H

#include "interp.h"

/* For the main interpreter, and for all others. */
struct pyperf_evaluators {
    pyperf_evaluator_fn main, shared;
};

static inline pyperf_evaluator_fn pyperf_evaluator_for(const struct pyperf_python *python,
                                                       struct pyperf_evaluators evaluators,
                                                       void *interp)
{
    return pyperf_interp_is_main(python, interp) ? evaluators.main : evaluators.shared;
}

/* Prepares the evaluators of this interpreter's row and returns them.  Call it once; `found` must
 * live on. */
struct pyperf_evaluators pyperf_evaluator_start(const struct pyperf_python *found);

/* Sets what slots call from now on, in all threads: CPython's own evaluator, or one that ends by
 * calling it. */
void pyperf_evaluator_set_next(pyperf_evaluator_fn evaluator);

#endif
