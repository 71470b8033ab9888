/* Reads an image's code table as include/pyperf.h describes it. */
#ifndef PYPERF_TESTS_CODE_ROWS_H
#define PYPERF_TESTS_CODE_ROWS_H

#include <stddef.h>
#include <stdint.h>

#include "pyperf.h"

struct code_row {
    struct pyperf_code_row row;
    uint64_t elsewhere; /* the slot's address; else 0 */
    uint64_t time;      /* of the clock row before it */
    uint32_t format;
    char lines[PYPERF_CODE_LINES_MAX + 1];
};

/* The rows of code objects, oldest first, and the one that ends the table.  Fails the test unless
 * rows fill the section and the oldest is of the clock.  Their number; the caller frees `*rows`. */
size_t code_rows_read(const char *path, struct code_row **rows);

#endif
