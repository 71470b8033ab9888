/*
 * DWARF 4, which every reader of today knows; version 5 would give nothing that is needed here.
 * https://dwarfstd.org/doc/DWARF4.pdf
 *
 * A compile unit has a few functions that are next to each other.  With one for all 100,000,
 * binutils takes minutes (2.40: arange_add() walks a list for each sequence), and so does gdb.
 *
 * A sequence of the line table ends where lines end that nobody asked for, and where a range does.
 * Where the line is not known it is 0, which means that (6.2.2).  Without a row perf 7.2 would ask
 * addr2line, and die of SIGPIPE where there is none.
 */
#include "lines/debug.h"

#include <dwarf.h>
#include <errno.h>
#include <string.h>

enum {
    VERSION = 4,
    LENGTH_MOST = 0xfffffff0, /* of the 32-bit format: 7.4 */
    ADDRESS_SIZE = 8,
    /* The usual ones of gcc and LLVM: 6.2.5.1 */
    LINE_BASE = -5,
    LINE_RANGE = 14,
    OPCODE_BASE = DW_LNS_set_isa + 1,
    NEXT_LINE = 1 - LINE_BASE + LINE_RANGE * ADDRESSES + OPCODE_BASE, /* and its addresses */
    RANGES = 64,                                                      /* of a unit */
};

/* -- Numbers -------------------------------------------------------------------------------- */

static void put(FILE *out, uint64_t value, unsigned size)
{
    for (; size; size--, value >>= 8)
        putc_unlocked((int)(value & 0xff), out);
}

static void put_unsigned(FILE *out, uint64_t value)
{
    for (; value > 0x7f; value >>= 7)
        putc_unlocked((int)(value & 0x7f) | 0x80, out);
    putc_unlocked((int)value, out);
}

static void put_signed(FILE *out, int64_t value)
{
    for (; value < -0x40 || value > 0x3f; value >>= 7)
        putc_unlocked((int)(value & 0x7f) | 0x80, out);
    putc_unlocked((int)(value & 0x7f), out);
}

/* -- Lines ---------------------------------------------------------------------------------- */

static void begin_sequence(FILE *out, uint64_t address, unsigned file, unsigned line)
{
    put(out, 0, 1);
    put_unsigned(out, 1 + ADDRESS_SIZE);
    put(out, DW_LNE_set_address, 1);
    put(out, address, ADDRESS_SIZE);
    put(out, DW_LNS_set_file, 1);
    put_unsigned(out, file);
    put(out, DW_LNS_advance_line, 1);
    put_signed(out, (int64_t)line - 1);
    put(out, DW_LNS_copy, 1);
}

static void end_sequence(FILE *out)
{
    put(out, DW_LNS_advance_pc, 1);
    put_unsigned(out, ADDRESSES);
    put(out, 0, 1);
    put_unsigned(out, 1);
    put(out, DW_LNE_end_sequence, 1);
}

static void put_rows(FILE *out, const struct range *range, unsigned file)
{
    unsigned index = range_next_asked(range, 0);

    begin_sequence(out, range->address, file, 0);
    end_sequence(out);
    while (index < range->lines) {
        unsigned next = index;
        begin_sequence(out, range_address(range, index), file, range->first_line + index);
        do {
            for (; index < next; index++)
                put(out, NEXT_LINE, 1);
            next = range_next_asked(range, index + 1);
        } while (next < range->lines && next - index <= RANGE_GAP_MOST);
        end_sequence(out);
        index = next;
    }
}

/* -- Units ---------------------------------------------------------------------------------- */

/* Ranges next to each other, and the files that they are from. */
struct unit {
    const struct range *first, *end;
    uint64_t lines; /* offset into .debug_line */
    uint64_t info;  /* into .debug_info */
    unsigned file_count, paths[RANGES];
    unsigned char files[RANGES]; /* of each range, its number */
    uint64_t begin, size;
};

static struct unit next_unit(const struct range *first)
{
    struct unit unit = {.first = first, .begin = first->address};
    const struct range *range = first;

    for (unsigned i = 0; range && i < RANGES; i++, range = range->next) {
        unsigned file = unit.file_count;
        while (file && unit.paths[file - 1] != range->path)
            file--;
        if (!file) {
            unit.paths[unit.file_count++] = range->path;
            file = unit.file_count;
        }
        unit.files[i] = (unsigned char)file;
        unit.size += range_size(range);
    }
    unit.end = range;
    return unit;
}

static void put_files(FILE *out, const struct unit *unit, const char *paths)
{
    for (unsigned i = 0; i < unit->file_count; i++) {
        const char *path = paths + unit->paths[i];
        fwrite(path, 1, strlen(path) + 1, out);
        put(out, 0, 3); /* directory: the path is whole; time and size: not known */
    }
    put(out, 0, 1);
}

/* Puts `length` over the four bytes at `at`, of a stream that is complete. */
static void set_length(struct text *text, uint64_t at, uint64_t length)
{
    for (unsigned i = 0; i < 4; i++)
        text->bytes[at + i] = (char)(length >> 8 * i);
}

static int put_lines(struct text *lines, const struct unit *unit, const char *paths)
{
    static const unsigned char operands[] = {0, 1, 1, 1, 1, 0, 0, 0, 1, 0, 0, 1};
    enum { LENGTH = 4, BEFORE_HEADER = LENGTH + 2 + 4 };
    FILE *out = lines->stream;
    uint64_t begin_of_rows;
    unsigned index = 0;

    put(out, 0, LENGTH); /* known at the end */
    put(out, VERSION, 2);
    put(out, 0, 4); /* as well */
    put(out, 1, 1); /* minimum_instruction_length */
    put(out, 1, 1); /* maximum_operations_per_instruction */
    put(out, 1, 1); /* default_is_stmt */
    put(out, (unsigned char)LINE_BASE, 1);
    put(out, LINE_RANGE, 1);
    put(out, OPCODE_BASE, 1);
    fwrite(operands, 1, sizeof operands, out);
    put(out, 0, 1); /* no directories */
    put_files(out, unit, paths);
    begin_of_rows = (uint64_t)ftello(out);
    for (const struct range *range = unit->first; range != unit->end; range = range->next)
        put_rows(out, range, unit->files[index++]);
    if (fflush(out) != 0 || ferror(out))
        return -ENOMEM;
    if (lines->size >= LENGTH_MOST)
        return -EFBIG;
    set_length(lines, unit->lines, lines->size - unit->lines - LENGTH);
    set_length(lines, unit->lines + LENGTH + 2, begin_of_rows - unit->lines - BEFORE_HEADER);
    return 0;
}

static const unsigned char abbreviations[] = {
    1,
    DW_TAG_compile_unit,
    DW_CHILDREN_no,
    DW_AT_language,
    DW_FORM_data1,
    DW_AT_name,
    DW_FORM_string,
    DW_AT_stmt_list,
    DW_FORM_sec_offset,
    DW_AT_low_pc,
    DW_FORM_addr,
    DW_AT_high_pc,
    DW_FORM_addr,
    0,
    0,
    0,
};

static void put_info(FILE *out, const struct unit *unit)
{
    static const char name[] = "Python";
    enum { SIZE = 2 + 4 + 1 + 1 + 1 + sizeof name + 4 + 2 * ADDRESS_SIZE };

    put(out, SIZE, 4);
    put(out, VERSION, 2);
    put(out, 0, 4); /* in .debug_abbrev */
    put(out, ADDRESS_SIZE, 1);
    put_unsigned(out, 1); /* abbreviation */
    put(out, DW_LANG_Python, 1);
    fwrite(name, 1, sizeof name, out);
    put(out, unit->lines, 4);
    put(out, unit->begin, ADDRESS_SIZE);
    put(out, unit->begin + unit->size, ADDRESS_SIZE);
}

/* elfutils looks nowhere else for the unit of an address (0.188, dwfl_module_addrdie). */
static void put_aranges(FILE *out, const struct unit *unit)
{
    enum { SIZE = 2 + 4 + 1 + 1 + 4 + 4 * ADDRESS_SIZE };

    put(out, SIZE, 4);
    put(out, 2, 2); /* version: 6.1.2 */
    put(out, unit->info, 4);
    put(out, ADDRESS_SIZE, 1);
    put(out, 0, 1 + 4); /* no segments; pads to twice the size of an address */
    put(out, unit->begin, ADDRESS_SIZE);
    put(out, unit->size, ADDRESS_SIZE);
    put(out, 0, ADDRESS_SIZE);
    put(out, 0, ADDRESS_SIZE);
}

/* -- All ------------------------------------------------------------------------------------ */

int debug_make(struct text sections[DEBUG_SECTIONS], const struct line_file *file)
{
    memset(sections, 0, DEBUG_SECTIONS * sizeof *sections);
    if (fflush(file->paths.stream) != 0)
        return -ENOMEM;
    for (int i = 0; i < DEBUG_SECTIONS; i++)
        if (!text_open(&sections[i]))
            return -ENOMEM;
    fwrite(abbreviations, 1, sizeof abbreviations, sections[DEBUG_ABBREV].stream);
    for (const struct range *range = file->ranges; range;) {
        struct unit unit = next_unit(range);
        int rc;
        unit.lines = (uint64_t)ftello(sections[DEBUG_LINE].stream);
        unit.info = (uint64_t)ftello(sections[DEBUG_INFO].stream);
        rc = put_lines(&sections[DEBUG_LINE], &unit, file->paths.bytes);
        if (rc)
            return rc;
        put_info(sections[DEBUG_INFO].stream, &unit);
        put_aranges(sections[DEBUG_ARANGES].stream, &unit);
        range = unit.end;
    }
    for (int i = 0; i < DEBUG_SECTIONS; i++)
        if (fflush(sections[i].stream) != 0 || ferror(sections[i].stream))
            return -ENOMEM;
    return 0;
}
