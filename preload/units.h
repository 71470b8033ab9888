/*
 * How many units of C recursion a frame evaluator costs a thread.
 *
 * 3.12 and 3.13 give each thread units of C recursion, take two for each entry of the evaluation
 * loop and one for some calls of C functions, and raise RecursionError when none are left.  Without
 * an evaluator a call of one Python function by another enters no loop and takes none.  A call that
 * C makes (repr() of an element, a sort key, __getattr__) enters one in either case.  Giving back
 * what that takes would let recursion through C go deeper than CPython allows.
 *
 * Two things tell who made a call: the instruction that the caller is at, and the distance on the C
 * stack between the loops of caller and callee.  The distance is smallest, and always the same, if
 * the loop made the call itself; so we note the smallest of each kind that we have seen.
 */
#ifndef PYPERF_UNITS_H
#define PYPERF_UNITS_H

#include "interp.h"

/*
 * Units that calls have taken only because there is an evaluator.  Counts the loops that the calls
 * entered in [`low`, `high`) of the thread's stack, some thousand frames at most.  -ENOTSUP where
 * the frames cannot be read.  `tstate` is current, its row has PYPERF_GUARD_STACK_AND_UNITS.
 */
int pyperf_units_of_hooked_calls(const struct pyperf_python *python, void *tstate, uintptr_t low,
                                 uintptr_t high);

/* Notes the distance to the nearest caller.  Call it where time matters little, from the program's
 * start on, so that distances are known before recursion needs them. */
void pyperf_units_learn(const struct pyperf_python *python, void *tstate);

/* Calls in which a context is left on the stack (contexts.h) are by so many bytes farther apart. */
void pyperf_units_detour(uintptr_t bytes);

#endif
