#include "lines/code_table.h"
#include "recording/code_rows.h"
#include "recording/sections.h"

#include <pyperf.h>

#include <errno.h>
#include <gelf.h>
#include <stdlib.h>
#include <string.h>

/* -- ELF ------------------------------------------------------------------------------------ */

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

static size_t count_rows(struct code_rows rows)
{
    struct code_row row;
    size_t count = 0;

    while (code_rows_next(&rows, &row))
        count++;
    return count;
}

static struct code code_of(const struct code_row *row, Elf_Data *symbols)
{
    const struct pyperf_code_row *head = &row->head;
    bool other = head->slot == PYPERF_CODE_ELSEWHERE;

    return (struct code){
        .bytecode = head->bytecode,
        .length = head->length,
        .lines = {.bytes = row->behind, .size = head->lines_size, .first_line = head->first_line},
        .slot = other ? row->elsewhere : address_of_slot(symbols, head->slot),
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
    struct code_rows rows = code_rows_of(image->elf);
    struct code_row row;
    Elf_Data *symbols = image->elf ? find_symbols(image->elf) : NULL;
    size_t timed = 0;
    int rc;

    *table = (struct code_table){.end = UINT64_MAX};
    if (!rows.size)
        return 0;
    table->codes = calloc(count_rows(rows) + 1, sizeof *table->codes);
    if (!table->codes)
        return -ENOMEM;
    while (code_rows_next(&rows, &row)) {
        uint64_t time = row.head.bytecode;
        if (row.head.slot == PYPERF_CODE_CLOCK) {
            set_times(table, timed, &row.head);
            timed = table->count;
        } else if (row.head.slot == PYPERF_CODE_END) {
            table->end = time < table->end ? time : table->end;
        } else if (row.head.slot != PYPERF_CODE_CONTEXT) {
            table->codes[table->count++] = code_of(&row, symbols);
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
