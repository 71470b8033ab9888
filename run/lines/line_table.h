/* CPython's line tables: from an instruction to a line, in the three formats of 3.6 to 3.15. */
#ifndef RUN_LINES_LINE_TABLE_H
#define RUN_LINES_LINE_TABLE_H

#include <stddef.h>
#include <stdint.h>

struct line_table {
    const unsigned char *bytes;
    size_t size;
    int format;          /* PYPERF_LINES_* of pyperf.h */
    unsigned first_line; /* co_firstlineno */
};

/* The line of the instruction at `offset` bytes from the bytecode's begin; 0 if it has none. */
unsigned line_table_find(const struct line_table *table, uint32_t offset);

/* The largest line in it, `first_line` if it is empty. */
unsigned line_table_last(const struct line_table *table);

#endif
