/*
 * The frame evaluators: what CPython calls for every Python function once we are installed.
 */
#ifndef PYPERF_EVALUATOR_H
#define PYPERF_EVALUATOR_H

#include "interp.h"

/* Readies the evaluators for this interpreter.  Once, before any install; `found` must live on. */
void pyperf_evaluator_start(const struct pyperf_python *found);

/* Whether the current interpreter has our evaluator.  GIL held. */
bool pyperf_evaluator_installed(void);

/*
 * Sets the evaluator of the current interpreter; idempotent.  GIL held.  An evaluator that is
 * already there stays in charge: -EBUSY, after one log line; on 3.6 to 3.8 that also answers a
 * slot which is not where the row says.
 */
int pyperf_evaluator_install(void);

/* Gives the current interpreter its own evaluator back.  GIL held.  Whether ours was there. */
bool pyperf_evaluator_remove(void);

#endif
