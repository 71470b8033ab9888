#include "code_rows.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "elf_file.h"
#include "support.h"

/* One row at `bytes`, of at most `size` bytes.  How many it has. */
static size_t read_row(const char *bytes, size_t size, struct code_row *out)
{
    size_t used = sizeof out->row;
    *out = (struct code_row){.elsewhere = 0};
    ck_assert_uint_le(used, size);
    memcpy(&out->row, bytes, used);
    if (out->row.slot == PYPERF_CODE_ELSEWHERE) {
        ck_assert_uint_le(used + sizeof out->elsewhere, size);
        memcpy(&out->elsewhere, bytes + used, sizeof out->elsewhere);
        used += sizeof out->elsewhere;
    }
    ck_assert_uint_le(out->row.lines_size, PYPERF_CODE_LINES_MAX);
    ck_assert_uint_le(used + out->row.lines_size, size);
    memcpy(out->lines, bytes + used, out->row.lines_size);
    return used + out->row.lines_size;
}

size_t code_rows_read(const char *path, struct code_row **rows)
{
    struct elf_file file = elf_file_open(path);
    Elf_Data *data;
    size_t size = elf_file_section(&file, PYPERF_CODE_SECTION, &data).sh_size;
    size_t count = 0, undated = 0;
    bool dated = true;
    *rows = NULL;
    for (size_t at = 0; at < size;) {
        struct code_row *more = realloc(*rows, (count + 1) * sizeof *more);
        ck_assert_ptr_nonnull(more);
        *rows = more;
        at += read_row((char *)data->d_buf + at, size - at, &more[count]);
        dated = more[count].row.slot == PYPERF_CODE_CLOCK;
        if (!dated) {
            count++;
            continue;
        }
        const struct pyperf_code_row clock = more[count].row;
        for (; undated < count; undated++) {
            more[undated].time = clock.bytecode;
            more[undated].format = clock.length;
        }
    }
    ck_assert(dated);
    for (size_t i = 0; i < count / 2; i++) {
        struct code_row row = (*rows)[i];
        (*rows)[i] = (*rows)[count - 1 - i];
        (*rows)[count - 1 - i] = row;
    }
    elf_file_close(&file);
    return count;
}
