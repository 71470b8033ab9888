/* Text of Python's strings. */
#ifndef PYPERF_TEXT_H
#define PYPERF_TEXT_H

#include <stddef.h>

#include "interp.h"

/* UTF-8, not terminated. */
struct pyperf_text {
    const char *start;
    size_t length;   /* bytes */
    PyObject *owner; /* what keeps it alive, if the string itself does not: owned, else NULL */
};

/* The text of a string, which keeps it alive; "?" if it cannot be read, or is NULL.  Surrogates, as
 * in file names that are no UTF-8, become the escapes that Python prints.  GIL held, no exception
 * pending; may allocate through Python. */
struct pyperf_text pyperf_text_of(const struct pyperf_python *python, PyObject *string);

/* Drops what owns it. */
void pyperf_text_release(const struct pyperf_python *python, const struct pyperf_text *text);

#endif
