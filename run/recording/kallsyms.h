/*
 * The kernel's own symbols in a copy of /proc/kallsyms, which is not read as a whole: that takes
 * longer than a short recording, and the kernel needs three times as long to write its list.
 *
 * Lines from the kernel's first symbol to those of modules are in the order of their addresses, as
 * the kernel keeps them (Linux scripts/kallsyms.c, sort_symbols()).
 */
#ifndef RUN_RECORDING_KALLSYMS_H
#define RUN_RECORDING_KALLSYMS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct kallsyms {
    char *text; /* the mapped file; NULL: none */
    size_t size;
    const char *first, *end; /* the lines of the kernel's own symbols */
    uint64_t start, last;    /* addresses of the first of them and of the last function */
};

/* A function's name within the text. */
struct kallsyms_name {
    const char *text;
    size_t length;
};

/* `first` names the kernel's first symbol.  False, and nothing is open, if the file is no such list
 * or lacks that symbol. */
bool kallsyms_open(struct kallsyms *list, const char *path, const char *first);
void kallsyms_close(struct kallsyms *list);

/* The function that covers an address between the kernel's first symbol and its last function:
 * like perf, each has the room up to the next, and of several at one address the last one counts.
 * False for other addresses. */
bool kallsyms_find(const struct kallsyms *list, uint64_t address, struct kallsyms_name *name);

/* Is this the type of a function? */
bool kallsyms_is_function(char type);

#endif
