/*
 * Lets the interpreter specialise instructions at once that an evaluator kept it from specialising.
 *
 * From 3.11 on CPython runs some calls within the caller's C frame once it has specialised the
 * instruction that makes them: `for` over a generator, a property's getter, __getitem__, __init__.
 * While an evaluator is set each attempt fails, and each failure doubles the wait for the next, up
 * to 4,095 executions.  When the evaluator is taken away because the stack runs short, a program
 * that has long been running would go on taking C stack for thousands of calls.
 */
#ifndef PYPERF_SPECIALIZE_H
#define PYPERF_SPECIALIZE_H

#include "interp.h"

/*
 * Call after the evaluator was taken away, before `code`, which `tstate` is about to run.  If
 * `code` is among its own nearest callers, ends the waits in all code of that cycle; else nothing
 * deep begins here, and nothing happens.  GIL held; keeps a pending exception.  What cannot be read
 * for want of memory goes on waiting.  Nothing on builds without a GIL.
 */
void pyperf_specialize_recursion(const struct pyperf_python *python, void *tstate, PyObject *code);

#endif
