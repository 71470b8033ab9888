/*
 * How many units of C recursion a frame evaluator costs a thread.
 *
 * 3.12 and 3.13 give each thread units of C recursion, take two for each entry of the evaluation
 * loop and one for some calls of C functions, and raise RecursionError when none are left.  Without
 * an evaluator a call of one Python function by another enters no loop and takes none.  A call that
 * C makes (repr() of an element, a sort key, __getattr__) enters one in either case: what that
 * takes is not ours to give back, or recursion through C would go deeper than CPython wants.
 *
 * Which it was is read off the frames: by the instruction that the caller is at, and by the C stack
 * between the loops of caller and callee.  That is least, and always the same, where the loop makes
 * the call itself; the least seen of each kind is noted.
 */
#ifndef PYPERF_UNITS_H
#define PYPERF_UNITS_H

#include "interp.h"

/*
 * Units that the calls which entered a loop in [`low`, `high`) of the thread's stack have taken
 * only because of an evaluator.  The loop that is entered next, below `low`, is not among them.
 * Looks at some thousand frames at most.  -ENOTSUP where they cannot be read.  `tstate` is current,
 * and has PYPERF_GUARD_STACK_AND_UNITS.
 */
int pyperf_units_of_hooked_calls(const struct pyperf_python *python, void *tstate, uintptr_t low,
                                 uintptr_t high);

/* Notes the distances of the nearest callers.  Call it where there is time, from the start of the
 * program on: a distance has to be known before recursion asks for it. */
void pyperf_units_learn(const struct pyperf_python *python, void *tstate);

#endif
