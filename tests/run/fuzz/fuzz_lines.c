/* Any bytes as an image, as its code table, as a line table and as a file of positions: what is
 * read of them lies within them, and what was read can be written and read again. */
#include "coded.h"
#include "lines/code_table.h"
#include "lines/positions.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const unsigned char *bytes, size_t size);

static void check_lines(const struct line_table *lines)
{
    static const uint32_t behind[] = {254, 255, 256, 65535, UINT32_MAX};
    unsigned last = line_table_last(lines);

    for (uint32_t offset = 0; offset < 64; offset++)
        if (line_table_find(lines, offset) > last)
            abort();
    for (size_t i = 0; i < sizeof behind / sizeof *behind; i++)
        if (line_table_find(lines, behind[i]) > last)
            abort();
}

static void read_image(const unsigned char *bytes, size_t size)
{
    char *copy = malloc(size ? size : 1); /* libelf may write into what it is given */
    struct module module = {.opened = true};
    struct code_table table;

    if (!copy)
        abort();
    memcpy(copy, bytes, size);
    elf_version(EV_CURRENT);
    module.elf = elf_memory(copy, size);
    if (code_table_read(&table, &module) != 0)
        abort();
    for (size_t i = 0; i < table.count; i++) {
        const struct code *code = &table.codes[i];
        const char *lines = (const char *)code->lines.bytes;
        if (lines < copy || lines > copy + size ||
            code->lines.size > (size_t)(copy + size - lines) ||
            (code->older && code->older <= code))
            abort();
        check_lines(&code->lines);
    }
    code_table_free(&table);
    elf_end(module.elf);
    free(copy);
}

static bool read_positions(struct positions *positions, const void *bytes, size_t size)
{
    FILE *in = size ? fmemopen((void *)bytes, size, "r") : NULL;
    bool whole = in && positions_read(positions, in) == 0;

    if (in)
        fclose(in);
    return whole;
}

static void look(const struct positions *positions)
{
    static const unsigned char words[40];
    const struct stack_copy stack = {.start = 64, .bytes = words, .size = sizeof words};
    struct registers registers = {.known = 0};
    const struct position_frame frame = {&registers, &stack, 88};
    uint64_t value;

    registers_set(&registers, processor_here.sp, 64);
    for (size_t i = 0; i < positions->known_count; i++)
        position_value(&frame, positions->known[i].where, &value);
    for (size_t i = 0; i < positions->leaf.count; i++)
        position_value(&frame, positions->leaf.places[i].where, &value);
}

static void check_positions(const unsigned char *bytes, size_t size)
{
    struct positions positions, again;
    char *text;
    size_t text_size;
    FILE *out;

    if (!read_positions(&positions, bytes, size))
        return;
    look(&positions);
    out = open_memstream(&text, &text_size);
    if (!out || positions_write(&positions, out) != 0)
        abort();
    fclose(out);
    if (!read_positions(&again, text, text_size) || again.sites.count != positions.sites.count ||
        again.leaf.count != positions.leaf.count)
        abort();
    free(text);
    positions_free(&positions);
    positions_free(&again);
}

int LLVMFuzzerTestOneInput(const unsigned char *bytes, size_t size)
{
    static struct coded image;

    for (int format = 0; format <= PYPERF_LINES_3_11; format++)
        check_lines(&(struct line_table){
            .bytes = bytes, .size = size, .format = format, .first_line = 1000});
    check_positions(bytes, size);
    read_image(bytes, size);
    if (size > sizeof image.bytes / 2)
        return 0;
    coded_image(&image, bytes, size);
    read_image(image.bytes, image.size);
    return 0;
}
