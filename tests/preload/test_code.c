/* Code objects, read where their layouts have the fields; which of them were told. */
#include "code.h"
#include "interp_layouts.h"
#include "pyperf.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "support.h"

/* -- A code object -------------------------------------------------------------------------- */

enum { LINE = 4242, BYTES = 96, BYTES_HEADER = 32 };

static _Alignas(16) char code[512], lines[BYTES], bytecode[BYTES];
static const char instructions[] = {90, 0, 0, 0, 83, 1};
static const char table[] = "a line table";
static struct pyperf_python python;
static int held; /* references */
static enum field { NOTHING, LINES, LINES_SIZE, BYTECODE, BYTECODE_SIZE } wrong;

static const struct pyperf_layout *const layouts[] = {
#define ROW(id, name, minor, ...) &layout_##id,
#include "interp_rows.h"
};

static void put_word(char *object, size_t offset, uintptr_t word)
{
    memcpy(object + offset, &word, sizeof word);
}

static size_t header(void)
{
    return python.layout->free_threaded ? 16 : 0;
}

/* A bytes object: Include/cpython/bytesobject.h. */
static void put_bytes(char *object, const char *text, size_t size, enum field of_size)
{
    put_word(object, 16 + header(), size + (wrong == of_size));
    memcpy(object + 32 + header(), text, size);
}

static PyObject *make(const char *file, const char *function, int line)
{
    const struct pyperf_layout *l = python.layout;
    (void)file, (void)function, (void)line;
    memset(code, 0, sizeof code);
    put_bytes(lines, table, sizeof table, LINES_SIZE);
    put_bytes(bytecode, instructions, sizeof instructions, BYTECODE_SIZE);
    const int first = LINE;
    memcpy(code + l->co_firstlineno, &first, sizeof first);
    put_word(code, l->co_lines, (uintptr_t)lines + (wrong == LINES) * 16);
    if (l->co_bytecode != 0) {
        put_word(code, 16 + header(), sizeof instructions / 2 + (wrong == BYTECODE_SIZE));
        memcpy(code + l->co_bytecode + (wrong == BYTECODE) * 2, instructions, sizeof instructions);
    } else {
        put_word(code, l->co_code, (uintptr_t)bytecode + (wrong == BYTECODE) * 16);
        put_word(bytecode, 0, 1);
    }
    held++;
    return code;
}

static PyObject *attribute(PyObject *object, const char *name)
{
    int minor = python.layout->minor;
    ck_assert_ptr_eq(object, code);
    held++;
    if (strcmp(name, minor >= 10 ? "co_linetable" : "co_lnotab") == 0)
        return lines;
    ck_assert_str_eq(name, "co_code");
    return bytecode;
}

static PyObject *code_bytes(PyObject *object)
{
    (void)object;
    held++;
    return bytecode;
}

static int bytes(PyObject *object, char **text, ptrdiff_t *size)
{
    *text = (char *)object + 32 + header();
    *size = object == lines ? sizeof table : sizeof instructions;
    return 0;
}

static void release(PyObject *object)
{
    (void)object;
    held--;
}

static void clear(void)
{
}

static unsigned start_with(const struct pyperf_layout *layout, enum field elsewhere)
{
    python = (struct pyperf_python){.layout = layout,
                                    .new_empty_code = make,
                                    .attribute = attribute,
                                    .code_bytes = code_bytes,
                                    .bytes = bytes,
                                    .decref = release,
                                    .error_clear = clear};
    wrong = elsewhere;
    held = 0;
    support_log_to_file();
    unsigned usual = pyperf_code_start(&python);
    ck_assert_int_eq(held, 0);
    ck_assert_uint_eq(support_logged("no lines"), usual == 0);
    return usual;
}

START_TEST(a_code_object_is_read_where_the_row_says)
{
    for (size_t i = 0; i < sizeof layouts / sizeof layouts[0]; i++) {
        const struct pyperf_layout *l = layouts[i];
        struct pyperf_code read;
        ck_assert_uint_gt(start_with(l, NOTHING), 0);
        pyperf_code_prefetch(&python, code);
        ck_assert(pyperf_code_read(&python, code, &read));
        ck_assert_mem_eq((void *)read.bytecode, instructions, sizeof instructions);
        ck_assert_uint_eq(read.length, sizeof instructions);
        ck_assert_uint_eq(read.first_line, LINE);
        ck_assert_uint_eq(read.lines_size, sizeof table);
        ck_assert_mem_eq(read.lines, table, sizeof table);
        ck_assert_uint_eq(read.lines_format, l->minor <= 9    ? PYPERF_LINES_3_6
                                             : l->minor == 10 ? PYPERF_LINES_3_10
                                                              : PYPERF_LINES_3_11);
    }
}
END_TEST

START_TEST(bytecode_may_be_another_ones_on_3_10)
{
    for (size_t i = 0; i < sizeof layouts / sizeof layouts[0]; i++) {
        struct pyperf_code read;
        start_with(layouts[i], NOTHING);
        ck_assert(pyperf_code_read(&python, code, &read));
        ck_assert(!read.shared);
        put_word(bytecode, 0, 2);
        ck_assert(pyperf_code_read(&python, code, &read));
        ck_assert_int_eq(read.shared, layouts[i]->minor == 10);
    }
}
END_TEST

START_TEST(an_interpreter_that_differs_has_no_table)
{
    for (size_t i = 0; i < sizeof layouts / sizeof layouts[0]; i++) {
        for (enum field field = LINES; field <= BYTECODE_SIZE; field++) {
            struct pyperf_code read;
            ck_assert_uint_eq(start_with(layouts[i], field), 0);
            const char *names[] = {[LINES] = "co_l", [LINES_SIZE] = "co_l", "co_code", "co_code"};
            ck_assert_uint_eq(support_logged(names[field]), 1);
            ck_assert(!pyperf_code_read(&python, code, &read));
        }
    }
}
END_TEST

/* -- What was told -------------------------------------------------------------------------- */

enum { LENGTH = 100 };

static struct pyperf_code code_at(uintptr_t at, uint32_t length, const char *text)
{
    return (struct pyperf_code){.bytecode = at,
                                .lines = text,
                                .lines_size = strlen(text),
                                .first_line = 1,
                                .length = length};
}

static bool is_news_of(uintptr_t at, uint32_t length, uintptr_t slot, const char *text)
{
    const struct pyperf_code told = code_at(at, length, text);
    return pyperf_code_is_news(&told, slot);
}

static bool is_news(uintptr_t at, uintptr_t slot, const char *text)
{
    return is_news_of(at, LENGTH, slot, text);
}

static bool is_others(uintptr_t at, uintptr_t slot, const char *text)
{
    const struct pyperf_code asked = code_at(at, LENGTH, text);
    return pyperf_code_is_others(&asked, slot);
}

START_TEST(only_what_differs_is_news)
{
    ck_assert(is_news(160, 1, "a table that is longer than 8"));
    ck_assert(!is_news(160, 1, "a table that is longer than 8"));
    ck_assert(is_news(16000, 1, "a table that is longer than 8"));
    ck_assert(is_news(160, 1, "a table that is longer than 9"));
    ck_assert(is_news(160, 1, ""));
    ck_assert(!is_news(160, 1, ""));
    ck_assert(is_news_of(160, LENGTH + 2, 1, ""));
}
END_TEST

START_TEST(memory_is_another_ones_that_was_told_last)
{
    is_news(160, 1, "a");
    ck_assert(!is_others(160, 1, "a"));
    ck_assert(is_others(160, 1, "b"));
    ck_assert(!is_others(160, 2, "b"));
    ck_assert(!is_others(16000, 1, "b"));
    is_news(160, 1, "b");
    ck_assert(is_others(160, 1, "a"));
    ck_assert(!is_others(160, 1, "b"));
}
END_TEST

/* A, then B over a part of it, then A again: wherever the two overlap, if only by the position
 * behind the last instruction. */
START_TEST(what_another_lay_over_is_news_again)
{
    enum { AT = 16000, SHORT = 20 };
    for (uintptr_t at = AT - SHORT; at <= AT + LENGTH; at++) {
        is_news(AT, 1, "a");
        ck_assert(!is_news(AT, 1, "a"));
        ck_assert(is_news_of(at, SHORT, 1, "b"));
        ck_assert(is_news(AT, 1, "a"));
        ck_assert(is_news_of(at, SHORT, 1, "b"));
    }
}
END_TEST

/* The nearest that two can be: up to 3.10 a NUL and the header of bytes are between them. */
START_TEST(neighbours_are_told_once)
{
    enum { APART = LENGTH + 1 + BYTES_HEADER, MANY = 64 };
    for (uintptr_t i = 0; i < MANY; i++)
        ck_assert(is_news(16000 + i * APART, 1, "x"));
    for (uintptr_t i = 0; i < MANY; i++)
        ck_assert(!is_news(16000 + i * APART, 1, "x"));
}
END_TEST

/* The rows of another slot are not looked at for this one. */
START_TEST(each_slot_is_told_of_its_own)
{
    enum { SLOTS = 16 };
    for (uintptr_t slot = 1; slot <= SLOTS; slot++)
        ck_assert(is_news(16000, slot * 64, "x"));
    for (uintptr_t slot = 1; slot <= SLOTS; slot++)
        ck_assert(!is_news(16000, slot * 64, "x"));
}
END_TEST

/* More than can be remembered; then there is room for few again, of which hardly any come twice. */
START_TEST(what_is_remembered_is_bounded)
{
    enum { MANY = 100000, FEW = 500, ROUNDS = 3 };
    for (uintptr_t i = 1; i <= MANY; i++)
        ck_assert(is_news(i * 4096, 64, "x"));
    unsigned told = 0;
    for (unsigned round = 0; round < ROUNDS; round++)
        for (uintptr_t i = 1; i <= FEW; i++)
            told += is_news(i * 4096, 64 * i, "y");
    ck_assert_uint_ge(told, FEW);
    ck_assert_uint_lt(told, FEW + FEW / 4);
}
END_TEST

/* Longer than all that is remembered. */
START_TEST(a_long_one_is_told_once)
{
    enum { LONG = 4 << 20 };
    ck_assert(is_news_of(16000, LONG, 1, "x"));
    ck_assert(!is_news_of(16000, LONG, 1, "x"));
}
END_TEST

SUPPORT_MAIN(a_code_object_is_read_where_the_row_says, bytecode_may_be_another_ones_on_3_10,
             an_interpreter_that_differs_has_no_table, only_what_differs_is_news,
             memory_is_another_ones_that_was_told_last, what_another_lay_over_is_news_again,
             neighbours_are_told_once, each_slot_is_told_of_its_own, what_is_remembered_is_bounded,
             a_long_one_is_told_once)
