/* The hash table from numbers to pointers. */
#include "recording/table.h"
#include "suite.h"

enum { COUNT = 20000 };

static int values[COUNT], released;

static void release(void *value)
{
    released += value != NULL;
}

START_TEST(test_empty)
{
    struct table table = {.room = 0};

    ck_assert_ptr_null(table_get(&table, 0));
    ck_assert_ptr_null(table_get(&table, UINT64_MAX));
    table_remove(&table, 1);
    table_free(&table, release);
    ck_assert_int_eq(released, 0);
}
END_TEST

START_TEST(test_set)
{
    static const uint64_t keys[] = {0, 1, UINT64_MAX, 1ULL << 63, 0x9e3779b97f4a7c15ULL};
    enum { KEYS = sizeof keys / sizeof *keys };
    struct table table = {.room = 0};

    for (int i = 0; i < KEYS; i++) {
        ck_assert_ptr_null(table_get(&table, keys[i]));
        ck_assert_int_eq(table_set(&table, keys[i], &values[i]), 0);
    }
    for (int i = 0; i < KEYS; i++)
        ck_assert_ptr_eq(table_get(&table, keys[i]), &values[i]);
    ck_assert_int_eq(table_set(&table, 1, &values[100]), 0);
    ck_assert_ptr_eq(table_get(&table, 1), &values[100]);
    ck_assert_uint_eq(table.count, KEYS);
    table_free(&table, release);
    ck_assert_int_eq(released, KEYS);
    ck_assert_ptr_null(table_get(&table, 1));
}
END_TEST

/* Neighbours, multiples of a page, and such as differ only above 32 bits. */
static uint64_t key_of(int pattern, uint64_t i)
{
    return pattern == 0 ? i : pattern == 1 ? i * 4096 : pattern == 2 ? i << 40 : i * i * 64;
}

START_TEST(test_growth)
{
    struct table table = {.room = 0};

    for (int i = 0; i < COUNT; i++)
        ck_assert_int_eq(table_set(&table, key_of(_i, (uint64_t)i), &values[i]), 0);
    ck_assert_uint_eq(table.count, COUNT);
    ck_assert_uint_gt(table.room, COUNT);
    ck_assert_uint_lt(table.room, 8 * COUNT);
    for (int i = 0; i < COUNT; i++)
        ck_assert_ptr_eq(table_get(&table, key_of(_i, (uint64_t)i)), &values[i]);
    ck_assert_ptr_null(table_get(&table, 12345678901));
    table_free(&table, NULL);
}
END_TEST

/* So full that most keys collide; after each removal the others are still found. */
START_TEST(test_remove)
{
    enum { FULL = 42 };
    struct table table = {.room = 0};

    for (int i = 0; i < FULL; i++)
        ck_assert_int_eq(table_set(&table, key_of(_i, (uint64_t)i), &values[i]), 0);
    ck_assert_uint_eq(table.room, 64); /* what makes them collide */
    for (int gone = 0; gone < FULL; gone++) {
        table_remove(&table, key_of(_i, (uint64_t)gone));
        table_remove(&table, key_of(_i, (uint64_t)gone)); /* is not there any more */
        ck_assert_uint_eq(table.count, FULL - 1 - gone);
        for (int i = 0; i < FULL; i++)
            ck_assert_ptr_eq(table_get(&table, key_of(_i, (uint64_t)i)),
                             i <= gone ? NULL : &values[i]);
    }
    table_free(&table, release);
    ck_assert_int_eq(released, 0);
}
END_TEST

/* Room that was given back is used again: no growth. */
START_TEST(test_turnover)
{
    struct table table = {.room = 0};

    for (int i = 0; i < COUNT; i++) {
        ck_assert_int_eq(table_set(&table, (uint64_t)i, &values[i]), 0);
        if (i >= 30)
            table_remove(&table, (uint64_t)i - 30);
    }
    ck_assert_uint_eq(table.count, 30);
    ck_assert_uint_eq(table.room, 64);
    ck_assert_ptr_eq(table_get(&table, COUNT - 30), &values[COUNT - 30]);
    ck_assert_ptr_null(table_get(&table, COUNT - 31));
    table_free(&table, NULL);
}
END_TEST

START_TEST(test_hash)
{
    ck_assert_uint_eq(table_hash(0, ""), 0xcbf29ce484222325ULL);
    ck_assert_uint_eq(table_hash(0, "a"), 0xaf63dc4c8601ec8cULL); /* FNV-1a's test vectors */
    ck_assert_uint_eq(table_hash(0, "foobar"), 0x85944171f73967e8ULL);
    ck_assert_uint_ne(table_hash(table_hash(0, "a"), "b"), table_hash(table_hash(0, "b"), "a"));
}
END_TEST

int main(void)
{
    TCase *tests = tcase_create("table");

    tcase_add_test(tests, test_empty);
    tcase_add_test(tests, test_set);
    tcase_add_loop_test(tests, test_growth, 0, 4);
    tcase_add_loop_test(tests, test_remove, 0, 4);
    tcase_add_test(tests, test_turnover);
    tcase_add_test(tests, test_hash);
    return run_case("table", tests);
}
