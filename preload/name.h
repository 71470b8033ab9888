/*
 * The name of a function as perf shows it: `py::<qualname>:<filename>`, one clean line of UTF-8.
 *
 * There is one buffer for all threads, because names are long and stacks may be small; slot.c's
 * lock serialises its use.
 */
#ifndef PYPERF_NAME_H
#define PYPERF_NAME_H

#include <stddef.h>
#include <stdint.h>

#include "pyperf.h"

/* The two parts of a name: UTF-8, not NUL-terminated, any bytes; borrowed for the call. */
struct pyperf_symbol {
    const char *qualname;
    size_t qualname_length;
    const char *filename;
    size_t filename_length;
};

extern struct pyperf_name {
    size_t length;                                 /* at most PYPERF_NAME_MAX */
    size_t file;                                   /* where the file name begins; 0: nowhere */
    char text[PYPERF_NAME_MAX + sizeof(uint64_t)]; /* no NUL at the end */
} pyperf_name;

/* Puts a function's name into pyperf_name: control characters escaped as Python does, cut at a
 * character and ended with "..." when it is too long. */
void pyperf_name_compose(const struct pyperf_symbol *symbol);

/* Puts `text` into pyperf_name as it is. */
void pyperf_name_set(const char *text);

/* A hash of what is in pyperf_name; never 0. */
uint64_t pyperf_name_hash(void);

#endif
