/* The code tables of images (include/pyperf.h): which code object ran where, and its lines. */
#ifndef RUN_LINES_CODE_TABLE_H
#define RUN_LINES_CODE_TABLE_H

#include "lines/line_table.h"
#include "recording/module.h"
#include "recording/table.h"

#include <stdbool.h>
#include <stdint.h>

/* A code object, from `since` on until another one of the same process takes its place. */
struct code {
    uint64_t bytecode; /* address in its process */
    uint32_t length;
    uint64_t since; /* nanoseconds of CLOCK_MONOTONIC */
    struct line_table lines;
    unsigned last_line;
    uint64_t slot;            /* its slot's address: in the file or, if `elsewhere`, the process */
    bool elsewhere;           /* in another image of the process */
    const struct code *older; /* in the same slot before; NULL: none */
};

struct code_table {
    struct code *codes; /* newest first */
    size_t count;
    uint64_t end;           /* from this time on rows are missing; UINT64_MAX: none is */
    struct table own;       /* slot's address in the file -> newest struct code of that slot */
    struct table elsewhere; /* slot's address in the process -> the same, of other images' slots */
};

/* Reads the table of an image; one without any, or a file of another kind, gives an empty one.
 * Rows whose clock is cut off are left out.  0, or -ENOMEM and an empty table.  What is read stays
 * valid as long as the module. */
int code_table_read(struct code_table *table, const struct module *image);
void code_table_free(struct code_table *table);

#endif
