/* The hash table: what was added is found, whatever it grows to. */
#include "hashtable.h"

#include <errno.h>
#include <stdint.h>

#include "mix.h"
#include "support.h"

static struct pyperf_hashtable table;

static uint64_t key(uint64_t number)
{
    return pyperf_mix(UINT64_MAX, number);
}

static void add(uint64_t first, uint64_t last)
{
    for (uint64_t i = first; i <= last; i++) {
        ck_assert_uint_eq(pyperf_hashtable_get(&table, key(i)), 0);
        ck_assert_int_eq(pyperf_hashtable_reserve(&table, 1), 0);
        pyperf_hashtable_add(&table, key(i), i);
    }
}

START_TEST(what_was_added_is_found)
{
    enum { MANY = 100000 };
    ck_assert_uint_eq(pyperf_hashtable_get(&table, 1), 0);
    add(1, MANY);
    for (uint64_t i = 1; i <= MANY; i++)
        ck_assert_uint_eq(pyperf_hashtable_get(&table, key(i)), i);
    ck_assert_uint_eq(pyperf_hashtable_get(&table, key(MANY + 1)), 0);
    ck_assert_uint_eq(table.used, MANY);
    ck_assert_uint_ge(table.size, 2 * MANY);
    ck_assert_uint_lt(table.size, 4 * MANY);
}
END_TEST

/* All of them belong at one place, the last one. */
START_TEST(keys_that_collide_are_told_apart)
{
    enum { COUNT = 100 };
    ck_assert_int_eq(pyperf_hashtable_reserve(&table, COUNT), 0);
    for (uint64_t i = 1; i <= COUNT; i++)
        pyperf_hashtable_add(&table, i << 32 | UINT32_MAX, i);
    for (uint64_t i = 1; i <= COUNT; i++)
        ck_assert_uint_eq(pyperf_hashtable_get(&table, i << 32 | UINT32_MAX), i);
    ck_assert_uint_eq(pyperf_hashtable_get(&table, UINT32_MAX), 0);
}
END_TEST

START_TEST(reserved_room_is_used_without_growing)
{
    enum { COUNT = 5000 };
    add(1, 10);
    ck_assert_int_eq(pyperf_hashtable_reserve(&table, COUNT), 0);
    const void *entries = table.entries;
    add(11, 10 + COUNT);
    ck_assert_ptr_eq(table.entries, entries);
}
END_TEST

START_TEST(without_memory_nothing_is_lost)
{
    add(1, 100);
    ck_assert_int_eq(pyperf_hashtable_reserve(&table, SIZE_MAX / 64), -ENOMEM);
    ck_assert_uint_eq(table.used, 100);
    ck_assert_uint_eq(pyperf_hashtable_get(&table, key(50)), 50);
    add(101, 200);
}
END_TEST

SUPPORT_MAIN(what_was_added_is_found, keys_that_collide_are_told_apart,
             reserved_room_is_used_without_growing, without_memory_nothing_is_lost)
