/*
 * Qualified names before 3.11, whose code objects do not carry them.
 *
 * The code that makes a function holds its qualified name as a constant: LOAD_CONST code,
 * LOAD_CONST qualname, MAKE_FUNCTION.  So a code object that runs for the first time is scanned
 * once, and the names of the functions it can make are remembered for when they run, without a
 * reference to anything (dealloc.h).  A class body holds its own: its third and fourth instructions
 * are LOAD_CONST qualname, STORE_NAME
 * __qualname__.
 */
#ifndef PYPERF_QUALNAME_H
#define PYPERF_QUALNAME_H

#include "interp.h"
#include "text.h"

/* All up to 3.10; GIL held, no exception pending. */

/* The qualified name of `code`; its plain name if the code that makes it was never seen.  To be
 * released; it is good until something is learned. */
struct pyperf_text pyperf_qualname_of(const struct pyperf_python *python, PyObject *code);

/* Remembers the names of functions that `code` can make. */
void pyperf_qualname_learn(const struct pyperf_python *python, PyObject *code);

/* `code` dies, and its name with it.  Also on 3.11. */
void pyperf_qualname_forget(const PyObject *code);

/* Forgets everything, because a new main interpreter starts. */
void pyperf_qualname_reset(void);

#endif
