/*
 * Stands aside for CPython's own perf support (3.12+).
 *
 * It refuses to work if an evaluator is set; at start-up Python then does not start at all.  So a
 * program that asks for it by name gets it, and we stand aside:
 *
 * - `-X perf`, `-X perf_jit`, PYTHONPERFSUPPORT, PYTHON_PERF_JIT_SUPPORT: in the main interpreter
 *   for as long as it lives;
 * - sys.activate_stack_trampoline(): until sys.deactivate_stack_trampoline().
 */
#ifndef PYPERF_XPERF_H
#define PYPERF_XPERF_H

#include <stdbool.h>

#include "interp.h"

/* Whether command line or environment ask for it.  GIL held. */
bool pyperf_xperf_is_asked_for(const struct pyperf_python *python);

/* Makes the two functions of `sys` remove and restore our evaluator; idempotent.  They stay the
 * same objects, only what they call changes.  GIL held, after pyperf_hook_start(); `found` must
 * live on. */
void pyperf_xperf_give_way(const struct pyperf_python *found);

#endif
