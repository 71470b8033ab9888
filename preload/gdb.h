/*
 * Makes trampolines known to debuggers, by gdb's interface for code made at run time
 * (gdb manual, "JIT Compilation Interface").
 *
 * gdb knows loaded objects from the loader's list, in which images are not.  Without this its
 * backtraces end, or go astray, at the first Python function.
 *
 * The two symbols of the interface are exported, as its other users do (LLVM): where a process
 * has more than one, the loader makes them one, and all share its list.
 */
#ifndef PYPERF_GDB_H
#define PYPERF_GDB_H

struct pyperf_image;

/* Describes an image to debuggers that are there or will come.  Images are never taken back.  The
 * caller serialises calls.  Images beyond the 64 places of the table are not described. */
void pyperf_gdb_add(const struct pyperf_image *image);

#endif
