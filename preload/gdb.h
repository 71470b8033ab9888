/*
 * Makes slots known to debuggers, by gdb's interface for code made at run time
 * (gdb manual, "JIT Compilation Interface").
 *
 * gdb knows loaded objects from the loader's list, in which images are not.  Without this its
 * backtraces end, or go astray, at the first Python function.
 *
 * The interface's two symbols are exported, as by its other users (LLVM): if a process has several,
 * the loader binds all to one definition, so that they share one list.
 */
#ifndef PYPERF_GDB_H
#define PYPERF_GDB_H

struct pyperf_image;

/* Describes an image to debuggers, now and later; never takes it back.  The caller serialises
 * calls.  The table has 64 places; further images are not described. */
void pyperf_gdb_add(const struct pyperf_image *image);

#endif
