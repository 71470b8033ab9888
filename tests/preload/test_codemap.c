/* The cache from code objects to slots: what is found, and what is forgotten. */
#include "codemap.h"

#include <signal.h>
#include <string.h>
#include <sys/time.h>
#include <time.h>

#include "support.h"

enum { SETS = PYPERF_CODEMAP_PLACES };

static pyperf_slot_fn slot_number(uintptr_t number)
{
    return (pyperf_slot_fn)(number * 16);
}

static enum pyperf_identity identity = PYPERF_BY_VERSION;

static struct pyperf_code_key version_key(uint64_t version)
{
    return (struct pyperf_code_key){.identity = identity, .version = version};
}

static pyperf_slot_fn find_version(uint64_t version)
{
    struct pyperf_code_key key = version_key(version);
    return pyperf_codemap_find(&key);
}

static void insert_version(uint64_t version)
{
    struct pyperf_code_key key = version_key(version);
    pyperf_codemap_insert(&key, slot_number(version));
}

START_TEST(nothing_is_found_in_the_beginning)
{
    pyperf_codemap_reset();
    for (uint64_t version = 0; version < 2 * SETS; version++)
        ck_assert(find_version(version) == NULL);
    ck_assert(pyperf_codemap_by_version(0)->key != 0); /* the evaluator's own look-up */
}
END_TEST

START_TEST(a_version_finds_its_slot)
{
    pyperf_codemap_reset();
    for (uint64_t version = 1; version < 1000; version++)
        insert_version(version);
    for (uint64_t version = 1; version < 1000; version++) {
        ck_assert(find_version(version) == slot_number(version));
        /* Where the evaluator looks. */
        ck_assert_uint_eq(pyperf_codemap_by_version((uint32_t)version)->key, version);
    }
    ck_assert(find_version(1000) == NULL);
}
END_TEST

START_TEST(two_versions_of_one_place_are_both_kept)
{
    pyperf_codemap_reset();
    insert_version(5);
    insert_version(5 + SETS);
    ck_assert(find_version(5) == slot_number(5));
    ck_assert(find_version(5 + SETS) == slot_number(5 + SETS));
    insert_version(5 + 2 * SETS);
    ck_assert(find_version(5 + 2 * SETS) == slot_number(5 + 2 * SETS));
    ck_assert(find_version(5 + SETS) == slot_number(5 + SETS));
    ck_assert(find_version(5) == NULL);
}
END_TEST

START_TEST(version_0_is_never_kept)
{
    pyperf_codemap_reset();
    insert_version(0);
    ck_assert(find_version(0) == NULL);
    for (uint64_t version = 1; version < 8; version++)
        insert_version(version);
    insert_version(0);
    ck_assert(find_version(0) == NULL);
    ck_assert_uint_ne(pyperf_codemap_by_version(0)->key, 0);
}
END_TEST

START_TEST(reset_forgets_versions)
{
    pyperf_codemap_reset();
    insert_version(7);
    pyperf_codemap_reset();
    ck_assert(find_version(7) == NULL);
    ck_assert(find_version(0) == NULL);
    insert_version(7);
    ck_assert(find_version(7) == slot_number(7));
}
END_TEST

/* The same, and what one word could get wrong: versions that differ in the upper half, and the last
 * ones, for which an empty place looks like a slot. */
START_TEST(a_version_and_its_slot_are_one_word)
{
    const uint64_t last = UINT32_MAX;
    identity = PYPERF_BY_VERSION_AT_ONCE;
    pyperf_codemap_reset();
    for (uint64_t version = 1; version < 3 * SETS; version += 7)
        ck_assert(find_version(version) == NULL);
    for (uint64_t place = 1; place < SETS; place += 5) {
        insert_version(place);
        insert_version(place);
        insert_version(place + 9 * SETS);
        ck_assert(find_version(place) == slot_number(place));
        ck_assert(find_version(place + 9 * SETS) == slot_number(place + 9 * SETS));
        ck_assert(find_version(place + SETS) == NULL);
        insert_version(place + 4 * SETS);
        ck_assert(find_version(place) == NULL);
    }
    for (int round = 0; round < 2; round++) {
        insert_version(last - 16777000);
        for (uint64_t version = last - 2 * SETS; version <= last; version++)
            ck_assert(find_version(version) == NULL);
        insert_version(last);
        ck_assert(find_version(last) == slot_number(last));
        insert_version(0);
        ck_assert(find_version(0) == NULL);
        pyperf_slot_fn slot;
        ck_assert(!pyperf_codemap_at_once(0, 0, &slot));
        pyperf_codemap_reset();
    }
    identity = PYPERF_BY_VERSION;
}
END_TEST

static struct pyperf_code_key shared_key(uint64_t interpreter, uint64_t version)
{
    struct pyperf_code_key key = version_key(version | interpreter << 32);
    key.shared = true;
    return key;
}

START_TEST(subinterpreters_do_not_mix)
{
    pyperf_codemap_reset();
    insert_version(9);
    for (uint64_t interpreter = 1; interpreter < 50; interpreter++) {
        struct pyperf_code_key key = shared_key(interpreter, 9);
        ck_assert(pyperf_codemap_find(&key) == NULL);
        pyperf_codemap_insert(&key, slot_number(100 + interpreter));
    }
    for (uint64_t interpreter = 1; interpreter < 50; interpreter++) {
        struct pyperf_code_key key = shared_key(interpreter, 9);
        ck_assert(pyperf_codemap_find(&key) == slot_number(100 + interpreter));
    }
    ck_assert(find_version(9) == slot_number(9));
    pyperf_codemap_reset();
    struct pyperf_code_key key = shared_key(1, 9);
    ck_assert(pyperf_codemap_find(&key) == NULL);
}
END_TEST

/* -- By address ----------------------------------------------------------------------------- */

static struct pyperf_code_key address_key(uintptr_t code)
{
    return (struct pyperf_code_key){.identity = PYPERF_BY_ADDRESS, .code = code};
}

static pyperf_slot_fn find_address(uintptr_t code)
{
    struct pyperf_code_key key = address_key(code);
    return pyperf_codemap_find(&key);
}

static void insert_address(uintptr_t code, uintptr_t slot)
{
    struct pyperf_code_key key = address_key(code);
    pyperf_codemap_insert(&key, slot_number(slot));
}

static void forget_address(uintptr_t code)
{
    struct pyperf_code_key key = address_key(code);
    pyperf_codemap_forget(&key);
}

/* Code objects that share a place in the cache. */
static uintptr_t code_number(uintptr_t number)
{
    return 0x555500000040 + number * PYPERF_CODEMAP_PLACES * 16;
}

START_TEST(an_address_finds_its_slot)
{
    pyperf_codemap_reset();
    insert_address(code_number(0), 5);
    ck_assert(find_address(code_number(0)) == slot_number(5));
    ck_assert(find_address(code_number(1)) == NULL);
    /* Where the evaluator looks. */
    ck_assert_uint_eq(pyperf_codemap_by_address(code_number(0), false)->key, code_number(0));
    insert_address(code_number(0), 6);
    ck_assert(find_address(code_number(0)) == slot_number(6));
}
END_TEST

START_TEST(an_address_is_forgotten_and_used_again)
{
    pyperf_codemap_reset();
    insert_address(code_number(0), 5);
    insert_address(code_number(1), 6);
    forget_address(code_number(0));
    forget_address(code_number(2)); /* never seen */
    ck_assert(find_address(code_number(0)) == NULL);
    ck_assert_uint_ne(pyperf_codemap_by_address(code_number(0), false)->key, code_number(0));
    ck_assert(find_address(code_number(1)) == slot_number(6));
    insert_address(code_number(0), 7);
    ck_assert(find_address(code_number(0)) == slot_number(7));
    forget_address(code_number(0));
    forget_address(code_number(1));
    ck_assert(find_address(code_number(0)) == NULL);
    ck_assert(find_address(code_number(1)) == NULL);
}
END_TEST

START_TEST(what_is_found_was_inserted_last_and_lives)
{
    enum { CODES = 64 };
    uintptr_t last[CODES] = {0};
    uint32_t random = 1;
    unsigned found = 0;
    pyperf_codemap_reset();
    for (unsigned i = 0; i < 200000; i++) {
        random = random * 1664525 + 1013904223; /* Numerical Recipes */
        unsigned number = random >> 26;
        uintptr_t code = code_number(number / 4) + number % 4 * 16;
        pyperf_slot_fn slot = find_address(code);
        ck_assert(slot == NULL || slot == slot_number(last[number]));
        found += slot != NULL;
        if ((random >> 25 & 1) != 0) {
            forget_address(code);
            last[number] = 0;
        } else if (slot == NULL) {
            last[number] = last[number] != 0 ? last[number] : i + 1;
            insert_address(code, last[number]);
        }
    }
    ck_assert_uint_gt(found, 1000);
}
END_TEST

START_TEST(one_that_is_there_twice_is_forgotten_twice)
{
    pyperf_codemap_reset();
    insert_address(code_number(0), 5);
    insert_address(code_number(1), 6);
    insert_address(code_number(0), 5);
    forget_address(code_number(0));
    ck_assert(find_address(code_number(0)) == NULL);
}
END_TEST

START_TEST(reset_forgets_addresses)
{
    pyperf_codemap_reset();
    insert_address(code_number(0), 5);
    pyperf_codemap_reset();
    ck_assert(find_address(code_number(0)) == NULL);
}
END_TEST

/* -- Threads (free-threaded builds; run this under ThreadSanitizer) ------------------------- */

enum { THREADS = 4, ROUNDS = 50000 };
static unsigned wrong;

/* Two threads write, two read; all care for the same few versions, three for each place. */
static void read_or_write(unsigned thread, bool shared)
{
    for (uint64_t i = 0; i < ROUNDS; i++) {
        uint64_t version = 4 + i % 2 + i % 3 * SETS;
        struct pyperf_code_key key = version_key(version);
        key.shared = shared;
        if (thread % 2 == 0) {
            pyperf_codemap_insert(&key, slot_number(version));
            continue;
        }
        pyperf_slot_fn slot = pyperf_codemap_find(&key);
        if (slot != NULL && slot != slot_number(version))
            __atomic_add_fetch(&wrong, 1, __ATOMIC_RELAXED);
    }
}

static void use_main_table(unsigned thread)
{
    read_or_write(thread, false);
}

static void use_shared_table(unsigned thread)
{
    read_or_write(thread, true);
}

START_TEST(threads_without_a_gil_never_find_anothers_slot)
{
    identity = PYPERF_BY_VERSION_AT_ONCE;
    pyperf_codemap_reset();
    support_run_threads(THREADS, use_main_table);
    ck_assert_uint_eq(wrong, 0);
    identity = PYPERF_BY_VERSION;
}
END_TEST

START_TEST(threads_never_find_anothers_slot)
{
    pyperf_codemap_reset();
    support_run_threads(THREADS, use_main_table);
    support_run_threads(THREADS, use_shared_table);
    ck_assert_uint_eq(wrong, 0);
}
END_TEST

/* A signal may come between any two instructions, which is as good as a thread on another core
 * and comes more often at the wrong moment. */
static unsigned turn;

static uint64_t next_version(void)
{
    return 4 + turn++ % 3 * (uint64_t)SETS;
}

static void find_next(void)
{
    uint64_t version = next_version();
    pyperf_slot_fn slot = find_version(version);
    wrong += slot != NULL && slot != slot_number(version);
}

static void insert_next(void)
{
    insert_version(next_version());
}

static void find_in_handler(int number)
{
    (void)number;
    for (int i = 0; i < 3; i++)
        find_next();
}

static void insert_in_handler(int number)
{
    (void)number;
    for (int i = 0; i < 3; i++)
        insert_next();
}

static void interrupt(void (*body)(void), void (*handler)(int))
{
    pyperf_codemap_reset();
    ck_assert_int_eq(sigaction(SIGALRM, &(struct sigaction){.sa_handler = handler}, NULL), 0);
    struct itimerval often = {{0, 50}, {0, 50}};
    ck_assert_int_eq(setitimer(ITIMER_REAL, &often, NULL), 0);
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    for (time_t end = now.tv_sec + 1; now.tv_sec <= end; clock_gettime(CLOCK_MONOTONIC, &now))
        for (int i = 0; i < 1000; i++)
            body();
    setitimer(ITIMER_REAL, &(struct itimerval){0}, NULL);
    ck_assert_uint_eq(wrong, 0);
}

START_TEST(a_reader_that_is_overtaken_finds_no_others_slot)
{
    interrupt(find_next, insert_in_handler);
}
END_TEST

START_TEST(a_reader_in_the_middle_of_a_write_finds_no_others_slot)
{
    interrupt(insert_next, find_in_handler);
}
END_TEST

SUPPORT_MAIN(nothing_is_found_in_the_beginning, a_version_finds_its_slot,
             two_versions_of_one_place_are_both_kept, version_0_is_never_kept,
             reset_forgets_versions, subinterpreters_do_not_mix, an_address_finds_its_slot,
             an_address_is_forgotten_and_used_again, what_is_found_was_inserted_last_and_lives,
             one_that_is_there_twice_is_forgotten_twice, reset_forgets_addresses,
             a_version_and_its_slot_are_one_word, threads_without_a_gil_never_find_anothers_slot,
             threads_never_find_anothers_slot, a_reader_that_is_overtaken_finds_no_others_slot,
             a_reader_in_the_middle_of_a_write_finds_no_others_slot)
