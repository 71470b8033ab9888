/* Images made in memory with any code table, for tests of those that read them. */
#ifndef TESTS_RUN_CODED_H
#define TESTS_RUN_CODED_H

#include <pyperf.h>

#include <stddef.h>
#include <stdint.h>

enum {
    CODED_SLOTS = 4,    /* symbols behind the null one */
    CODED_TEXT = 0x400, /* the first slot's address */
    CODED_SLOT = 16,
};

struct coded {
    size_t size;
    unsigned char bytes[1 << 20];
};

/* Rows, newest first.  `elsewhere` is put only if `row` says so, `lines` are its lines_size. */
void coded_row(struct coded *rows, const struct pyperf_code_row *row, uint64_t elsewhere,
               const void *lines);
void coded_clock(struct coded *rows, uint64_t time, uint32_t format);

/* The ELF file with these bytes as its code table. */
void coded_image(struct coded *image, const void *rows, size_t size);

#endif
