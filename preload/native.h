/*
 * Python's own perf support (3.12+): -X perf, PYTHONPERFSUPPORT, sys.activate_stack_trampoline().
 *
 * It is a frame evaluator too, and up to 3.14 it refuses to work where another one is set; at start
 * it takes Python down with it.  Who asks for it shall get it: it serves, and ours stands aside.
 */
#ifndef PYPERF_NATIVE_H
#define PYPERF_NATIVE_H

#include "interp.h"

/* Whether the command line or the environment asks for it.  GIL held. */
bool pyperf_native_is_asked_for(const struct pyperf_python *python);

/*
 * Puts functions of ours around sys.activate_stack_trampoline() and its opposite: the first takes
 * our evaluator away before, the other sets it again after.  In the current interpreter; GIL held.
 * Any failure leaves sys as it was.
 */
void pyperf_native_wrap(const struct pyperf_python *python);

#endif
