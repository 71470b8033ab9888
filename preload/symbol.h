/* From a code object to its slot, by its qualified name and its file name. */
#ifndef PYPERF_SYMBOL_H
#define PYPERF_SYMBOL_H

#include "interp.h"

/*
 * The slot for `code`, by name (slot.h).  GIL held, or on free-threaded builds an attached thread
 * state.  Any pending exception stays as it was.  Runs no Python code, but may allocate through
 * Python; a name that cannot be read becomes "?".
 */
pyperf_slot_fn pyperf_symbol_slot(const struct pyperf_python *python, PyObject *code);

#endif
