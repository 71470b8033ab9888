/*
 * The hook of PEP 523: each interpreter has one frame evaluator.  Ours takes that place, without
 * displacing those of other tools.
 */
#ifndef PYPERF_HOOK_H
#define PYPERF_HOOK_H

#include "interp.h"

/* Prepares the evaluators for this interpreter.  Once, before any install; `found` must live on. */
void pyperf_hook_start(const struct pyperf_python *found);

/* Whether the current interpreter has our evaluator.  GIL held. */
bool pyperf_hook_is_ours(void);

/*
 * Sets the evaluator of the current interpreter; idempotent.  GIL held.
 *
 * If another tool's evaluator is already there, it stays in charge.  While the interpreter starts
 * (`starting`), ours goes in front of it and calls it through slots.  Later nothing is changed,
 * because the tool may hold ours, to call or to restore it: -EBUSY, after one log line.  The same
 * goes for a second tool's evaluator if it differs from the first, and on 3.6 to 3.8 for a pointer
 * that is no function of a loaded object.
 */
int pyperf_hook_install(bool starting);

/* Gives the current interpreter its former evaluator back.  GIL held.  Returns whether ours was
 * there, or will be again when this thread's stack is less deep (deep_stack.h). */
bool pyperf_hook_remove(void);

#endif
