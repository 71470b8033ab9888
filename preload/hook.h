/*
 * The hook of PEP 523: an interpreter has one frame evaluator, and ours takes that place beside
 * those of other tools.
 */
#ifndef PYPERF_HOOK_H
#define PYPERF_HOOK_H

#include "interp.h"

/* Readies the evaluators for this interpreter.  Once, before any install; `found` must live on. */
void pyperf_hook_start(const struct pyperf_python *found);

/* Whether the current interpreter has our evaluator.  GIL held. */
bool pyperf_hook_is_ours(void);

/*
 * Sets the evaluator of the current interpreter; idempotent.  GIL held.
 *
 * Another's evaluator that is already there stays in charge.  While the interpreter starts
 * (`starting`) ours is put before it and calls it through the trampolines.  Later it may itself
 * hold ours, to call or to restore, and nothing is touched: -EBUSY, after one log line.  The same
 * for a second one that differs from the first, and on 3.6 to 3.8 for a pointer that is no function
 * of a loaded object.
 */
int pyperf_hook_install(bool starting);

/* Gives the current interpreter the evaluator back that it had.  GIL held.  Whether ours was
 * there. */
bool pyperf_hook_remove(void);

#endif
