/*
 * Each format is a row of ranges of bytecode with a line: Objects/lnotab_notes.txt of CPython 3.6
 * to 3.10, InternalDocs/code_objects.md of 3.14 for 3.11 and later.
 */
#include "lines/line_table.h"

#include <pyperf.h>

#include <stdbool.h>

/* A walk through a table, range by range. */
struct walk {
    const struct line_table *table;
    size_t at;
    uint32_t end; /* of the range */
    int64_t line; /* as the table counts; in force even if this range has none */
    bool has_line;
};

/* Pairs: length of the range, difference of lines; -128: none. */
static bool next_3_10(struct walk *walk)
{
    const struct line_table *table = walk->table;
    signed char delta;

    if (walk->at + 1 >= table->size)
        return false;
    delta = (signed char)table->bytes[walk->at + 1];
    walk->end += table->bytes[walk->at];
    walk->has_line = delta != -128;
    walk->line += walk->has_line ? delta : 0;
    walk->at += 2;
    return true;
}

/* Of 32 bits, as CPython's. */
static uint32_t read_varint(struct walk *walk)
{
    const struct line_table *table = walk->table;
    uint32_t value = 0;

    for (unsigned shift = 0; walk->at < table->size && shift < 32; shift += 6) {
        unsigned char byte = table->bytes[walk->at++];
        value |= (uint32_t)(byte & 63) << shift;
        if (!(byte & 64))
            break;
    }
    return value;
}

/* Entries of a byte with bit 7 and others without: 4 bits say what follows, 3 the length. */
static bool next_3_11(struct walk *walk)
{
    enum { ONE_LINE = 10, NO_COLUMNS = 13, LONG = 14, NONE = 15, UNIT = 2 };
    const struct line_table *table = walk->table;
    unsigned char first;
    uint32_t delta;
    unsigned kind;

    if (walk->at >= table->size)
        return false;
    first = table->bytes[walk->at++];
    kind = first >> 3 & 15;
    walk->end += ((first & 7U) + 1) * UNIT;
    walk->has_line = kind != NONE;
    if (kind == NO_COLUMNS || kind == LONG) {
        delta = read_varint(walk);
        walk->line += delta & 1 ? -(int64_t)(delta >> 1) : (int64_t)(delta >> 1);
    } else if (kind >= ONE_LINE && kind < NO_COLUMNS) {
        walk->line += kind - ONE_LINE;
    }
    while (walk->at < table->size && !(table->bytes[walk->at] & 128))
        walk->at++; /* columns */
    return true;
}

static bool next_range(struct walk *walk)
{
    switch (walk->table->format) {
    case PYPERF_LINES_3_10:
        return next_3_10(walk);
    case PYPERF_LINES_3_11:
        return next_3_11(walk);
    default:
        return false;
    }
}

static struct walk walk_of(const struct line_table *table)
{
    return (struct walk){.table = table, .line = table->first_line, .has_line = true};
}

static unsigned line_of(const struct walk *walk)
{
    return walk->line > 0 && walk->line <= UINT32_MAX ? (unsigned)walk->line : 0;
}

/* Pairs of increments, of the bytecode's offset and of the line: the latter counts from there on.
 */
static unsigned find_3_6(struct walk *walk, uint32_t offset, unsigned *last)
{
    const struct line_table *table = walk->table;
    uint32_t at = 0;

    for (; walk->at + 1 < table->size; walk->at += 2) {
        at += table->bytes[walk->at];
        if (at > offset)
            break;
        walk->line += (signed char)table->bytes[walk->at + 1];
        if (line_of(walk) > *last)
            *last = line_of(walk);
    }
    return line_of(walk);
}

unsigned line_table_find(const struct line_table *table, uint32_t offset)
{
    struct walk walk = walk_of(table);
    unsigned last = 0;

    if (table->format == PYPERF_LINES_3_6)
        return find_3_6(&walk, offset, &last);
    while (next_range(&walk))
        if (offset < walk.end)
            return walk.has_line ? line_of(&walk) : 0;
    return 0;
}

unsigned line_table_last(const struct line_table *table)
{
    struct walk walk = walk_of(table);
    unsigned last = table->first_line;

    if (table->format == PYPERF_LINES_3_6)
        find_3_6(&walk, UINT32_MAX, &last);
    while (next_range(&walk))
        if (walk.has_line && line_of(&walk) > last)
            last = line_of(&walk);
    return last;
}
