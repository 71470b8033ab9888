/*
 * Qualified names before 3.11, whose code objects do not carry them.
 *
 * The code that makes a function holds its qualified name as a constant: LOAD_CONST code,
 * LOAD_CONST qualname, MAKE_FUNCTION.  So a code object that runs for the first time is scanned
 * once, and the names of the functions it can make are remembered for when they run.  A class
 * body holds its own: its third and fourth instructions are LOAD_CONST qualname, STORE_NAME
 * __qualname__.
 */
#ifndef PYPERF_QUALNAME_H
#define PYPERF_QUALNAME_H

#include "interp.h"

/* The qualified name of `code`, a new reference; its plain name if the code that makes it was never
 * seen.  Remembers the names of functions that `code` can make.  Up to 3.10; GIL held, no exception
 * pending. */
PyObject *pyperf_qualname_of(const struct pyperf_python *python, PyObject *code);

/* Forgets everything, because a new main interpreter starts: the names belonged to the last one. */
void pyperf_qualname_reset(void);

#endif
