/*
 * Qualified names before 3.11, whose code objects do not carry them.
 *
 * The code that makes a function holds its qualified name as a constant: LOAD_CONST code,
 * LOAD_CONST qualname, MAKE_FUNCTION.  So a code object that runs for the first time is scanned
 * once, and the names of the functions it can make are remembered for when they run.  A class
 * body tells its own: LOAD_CONST qualname, STORE_NAME __qualname__ are its third and fourth
 * instruction.
 */
#ifndef PYPERF_QUALNAME_H
#define PYPERF_QUALNAME_H

#include "interp.h"

/* The qualified name of `code`, a new reference; its plain name where no parent was seen.
 * Remembers its children.  Up to 3.10; GIL held, no exception pending. */
PyObject *pyperf_qualname_of(const struct pyperf_python *python, PyObject *code);

/* A new main interpreter starts: what was remembered belongs to one that is gone. */
void pyperf_qualname_reset(void);

#endif
