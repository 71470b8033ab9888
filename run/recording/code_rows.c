#include "recording/code_rows.h"
#include "recording/sections.h"

#include <string.h>

struct code_rows code_rows_of(Elf *elf)
{
    struct code_rows rows = {.size = 0};
    size_t size;
    GElf_Shdr header;
    const char *file = elf ? elf_rawfile(elf, &size) : NULL;

    if (!file || !section_of_name(elf, PYPERF_CODE_SECTION, &header) || header.sh_offset > size ||
        header.sh_size > size - header.sh_offset)
        return rows;
    rows.bytes = (const unsigned char *)file + header.sh_offset;
    rows.size = header.sh_size;
    return rows;
}

bool code_rows_next(struct code_rows *rows, struct code_row *row)
{
    size_t used = sizeof row->head;
    uint16_t slot;

    if (rows->size < used)
        return false;
    memcpy(&row->head, rows->bytes, sizeof row->head);
    slot = row->head.slot;
    row->elsewhere = 0;
    if (slot == PYPERF_CODE_ELSEWHERE) {
        if (rows->size < used + sizeof row->elsewhere)
            return false;
        memcpy(&row->elsewhere, rows->bytes + used, sizeof row->elsewhere);
        used += sizeof row->elsewhere;
    }
    if (slot == PYPERF_CODE_CLOCK || slot == PYPERF_CODE_END)
        row->head.lines_size = 0;
    row->behind = rows->bytes + used;
    if (row->head.lines_size > rows->size - used)
        return false;
    used += row->head.lines_size;
    rows->bytes += used;
    rows->size -= used;
    return true;
}
