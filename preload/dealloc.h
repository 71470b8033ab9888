/*
 * The death of code objects, up to 3.11.
 *
 * What we know of a code object there, we know by its address (codemap.h, qualname.h), which a
 * later one may get.  A reference, even to its bytecode alone, would be seen by the program:
 * marshal.dumps() and sys.getrefcount() tell, and what a weak reference is to would live on.  So
 * the type's tp_dealloc is ours; it forgets, and calls CPython's.
 */
#ifndef PYPERF_DEALLOC_H
#define PYPERF_DEALLOC_H

#include "interp.h"

/* Notices from now on.  Once; `found` must live on; GIL held.  0, or -ENOTSUP after one log line if
 * this build has tp_dealloc elsewhere; nothing is changed then. */
int pyperf_dealloc_watch(const struct pyperf_python *found);

#endif
