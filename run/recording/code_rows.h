/* The rows of an image's code table (include/pyperf.h), as they are stored. */
#ifndef RUN_RECORDING_CODE_ROWS_H
#define RUN_RECORDING_CODE_ROWS_H

#include <pyperf.h>

#include <libelf.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct code_rows {
    const unsigned char *bytes; /* what is not read yet */
    size_t size;
};

struct code_row {
    struct pyperf_code_row head;
    uint64_t elsewhere;          /* the slot's address if that is PYPERF_CODE_ELSEWHERE, else 0 */
    const unsigned char *behind; /* head.lines_size bytes, of line table or context */
};

/* All rows of an image, the newest first; none if `elf` is NULL or no image. */
struct code_rows code_rows_of(Elf *elf);

/* The next row; false: there is none, or it is cut off. */
bool code_rows_next(struct code_rows *rows, struct code_row *row);

#endif
