/* Which place is believed at a call site, by samples whose lines are known. */
#include "lines/evidence.h"
#include "suite.h"

#include <string.h>

enum { TWO_BACK, SAME }; /* indexes of evidence_adjustments */
enum { A = 13, B = REGISTERS_MAX + 1, C = 3 };
enum { MANY = 5 }; /* lines from which a site is called, so that there are no rivals */

static struct call_site called;
static struct proof proof;
static struct position_site site;

static void setup(void)
{
    called = (struct call_site){.address = 64};
    proof = (struct proof){.sites = {{0}}};
}

static void teardown(void)
{
    evidence_free(&called);
}

static void hold(struct evidence *evidence, unsigned where, bool two_back, bool same)
{
    evidence->held[where] = true;
    evidence->right[TWO_BACK][where] = two_back;
    evidence->right[SAME][where] = same;
}

static struct evidence *sample(unsigned line)
{
    struct evidence *evidence = evidence_next(&called, line);

    ck_assert_ptr_nonnull(evidence);
    ck_assert_uint_eq(evidence->line, line);
    return evidence;
}

static void choose(size_t count)
{
    ck_assert_int_eq(evidence_choose(&called, &proof, &site), 0);
    ck_assert_uint_eq(site.count, count);
}

static void check_place(size_t i, unsigned where, int adjust, bool doubtful, bool rival)
{
    ck_assert_uint_eq(site.places[i].where, where);
    ck_assert_int_eq(site.places[i].adjust, adjust);
    ck_assert_int_eq(site.places[i].doubtful, doubtful);
    ck_assert_int_eq(site.places[i].rival, rival);
}

START_TEST(test_right_each_time)
{
    for (unsigned i = 0; i < 100; i++) {
        struct evidence *evidence = sample(i % MANY);
        hold(evidence, A, true, false);
        hold(evidence, B, i != 50, false); /* once stale */
    }
    choose(1);
    check_place(0, A, -2, false, false);
}
END_TEST

START_TEST(test_once_in_many)
{
    for (unsigned i = 0; i < 400; i++)
        hold(sample(i % MANY), A, false, i > 1);
    choose(1);
    check_place(0, A, 0, false, false);
    hold(sample(0), A, false, false);
    choose(0);
}
END_TEST

START_TEST(test_too_few)
{
    for (unsigned i = 0; i < EVIDENCE_LEAST - 1; i++)
        hold(sample(i), A, true, false);
    choose(0);
    hold(sample(9), A, true, false);
    choose(1);
}
END_TEST

/* Where the first holds nothing, the second does. */
START_TEST(test_two_places)
{
    for (unsigned i = 0; i < 30; i++)
        hold(sample(i % MANY), i % 3 ? A : B, i % 3, i % 3 == 0);
    choose(2);
    check_place(0, A, -2, false, false);
    check_place(1, B, 0, false, false);
}
END_TEST

START_TEST(test_coincidence)
{
    for (unsigned i = 0; i < 30; i++) {
        struct evidence *evidence = sample(i % MANY);
        if (i < 14)
            hold(evidence, A, true, false);
    }
    choose(0);
}
END_TEST

/* The other adjustment is as right here; what other sites prove decides. */
START_TEST(test_both_adjustments)
{
    for (unsigned i = 0; i < 30; i++)
        hold(sample(i % MANY), A, true, true);
    proof.sites[A][SAME] = 2;
    choose(1);
    check_place(0, A, 0, false, false);
    proof.sites[A][TWO_BACK] = 1;
    choose(1);
    check_place(0, A, 0, true, false);
}
END_TEST

START_TEST(test_proof)
{
    for (unsigned i = 0; i < EVIDENCE_LEAST; i++) {
        struct evidence *evidence = sample(i);
        hold(evidence, A, true, false);
        hold(evidence, B, true, true);
        hold(evidence, C, false, false);
    }
    proof_add(&proof, &called);
    ck_assert_uint_eq(proof.sites[A][TWO_BACK], 1);
    ck_assert_uint_eq(proof.sites[A][SAME], 0);
    ck_assert_uint_eq(proof.sites[B][TWO_BACK] + proof.sites[B][SAME], 0);
    ck_assert_uint_eq(proof.sites[C][TWO_BACK] + proof.sites[C][SAME], 0);
}
END_TEST

/* What clang 14 made of 3.13's WITH_EXCEPT_START: A has the position, which is at the statement's
 * end, B has the instruction that raised, and for statements of one line both name it. */
static void leave_with_statements(unsigned lines)
{
    for (unsigned i = 0; i < 27; i++) {
        struct evidence *evidence = sample(i % lines);
        hold(evidence, A, true, true);
        hold(evidence, B, true, false);
        if (i % 2)
            hold(evidence, C, false, false);
    }
}

START_TEST(test_rivals_of_few_lines)
{
    leave_with_statements(MANY - 1);
    choose(2);
    check_place(0, B, -2, false, false);
    check_place(1, A, 0, false, true);
}
END_TEST

START_TEST(test_no_rivals_of_many_lines)
{
    leave_with_statements(MANY);
    choose(1);
}
END_TEST

/* A statement of two lines tells: B was wrong. */
START_TEST(test_statement_of_two_lines)
{
    struct evidence *evidence;

    leave_with_statements(MANY - 1);
    evidence = sample(1);
    hold(evidence, A, true, true);
    hold(evidence, B, false, false);
    choose(1);
    check_place(0, A, -2, false, false);
}
END_TEST

START_TEST(test_seldom_held_is_no_rival)
{
    for (unsigned i = 0; i < 30; i++) {
        struct evidence *evidence = sample(i % 2);
        hold(evidence, A, true, false);
        if (i < 14)
            hold(evidence, B, true, false);
    }
    choose(1);
    check_place(0, A, -2, false, false);
}
END_TEST

int main(void)
{
    TCase *tests = tcase_create("evidence");

    tcase_add_checked_fixture(tests, setup, teardown);
    tcase_add_test(tests, test_right_each_time);
    tcase_add_test(tests, test_once_in_many);
    tcase_add_test(tests, test_too_few);
    tcase_add_test(tests, test_two_places);
    tcase_add_test(tests, test_coincidence);
    tcase_add_test(tests, test_both_adjustments);
    tcase_add_test(tests, test_proof);
    tcase_add_test(tests, test_rivals_of_few_lines);
    tcase_add_test(tests, test_no_rivals_of_many_lines);
    tcase_add_test(tests, test_statement_of_two_lines);
    tcase_add_test(tests, test_seldom_held_is_no_rival);
    return run_case("evidence", tests);
}
