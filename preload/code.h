/*
 * What the code table says of a code object (pyperf.h): where its bytecode is, and which line each
 * instruction is of.
 *
 * Fields are read where interp_rows.h has them, without a call of Python's.  If the interpreter
 * keeps one of them elsewhere, there is no table; everything else goes on.
 */
#ifndef PYPERF_CODE_H
#define PYPERF_CODE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "interp.h"

struct pyperf_code {
    uintptr_t bytecode;    /* address of the first instruction */
    const void *lines;     /* the line table, which lives as long as the code object */
    size_t lines_size;     /* bytes */
    uint32_t length;       /* of the bytecode, in bytes */
    uint32_t first_line;   /* co_firstlineno */
    uint32_t lines_format; /* PYPERF_LINES_* */
    uint16_t file;         /* offset of the file's name in the function's; slot.c fills it in */
    uint64_t now;          /* nanoseconds; likewise */
    bool shared;           /* 3.10: another code object may have this bytecode, too */
    bool context;          /* a context in place of a code object (pyperf.h): `bytecode` is its id,
                              `length` counts its frames, `lines` is what follows the row */
};

/* Compares where the row has these fields with what attributes of a code object say.  GIL held.
 * Returns the usual size of a function's line table, in bytes; 0 if fields cannot be read, after
 * one log line that says which is elsewhere. */
unsigned pyperf_code_start(const struct pyperf_python *python);

/* Brings near what pyperf_code_read() is going to read, while something else is done. */
void pyperf_code_prefetch(const struct pyperf_python *python, PyObject *code);

/* Reads a code object.  False: not known of this interpreter. */
bool pyperf_code_read(const struct pyperf_python *python, PyObject *code, struct pyperf_code *read);

/* A hash of what the table says of a code object but for the address, mixed with `hash`.  Not 0. */
uint64_t pyperf_code_hash(const struct pyperf_code *code, uint64_t hash);

/* Whether a code object, which shares `slot` with others, has to be told: it was not yet, or since
 * then another one of that slot was told of memory that both use.  From now on it is told.  Code
 * objects made over and over would otherwise fill the table with the same rows.  512 KiB remember,
 * so one may have to be told again without need, but none that has to be is left out.  slot.c's
 * lock is held. */
bool pyperf_code_is_news(const struct pyperf_code *code, uintptr_t slot);

/* Whether another code object of that slot was told last of memory that this one uses.  It may be
 * so, too, where nobody was told.  Lock as above. */
bool pyperf_code_is_others(const struct pyperf_code *code, uintptr_t slot);

#endif
