/* What a line file is made of, for the modules that write it. */
#ifndef RUN_LINES_RANGES_H
#define RUN_LINES_RANGES_H

#include "recording/table.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

enum {
    ADDRESSES = 4, /* of a line: of one instruction */
    /* Lines nobody asked for that are written all the same, between others: so many rows of the
     * line table, a byte each, are no more than the end of a sequence and the next one's begin. */
    RANGE_GAP_MOST = 16,
};

/* Bytes that grow; complete after fflush(). */
struct text {
    FILE *stream;
    char *bytes;
    size_t size;
};

/* False without memory. */
static inline bool text_open(struct text *text)
{
    text->stream = open_memstream(&text->bytes, &text->size);
    return text->stream != NULL;
}

static inline void text_free(struct text *text)
{
    if (text->stream)
        fclose(text->stream);
    free(text->bytes);
}

struct range {
    struct range *next;         /* by address */
    uint64_t address;           /* of "line not known"; the lines follow */
    unsigned first_line, lines; /* these may be none */
    unsigned name, path;        /* offsets into these texts of the file */
    unsigned char asked[];      /* a bit for each line */
};

struct line_file {
    struct table functions;    /* hash of name and path -> struct function */
    struct table path_offsets; /* hash -> offset + 1, as a pointer */
    struct range *ranges, **end;
    size_t range_count;
    uint64_t text_size;
    struct text names; /* .strtab */
    struct text paths;
};

static inline uint64_t range_size(const struct range *range)
{
    return ((uint64_t)range->lines + 1) * ADDRESSES;
}

static inline uint64_t range_address(const struct range *range, unsigned index)
{
    return range->address + ((uint64_t)index + 1) * ADDRESSES;
}

static inline bool range_was_asked(const struct range *range, unsigned index)
{
    return range->asked[index / 8] >> index % 8 & 1;
}

/* The first line from `index` on that was asked for; `lines` if there is none. */
static inline unsigned range_next_asked(const struct range *range, unsigned index)
{
    while (index < range->lines && !range_was_asked(range, index))
        index += range->asked[index / 8] >> index % 8 ? 1 : 8 - index % 8;
    return index < range->lines ? index : range->lines;
}

#endif
