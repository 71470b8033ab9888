#include "lines/code_table.h"
#include "recording/sections.h"

#include <pyperf.h>

#include <errno.h>
#include <gelf.h>
#include <stdlib.h>
#include <string.h>

/* -- ELF ------------------------------------------------------------------------------------ */

/* The section's bytes; NULL if it is not there, or not all of it. */
static const unsigned char *find_rows(Elf *elf, size_t *size)
{
    size_t file_size;
    GElf_Shdr header;
    const char *file = elf_rawfile(elf, &file_size);

    if (!file || !section_of_name(elf, PYPERF_CODE_SECTION, &header) ||
        header.sh_offset > file_size || header.sh_size > file_size - header.sh_offset)
        return NULL;
    *size = header.sh_size;
    return (const unsigned char *)file + header.sh_offset;
}

static Elf_Data *find_symbols(Elf *elf)
{
    GElf_Shdr header;
    Elf_Scn *section = section_of_type(elf, SHT_SYMTAB, &header);

    return section ? elf_getdata(section, NULL) : NULL;
}

/* Slot N has symbol N + 1. */
static uint64_t address_of_slot(Elf_Data *symbols, unsigned slot)
{
    GElf_Sym symbol;

    return symbols && gelf_getsym(symbols, (int)slot + 1, &symbol) ? symbol.st_value : 0;
}

/* -- Rows ----------------------------------------------------------------------------------- */

/* One row at the beginning of `bytes`; its size, or 0 if it is cut off. */
static size_t read_row(const unsigned char *bytes, size_t size, struct pyperf_code_row *row,
                       uint64_t *elsewhere, const unsigned char **lines)
{
    size_t used = sizeof *row;

    if (size < used)
        return 0;
    memcpy(row, bytes, sizeof *row);
    *elsewhere = 0;
    if (row->slot == PYPERF_CODE_ELSEWHERE) {
        if (size < used + sizeof *elsewhere)
            return 0;
        memcpy(elsewhere, bytes + used, sizeof *elsewhere);
        used += sizeof *elsewhere;
    }
    if (row->slot == PYPERF_CODE_CLOCK || row->slot == PYPERF_CODE_END)
        return used;
    *lines = bytes + used;
    return row->lines_size <= size - used ? used + row->lines_size : 0;
}

static size_t count_rows(const unsigned char *bytes, size_t size)
{
    struct pyperf_code_row row;
    const unsigned char *lines;
    uint64_t elsewhere;
    size_t count = 0;

    for (size_t used; (used = read_row(bytes, size, &row, &elsewhere, &lines)); count++) {
        bytes += used;
        size -= used;
    }
    return count;
}

static struct code code_of(const struct pyperf_code_row *row, uint64_t elsewhere,
                           const unsigned char *lines, Elf_Data *symbols)
{
    bool other = row->slot == PYPERF_CODE_ELSEWHERE;

    return (struct code){
        .bytecode = row->bytecode,
        .length = row->length,
        .lines = {.bytes = lines, .size = row->lines_size, .first_line = row->first_line},
        .slot = other ? elsewhere : address_of_slot(symbols, row->slot),
        .elsewhere = other,
    };
}

/* A clock's row tells the time of the rows in front of it, and everybody's format. */
static void set_times(struct code_table *table, size_t from, const struct pyperf_code_row *clock)
{
    for (; from < table->count; from++) {
        struct code *code = &table->codes[from];
        code->since = clock->bytecode;
        code->lines.format = (int)clock->length;
        code->last_line = line_table_last(&code->lines);
    }
}

/* From the oldest to the newest, so that each finds the one before it. */
static int link_codes(struct code_table *table)
{
    int rc = 0;

    for (size_t i = table->count; rc == 0 && i-- > 0;) {
        struct code *code = &table->codes[i];
        struct table *slots = code->elsewhere ? &table->elsewhere : &table->own;
        code->older = table_get(slots, code->slot);
        rc = table_set(slots, code->slot, code);
    }
    return rc;
}

int code_table_read(struct code_table *table, const struct module *image)
{
    size_t size = 0, timed = 0;
    const unsigned char *bytes = image->elf ? find_rows(image->elf, &size) : NULL, *lines = NULL;
    struct pyperf_code_row row;
    Elf_Data *symbols = image->elf ? find_symbols(image->elf) : NULL;
    uint64_t elsewhere;
    int rc;

    *table = (struct code_table){.end = UINT64_MAX};
    if (!bytes)
        return 0;
    table->codes = calloc(count_rows(bytes, size) + 1, sizeof *table->codes);
    if (!table->codes)
        return -ENOMEM;
    for (size_t used; (used = read_row(bytes, size, &row, &elsewhere, &lines));) {
        bytes += used;
        size -= used;
        if (row.slot == PYPERF_CODE_CLOCK) {
            set_times(table, timed, &row);
            timed = table->count;
        } else if (row.slot == PYPERF_CODE_END) {
            table->end = row.bytecode < table->end ? row.bytecode : table->end;
        } else {
            table->codes[table->count++] = code_of(&row, elsewhere, lines, symbols);
        }
    }
    table->count = timed;
    rc = link_codes(table);
    if (rc)
        code_table_free(table);
    return rc;
}

void code_table_free(struct code_table *table)
{
    table_free(&table->own, NULL);
    table_free(&table->elsewhere, NULL);
    free(table->codes);
    *table = (struct code_table){.count = 0};
}
