/*
 * Makes the interpreter specialise at once what an evaluator kept it from specialising.
 *
 * From 3.11 on CPython runs some calls within the caller's C frame once it has specialised the
 * instruction that makes them: `for` over a generator, a property's getter, __getitem__, __init__.
 * While an evaluator is set, each attempt to specialise fails, and each failure doubles the wait
 * for the next, up to 4,095 executions.  So when we remove the evaluator because the stack runs
 * short, a program that has run for a while would go on to take C stack for thousands of calls.
 */
#ifndef PYPERF_SPECIALIZE_H
#define PYPERF_SPECIALIZE_H

#include "interp.h"

/*
 * Call it once the evaluator is removed and before `tstate` runs `code`.  If `code` is among its
 * own nearest callers, ends the waits in all code of that cycle; otherwise this is no recursion,
 * and nothing happens.  GIL held; a pending exception is kept.  Code that cannot be read for lack
 * of memory keeps waiting.  Does nothing on builds without a GIL.
 */
void pyperf_specialize_recursion(const struct pyperf_python *python, void *tstate, PyObject *code);

#endif
