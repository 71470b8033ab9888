/* Code tables: made row by row, and as the library makes them. */
#include "coded.h"
#include "image.h"
#include "lines/code_table.h"
#include "support.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static struct coded rows, file;
static const unsigned char lines[] = {4, 1, 2, 127, 9}; /* of 3.10: first_line + 1, + 128 */
static struct module made;

/* Reads what `rows` has, as far as `size`. */
static struct code_table read_rows(size_t size)
{
    struct code_table table;

    coded_image(&file, rows.bytes, size);
    elf_version(EV_CURRENT);
    if (made.elf)
        elf_end(made.elf);
    made.elf = elf_memory((char *)file.bytes, file.size);
    ck_assert_ptr_nonnull(made.elf);
    ck_assert_int_eq(code_table_read(&table, &made), 0);
    return table;
}

static void row(uint16_t slot, uint64_t bytecode, uint32_t size)
{
    const struct pyperf_code_row fresh = {
        .bytecode = bytecode, .length = 64, .first_line = 10, .lines_size = size, .slot = slot};
    coded_row(&rows, &fresh, 0x7f0000001000, lines);
}

/* Two groups of one time each, newest first. */
static void put_groups(void)
{
    rows.size = 0;
    row(1, 0x5000, 4);
    row(0, 0x4000, 0);
    row(PYPERF_CODE_ELSEWHERE, 0x3000, 2);
    coded_clock(&rows, 2000, PYPERF_LINES_3_10);
    row(0, 0x2000, 5);
    row(0, 0x1000, 2);
    coded_clock(&rows, 1000, PYPERF_LINES_3_10);
}

static void check_code(const struct code *code, uint64_t bytecode, uint64_t since, size_t size,
                       unsigned last_line)
{
    ck_assert_ptr_nonnull(code);
    ck_assert_uint_eq(code->bytecode, bytecode);
    ck_assert_uint_eq(code->since, since);
    ck_assert_uint_eq(code->length, 64);
    ck_assert_uint_eq(code->lines.size, size);
    ck_assert_mem_eq(code->lines.bytes, lines, size);
    ck_assert_uint_eq(code->lines.first_line, 10);
    ck_assert_int_eq(code->lines.format, PYPERF_LINES_3_10);
    ck_assert_uint_eq(code->last_line, last_line);
}

START_TEST(test_rows)
{
    struct code_table table;
    const struct code *code;

    put_groups();
    table = read_rows(rows.size);
    ck_assert_uint_eq(table.count, 5);
    check_code(&table.codes[0], 0x5000, 2000, 4, 138);
    check_code(&table.codes[1], 0x4000, 2000, 0, 10);
    check_code(&table.codes[2], 0x3000, 2000, 2, 11);
    check_code(&table.codes[3], 0x2000, 1000, 5, 138);
    check_code(&table.codes[4], 0x1000, 1000, 2, 11);
    code = table_get(&table.own, CODED_TEXT); /* newest first */
    ck_assert_ptr_eq(code, &table.codes[1]);
    ck_assert(!code->elsewhere);
    ck_assert_ptr_eq(code->older, &table.codes[3]);
    ck_assert_ptr_eq(code->older->older, &table.codes[4]);
    ck_assert_ptr_null(code->older->older->older);
    code = table_get(&table.own, CODED_TEXT + CODED_SLOT);
    ck_assert_ptr_eq(code, &table.codes[0]);
    ck_assert_ptr_null(code->older);
    code = table_get(&table.elsewhere, 0x7f0000001000);
    ck_assert_ptr_eq(code, &table.codes[2]);
    ck_assert(code->elsewhere);
    ck_assert_uint_eq(code->slot, 0x7f0000001000);
    ck_assert_ptr_null(code->older);
    ck_assert_uint_eq(table.own.count, 2);
    ck_assert_uint_eq(table.elsewhere.count, 1);
    code_table_free(&table);
    ck_assert_uint_eq(table.count, 0);
}
END_TEST

/* Of another image it has nothing to say, even if the number is the same. */
START_TEST(test_elsewhere)
{
    struct code_table table;

    rows.size = 0;
    row(PYPERF_CODE_ELSEWHERE, 0x3000, 0);
    row(PYPERF_CODE_ELSEWHERE, 0x2000, 5);
    coded_clock(&rows, 1, PYPERF_LINES_3_10);
    table = read_rows(rows.size);
    ck_assert_uint_eq(table.own.count, 0);
    check_code(table_get(&table.elsewhere, 0x7f0000001000), 0x3000, 1, 0, 10);
    ck_assert_ptr_eq(table.codes[0].older, &table.codes[1]);
    check_code(&table.codes[1], 0x2000, 1, 5, 138);
    code_table_free(&table);
}
END_TEST

START_TEST(test_end)
{
    const struct pyperf_code_row end = {.bytecode = 3000, .slot = PYPERF_CODE_END};
    struct code_table table;

    rows.size = 0;
    coded_row(&rows, &end, 0, NULL);
    row(0, 0x1000, 2);
    coded_clock(&rows, 1000, PYPERF_LINES_3_10);
    table = read_rows(rows.size);
    ck_assert_uint_eq(table.count, 1);
    check_code(&table.codes[0], 0x1000, 1000, 2, 11);
    code_table_free(&table);
}
END_TEST

/* Wherever it ends: what is there is right, and without its clock a row is not there. */
START_TEST(test_cut)
{
    size_t first, all;

    put_groups();
    all = rows.size;
    first = 4 * sizeof(struct pyperf_code_row) + 4 + 8 + 2;
    for (size_t size = 0; size < all; size++) {
        struct code_table table = read_rows(size);
        ck_assert_uint_eq(table.count, size < first ? 0 : 3);
        if (table.count)
            check_code(&table.codes[2], 0x3000, 2000, 2, 11);
        code_table_free(&table);
    }
}
END_TEST

/* A line table that is larger than the section, a slot without a symbol. */
START_TEST(test_damaged)
{
    struct code_table table;
    struct pyperf_code_row *first = (struct pyperf_code_row *)rows.bytes;

    put_groups();
    first->lines_size = UINT32_MAX;
    table = read_rows(rows.size);
    ck_assert_uint_eq(table.count, 0);
    code_table_free(&table);
    put_groups();
    first->slot = 60000;
    table = read_rows(rows.size);
    ck_assert_uint_eq(table.count, 5);
    ck_assert_ptr_null(table_get(&table.own, CODED_TEXT + CODED_SLOT));
    code_table_free(&table);
}
END_TEST

/* Whatever a byte is changed to, nothing is read beyond the file (asan). */
START_TEST(test_any_byte)
{
    put_groups();
    coded_image(&file, rows.bytes, rows.size);
    elf_version(EV_CURRENT);
    for (size_t i = 0; i < file.size; i++) {
        static const unsigned char values[] = {0, 1, 0x7f, 0xff};
        for (size_t v = 0; v < sizeof values; v++) {
            char *copy = malloc(file.size);
            struct module module = {.opened = true};
            struct code_table table;
            memcpy(copy, file.bytes, file.size);
            copy[i] = (char)values[v];
            module.elf = elf_memory(copy, file.size);
            ck_assert_int_eq(code_table_read(&table, &module), 0);
            code_table_free(&table);
            elf_end(module.elf);
            free(copy);
        }
    }
}
END_TEST

START_TEST(test_other_files)
{
    static const char *const paths[] = {"/proc/self/exe", "/dev/null", "/nonexistent"};

    for (size_t i = 0; i < sizeof paths / sizeof *paths; i++) {
        const struct build_id none = {.size = 0};
        struct module *module = module_new(paths[i], MODULE_FILE, &none, 1);
        struct code_table table;
        module_open(module, &(struct module_places){.cache = NULL});
        ck_assert_int_eq(code_table_read(&table, module), 0);
        ck_assert_uint_eq(table.count, 0);
        ck_assert_ptr_null(table_get(&table.own, 0));
        code_table_free(&table);
        module_free(module);
    }
}
END_TEST

/* What preload/image.c writes. */
START_TEST(test_image)
{
    enum { COUNT = 50, ELSEWHERE = 0x1000 };
    const struct build_id none = {.size = 0};
    struct pyperf_image image;
    struct pyperf_code code = {.lines = lines,
                               .lines_size = 4,
                               .length = 64,
                               .first_line = 10,
                               .lines_format = PYPERF_LINES_3_10};
    struct module *module;
    struct code_table table;
    uintptr_t slots[COUNT];

    ck_assert_int_eq(
        pyperf_image_create(&image, support_directory(), 0, COUNT, 1 << 16, PYPERF_IMAGE_MODE), 0);
    for (unsigned i = 0; i < COUNT; i++) {
        code.bytecode = 0x10000 + i * 64UL;
        code.now = 1000 + i / 3; /* three at a time */
        slots[i] = pyperf_image_add(&image, "py::f:/f.py", 11, &code);
        ck_assert_uint_ne(slots[i], 0);
    }
    code.now = 2000;
    code.bytecode = 0x90000;
    ck_assert_int_eq(pyperf_image_describe(&image, slots[7], &code), 0);
    code.bytecode = 0xa0000;
    ck_assert_int_eq(pyperf_image_describe(&image, ELSEWHERE, &code), 0);
    pyperf_image_end_rows(&image, 3000);
    module = module_new(image.path, MODULE_FILE, &none, 1);
    module_open(module, &(struct module_places){.cache = NULL});
    ck_assert_int_eq(code_table_read(&table, module), 0);
    ck_assert_uint_eq(table.count, COUNT + 2);
    check_code(table_get(&table.elsewhere, ELSEWHERE), 0xa0000, 2000, 4, 138);
    for (unsigned i = 0; i < COUNT; i++) {
        const struct code *found = table_get(&table.own, slots[i] - image.base);
        if (i == 7) {
            check_code(found, 0x90000, 2000, 4, 138);
            found = found->older;
        }
        check_code(found, 0x10000 + i * 64UL, 1000 + i / 3, 4, 138);
        ck_assert_ptr_null(found->older);
    }
    code_table_free(&table);
    module_free(module);
}
END_TEST

SUPPORT_MAIN(test_rows, test_elsewhere, test_end, test_cut, test_damaged, test_any_byte,
             test_other_files, test_image)
