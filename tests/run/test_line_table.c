/* Line tables as CPython made them, with the lines that it tells of itself, and damaged ones. */
#include "lines/line_table.h"
#include "suite.h"

#include <pyperf.h>

#include <limits.h>

/* -- CPython's own -------------------------------------------------------------------------- */

/*
 * def f(a):                    `f`: with calls over several lines, a loop, `finally`,
 *     b = [                    and large steps in both directions; and a statement with more
 *         g(1),                bytecode than an entry can tell of.
 *         a,                   Truth: dis.findlinestarts(), from 3.10 on co_lines(); 0 for None.
 *     ]
 *     try:
 *         for x in b:
 *             h(x)
 *     finally:
 *         a()                  (line 10)
 *     return g(a,              (line 151)
 *              b)              (line 288)
 */
struct truth {
    uint32_t offset; /* from here on */
    unsigned line;
};

#define TABLE(...)                                                                                 \
    (const unsigned char[]){__VA_ARGS__}, sizeof((const unsigned char[]){__VA_ARGS__})
#define TRUTH(...)                                                                                 \
    (const struct truth[]){__VA_ARGS__},                                                           \
        sizeof((const struct truth[]){__VA_ARGS__}) / sizeof(struct truth)

static const struct known {
    const char *version;
    int format;
    uint32_t length;
    const unsigned char *bytes;
    size_t size;
    const struct truth *truth;
    size_t count;
} all[] = {
    {"3.6", PYPERF_LINES_3_6, 58,
     TABLE(0, 2, 6, 1, 6, 2, 2, 1, 10, 1, 16, 2, 8, 127, 0, 14, 4, 127, 0, 10),
     TRUTH({0, 3}, {6, 4}, {12, 6}, {14, 7}, {24, 8}, {40, 10}, {48, 151}, {52, 288})},
    {"3.6, long", PYPERF_LINES_3_6, 564, TABLE(0, 1, 255, 0, 255, 0, 50, 1),
     TRUTH({0, 2}, {560, 3})},
    {"3.9", PYPERF_LINES_3_6, 60,
     TABLE(0, 2, 6, 1, 2, 254, 4, 4, 2, 1, 8, 1, 12, 2, 16, 127, 0, 14, 4, 127, 0, 10, 2, 128, 0,
           247),
     TRUTH({0, 3}, {6, 4}, {8, 2}, {12, 6}, {14, 7}, {22, 8}, {34, 10}, {50, 151}, {54, 288},
           {56, 151})},
    {"3.10", PYPERF_LINES_3_10, 60,
     TABLE(6, 2, 2, 1, 4, 254, 2, 4, 8, 1, 10, 1, 2, 255, 16, 3, 0, 127, 4, 14, 0, 127, 2, 10, 0,
           129, 4, 246),
     TRUTH({0, 3}, {6, 4}, {8, 2}, {12, 6}, {14, 7}, {22, 8}, {32, 7}, {34, 10}, {50, 151},
           {54, 288}, {56, 151})},
    {"3.10, long", PYPERF_LINES_3_10, 564, TABLE(254, 1, 254, 0, 52, 0, 4, 1),
     TRUTH({0, 2}, {560, 3})},
    {"3.11", PYPERF_LINES_3_11, 164,
     TABLE(128, 0, 229, 8, 9, 136, 33, 137, 4, 140, 4, 216, 8, 9, 240, 5, 3, 9, 6, 128, 65, 240, 8,
           4, 5, 12, 216, 17, 18, 240, 0, 1, 9, 17, 240, 0, 1, 9, 17, 136, 65, 221, 12, 13, 136, 97,
           137, 68, 140, 68, 136, 68, 136, 68, 240, 3, 1, 9, 17, 240, 6, 0, 9, 10, 136, 1, 137, 3,
           140, 3, 136, 3, 136, 3, 248, 136, 1, 136, 1, 137, 3, 140, 3, 136, 3, 136, 3, 248, 248,
           248, 245, 90, 4, 0, 12, 13, 136, 81, 240, 82, 4, 0, 7, 8, 241, 83, 4, 73, 2, 12, 9, 244,
           0, 73, 2, 12, 9, 240, 0, 73, 2, 5, 9),
     TRUTH({0, 1}, {2, 3}, {30, 4}, {32, 2}, {36, 6}, {38, 7}, {46, 8}, {78, 7}, {80, 10}, {102, 0},
           {104, 10}, {126, 0}, {132, 151}, {146, 288}, {148, 151})},
    {"3.12", PYPERF_LINES_3_11, 130,
     TABLE(128, 0, 228, 8, 9, 136, 33, 139, 4, 216, 8, 9, 240, 5, 3, 9, 6, 128, 65, 240, 8, 4, 5,
           12, 216, 17, 18, 242, 0, 1, 9, 17, 136, 65, 220, 12, 13, 136, 97, 141, 68, 241, 3, 1, 9,
           17, 241, 6, 0, 9, 10, 140, 3, 244, 90, 4, 0, 12, 13, 136, 81, 240, 82, 4, 0, 7, 8, 243,
           83, 4, 73, 2, 12, 9, 240, 0, 73, 2, 5, 9, 248, 241, 91, 4, 0, 9, 10, 141, 3, 250),
     TRUTH({0, 1}, {2, 3}, {22, 4}, {24, 2}, {28, 6}, {30, 7}, {40, 8}, {64, 7}, {68, 10},
           {82, 151}, {94, 288}, {96, 151}, {106, 0}, {108, 10}, {124, 0})},
    {"3.13", PYPERF_LINES_3_11, 132,
     TABLE(128, 0, 228, 8, 9, 136, 33, 139, 4, 216, 8, 9, 240, 5, 3, 9, 6, 128, 65, 240, 8, 4, 5,
           12, 219, 17, 18, 136, 65, 220, 12, 13, 136, 97, 142, 68, 241, 3, 0, 18, 19, 241, 6, 0, 9,
           10, 140, 3, 244, 90, 4, 0, 12, 13, 136, 81, 240, 82, 4, 0, 7, 8, 243, 83, 4, 73, 2, 12,
           9, 240, 0, 73, 2, 5, 9, 248, 241, 91, 4, 0, 9, 10, 141, 3, 250),
     TRUTH({0, 1}, {2, 3}, {22, 4}, {24, 2}, {28, 6}, {30, 7}, {40, 8}, {66, 7}, {70, 10},
           {84, 151}, {96, 288}, {98, 151}, {108, 0}, {110, 10}, {126, 0})},
};

static unsigned line_in(const struct known *known, uint32_t offset)
{
    size_t i = known->count - 1;

    while (known->truth[i].offset > offset)
        i--;
    return known->truth[i].line;
}

START_TEST(test_known)
{
    const struct known *known = &all[_i];
    const struct line_table table = {
        .bytes = known->bytes, .size = known->size, .format = known->format, .first_line = 1};
    unsigned last = 0;

    for (uint32_t offset = 0; offset < known->length; offset++) {
        unsigned line = line_in(known, offset);
        ck_assert_msg(line_table_find(&table, offset) == line, "%s: at %u: %u, not %u",
                      known->version, offset, line_table_find(&table, offset), line);
        last = line > last ? line : last;
    }
    ck_assert_uint_eq(line_table_last(&table), last);
    if (known->format != PYPERF_LINES_3_6) {
        ck_assert_uint_eq(line_table_find(&table, known->length), 0);
        ck_assert_uint_eq(line_table_find(&table, UINT32_MAX), 0);
    }
}
END_TEST

/* -- Made here ------------------------------------------------------------------------------ */

static struct line_table made(int format, unsigned first_line, const unsigned char *bytes,
                              size_t size)
{
    return (struct line_table){
        .bytes = bytes, .size = size, .format = format, .first_line = first_line};
}

START_TEST(test_3_6)
{
    static const unsigned char bytes[] = {0, 1, 4, 255, 2, 128, 2, 10, 77};
    struct line_table table = made(PYPERF_LINES_3_6, 100, bytes, sizeof bytes);

    ck_assert_uint_eq(line_table_find(&table, 0), 101);
    ck_assert_uint_eq(line_table_find(&table, 3), 101);
    ck_assert_uint_eq(line_table_find(&table, 4), 100);
    ck_assert_uint_eq(line_table_find(&table, 6), 0); /* -28 */
    ck_assert_uint_eq(line_table_find(&table, 8), 0);
    ck_assert_uint_eq(line_table_find(&table, UINT32_MAX), 0);
    ck_assert_uint_eq(line_table_last(&table), 101);
    table.first_line = 200;
    ck_assert_uint_eq(line_table_find(&table, 6), 72);
    ck_assert_uint_eq(line_table_find(&table, 1 << 30), 82);
    table.size = 7; /* half a pair is none */
    ck_assert_uint_eq(line_table_find(&table, 8), 72);
    table.size = 0;
    ck_assert_uint_eq(line_table_find(&table, 5), 200);
    ck_assert_uint_eq(line_table_last(&table), 200);
}
END_TEST

START_TEST(test_3_10)
{
    static const unsigned char bytes[] = {4, 1, 2, 128, 0, 127, 2, 127, 2, 129, 2, 130, 9};
    struct line_table table = made(PYPERF_LINES_3_10, 7, bytes, sizeof bytes);
    static const unsigned lines[] = {8, 8, 8, 8, 0, 0, 262, 262, 135, 135, 9, 9, 0, 0};

    for (unsigned i = 0; i < sizeof lines / sizeof *lines; i++)
        ck_assert_uint_eq(line_table_find(&table, i), lines[i]);
    ck_assert_uint_eq(line_table_last(&table), 262);
    table.size = 5; /* within the third pair */
    ck_assert_uint_eq(line_table_find(&table, 3), 8);
    ck_assert_uint_eq(line_table_find(&table, 6), 0);
    ck_assert_uint_eq(line_table_last(&table), 8);
    table.size = 0;
    ck_assert_uint_eq(line_table_find(&table, 0), 0);
    ck_assert_uint_eq(line_table_last(&table), 7);
}
END_TEST

/* First bytes of 3.11's entries: what they are, and how many units long. */
#define ENTRY(kind, units) (128 | (kind) << 3 | ((units)-1))

START_TEST(test_3_11)
{
    static const unsigned char bytes[] = {
        ENTRY(0, 1),  0x12,                   /* line 50, short */
        ENTRY(12, 2), 3,    4,                /* + 2 */
        ENTRY(15, 8),                         /* none */
        ENTRY(13, 1), 5,                      /* - 2, no columns */
        ENTRY(14, 1), 0x40, 0x04, 0, 1, 1,    /* + 128, in two bytes of 6 bits */
        ENTRY(14, 1), 0x41, 0x44, 1, 0, 1, 1, /* - 2176, in three: below 1 */
        ENTRY(13, 1), 0x40, 0x44, 1,          /* + 2176: as before */
        ENTRY(11, 3), 1,    2,                /* + 1 */
    };
    struct line_table table = made(PYPERF_LINES_3_11, 50, bytes, sizeof bytes);
    static const struct truth truth[] = {{0, 50}, {2, 52},   {6, 0},    {22, 50}, {24, 178},
                                         {26, 0}, {28, 178}, {30, 179}, {36, 0}};

    for (unsigned i = 0; i < sizeof truth / sizeof *truth; i++)
        for (uint32_t offset = truth[i].offset;
             offset < (i + 1 < sizeof truth / sizeof *truth ? truth[i + 1].offset : 40); offset++)
            ck_assert_msg(line_table_find(&table, offset) == truth[i].line, "at %u: %u, not %u",
                          offset, line_table_find(&table, offset), truth[i].line);
    ck_assert_uint_eq(line_table_last(&table), 179);
    for (table.size = 0; table.size < sizeof bytes; table.size++) { /* cut off */
        ck_assert_uint_eq(line_table_find(&table, 30), table.size < sizeof bytes - 2 ? 0 : 179);
        ck_assert_uint_eq(line_table_find(&table, 36), 0);
    }
}
END_TEST

/* Numbers that never end, and more of them than 64 bits can add (ubsan). */
START_TEST(test_3_11_huge)
{
    unsigned char bytes[4096] = {0};
    struct line_table table = made(PYPERF_LINES_3_11, 1, bytes, sizeof bytes);

    for (size_t i = 0; i < sizeof bytes; i++)
        bytes[i] = i % 16 ? 0x7e : ENTRY(13, 1);
    ck_assert_uint_eq(line_table_find(&table, 0), 1 + 0x5f7df7dfU);
    ck_assert_uint_eq(line_table_find(&table, 2), 1 + 2 * 0x5f7df7dfU);
    ck_assert_uint_eq(line_table_find(&table, 4), 0);
    ck_assert_uint_eq(line_table_find(&table, 500), 0); /* more than a line can be */
    for (size_t i = 1; i < sizeof bytes; i++)
        bytes[i] |= i % 16 != 0;
    ck_assert_uint_eq(line_table_find(&table, 0), 0);
    ck_assert_uint_eq(line_table_find(&table, 500), 0);
    ck_assert_uint_eq(line_table_last(&table), 1);
}
END_TEST

START_TEST(test_no_format)
{
    static const unsigned char bytes[] = {1, 1, 1, 1};

    for (int format = 0; format < 9; format += 4) {
        struct line_table table = made(format, 3, bytes, sizeof bytes);
        ck_assert_uint_eq(line_table_find(&table, 0), 0);
        ck_assert_uint_eq(line_table_last(&table), 3);
    }
}
END_TEST

int main(void)
{
    TCase *tests = tcase_create("line table");

    tcase_add_loop_test(tests, test_known, 0, sizeof all / sizeof *all);
    tcase_add_test(tests, test_3_6);
    tcase_add_test(tests, test_3_10);
    tcase_add_test(tests, test_3_11);
    tcase_add_test(tests, test_3_11_huge);
    tcase_add_test(tests, test_no_format);
    return run_case("line_table", tests);
}
