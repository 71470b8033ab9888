/* Where a build keeps its position: the file that tells, and looking there. */
#include "lines/positions.h"
#include "suite.h"

#include <errno.h>
#include <string.h>

#define TITLE "pyperf positions 3\n"

static struct positions positions;

static int read_text(const char *text, size_t size)
{
    FILE *in = fmemopen((char *)text, size, "r");
    int rc;

    ck_assert_ptr_nonnull(in);
    rc = positions_read(&positions, in);
    fclose(in);
    return rc;
}

static const struct position_site *site_at(uint64_t address)
{
    return table_get(&positions.sites, address + 1);
}

static void check_place(const struct position_site *site, size_t i, unsigned where, int adjust)
{
    ck_assert_uint_eq(site->places[i].where, where);
    ck_assert_int_eq(site->places[i].adjust, adjust);
}

/* -- The file ------------------------------------------------------------------------------- */

START_TEST(test_read)
{
    static const char text[] = TITLE "0 13-2\n"
                                     "1a2b3c 13-2 35+0!\n"
                                     "ffffffffffff 128-128 0+127 1+0 2+0\n"
                                     "40 5+0\n"
                                     "50\n";

    ck_assert_int_eq(read_text(text, sizeof text - 1), 0);
    ck_assert_uint_eq(positions.leaf.count, 1);
    check_place(&positions.leaf, 0, 13, -2);
    ck_assert_uint_eq(positions.sites.count, 4);
    ck_assert_uint_eq(site_at(0x1a2b3c)->count, 2);
    check_place(site_at(0x1a2b3c), 0, 13, -2);
    check_place(site_at(0x1a2b3c), 1, 35, 0);
    ck_assert(!site_at(0x1a2b3c)->places[0].rival && site_at(0x1a2b3c)->places[1].rival);
    ck_assert_uint_eq(site_at(0xffffffffffff)->count, POSITION_PLACES);
    check_place(site_at(0xffffffffffff), 0, POSITION_WHERE_MAX - 1, -128);
    check_place(site_at(0xffffffffffff), 1, 0, 127);
    ck_assert_uint_eq(site_at(0x50)->count, 0);
    ck_assert_ptr_null(site_at(0x41));
    positions_free(&positions);
    ck_assert_int_eq(read_text(TITLE, sizeof TITLE - 1), 0);
    ck_assert_uint_eq(positions.sites.count + positions.leaf.count + positions.known_count, 0);
    positions_free(&positions);
}
END_TEST

static void check_leaf(uint64_t address, unsigned where, int adjust, bool doubtful)
{
    struct position_site site = positions_leaf(&positions, address);

    ck_assert_uint_eq(site.count, 1);
    check_place(&site, 0, where, adjust);
    ck_assert_int_eq(site.places[0].doubtful, doubtful);
}

START_TEST(test_leaf)
{
    static const char text[] = TITLE "0 13-2\n"
                                     "@1000 13+0\n"
                                     "@1020 13-2\n"
                                     "@1050 13-2\n"
                                     "@1081 13-2\n"
                                     "@2000 5+0?\n";

    ck_assert_int_eq(read_text(text, sizeof text - 1), 0);
    ck_assert_uint_eq(positions.sites.count, 0);
    check_leaf(0x1000, 13, 0, false);
    check_leaf(0x1020, 13, -2, false);
    check_leaf(0x2000, 5, 0, true);
    check_leaf(0x1010, 13, -2, true);  /* both sides differ */
    check_leaf(0x1021, 13, -2, false); /* they are alike */
    check_leaf(0x1050 + POSITION_NEAR, 13, -2, false);
    check_leaf(0x1050 + POSITION_NEAR - 1, 13, -2, false);
    check_leaf(0x1050 + POSITION_NEAR + 2, 13, -2, true); /* one is far away */
    check_leaf(0xfff, 13, -2, true);                      /* nothing on one side */
    check_leaf(0x2001, 13, -2, true);
    positions_free(&positions);
    ck_assert_int_eq(read_text(TITLE "0 13-2\n", sizeof TITLE + 6), 0);
    check_leaf(0x1000, 13, -2, true);
    positions_free(&positions);
}
END_TEST

START_TEST(test_round_trip)
{
    char *bytes[2];
    size_t sizes[2];
    struct position_site site = {.count = 3};

    positions = (struct positions){.known_count = 0};
    for (unsigned i = 0; i < 300; i++) {
        for (unsigned p = 0; p < site.count; p++)
            site.places[p] =
                (struct position_place){(unsigned short)((i + p * 50) % POSITION_WHERE_MAX),
                                        (signed char)(i - 150 + p), p == 1, p == 2};
        ck_assert_int_eq(positions_add(&positions, i * 0x123456789ULL, &site), 0);
        ck_assert_int_eq(positions_add_leaf(&positions, i * 0x123456789ULL, &site), 0);
    }
    for (int i = 0; i < 2; i++) {
        FILE *out = open_memstream(&bytes[i], &sizes[i]);
        ck_assert_int_eq(positions_write(&positions, out), 0);
        fclose(out);
        positions_free(&positions);
        ck_assert_int_eq(read_text(bytes[i], sizes[i]), 0);
        ck_assert_uint_eq(positions.sites.count, 299);
        ck_assert_uint_eq(positions.leaf.count, 3);
        ck_assert_uint_eq(positions.leaf_count, 300);
        site = positions_leaf(&positions, 299 * 0x123456789ULL);
        ck_assert(!site.places[1].rival && site.places[2].rival);
        check_place(&site, 2, (299 + 100) % POSITION_WHERE_MAX, (signed char)(299 - 148));
        for (unsigned s = 1; s < 300; s++)
            for (unsigned p = 0; p < 3; p++)
                check_place(site_at(s * 0x123456789ULL), p, (s + p * 50) % POSITION_WHERE_MAX,
                            (signed char)(s - 150 + p));
    }
    positions_free(&positions);
    free(bytes[0]);
    free(bytes[1]);
}
END_TEST

START_TEST(test_write_fails)
{
    FILE *full = fopen("/dev/full", "we");

    positions = (struct positions){.known_count = 0};
    ck_assert_int_eq(positions_write(&positions, full), -EIO);
    fclose(full);
}
END_TEST

static const char *const damaged[] = {
    "",
    "pyperf positions 2\n0 13-2\n", /* before places had rivals */
    "pyperf positions 3",
    "pyperf positions 30\n",
    "\n",
    TITLE "0 13-2\n1a2b3c 13-2 35+0", /* cut off */
    TITLE "0 13-2\n1a2b3c 13-2 35+",
    TITLE "0 13-2\n1a2b3c 13-2 35",
    TITLE "0 13-2\n1a2b3c 13-2 ",
    TITLE "0 13-2\n1a",
    TITLE "0 13-2\n\n",
    TITLE "zebra\n",
    TITLE "40 13 2\n",
    TITLE "40 13\n",
    TITLE "40 13-2 junk\n",
    TITLE "40 13-2junk\n",
    TITLE "40 13-2?!\n",
    TITLE "40 129+0\n", /* one word too far */
    TITLE "40 -1+0\n",
    TITLE "40 99999999999999999999+0\n",
    TITLE "40 1+128\n",
    TITLE "40 1-129\n",
    TITLE "40 1+99999999999999999999\n",
    TITLE "40 1+0 2+0 3+0 4+0 5+0\n", /* one place too many */
    TITLE "@\n",
    TITLE "@ 13-2\n",
    TITLE "@40 13\n",
    TITLE "@40 13-2\n@50 13-2 2",
};

START_TEST(test_damaged)
{
    ck_assert_int_eq(read_text(damaged[_i], strlen(damaged[_i])), -EBADMSG);
    ck_assert_ptr_null(positions.sites.entries);
    ck_assert_uint_eq(positions.leaf.count + positions.known_count, 0);
}
END_TEST

START_TEST(test_no_file)
{
    FILE *folder = fopen("/tmp", "re");

    ck_assert_ptr_nonnull(folder);
    ck_assert_int_ne(positions_read(&positions, folder), 0);
    fclose(folder);
}
END_TEST

/* -- Adding --------------------------------------------------------------------------------- */

START_TEST(test_known)
{
    struct position_site site = {.places = {{.where = 1}, {.where = 60}}, .count = 2},
                         none = {.count = 0};

    positions = (struct positions){.known_count = 0};
    ck_assert_int_eq(positions_add(&positions, 0, &site), 0);
    ck_assert_uint_eq(positions.known_count, 0); /* a leaf's is not asked at calls */
    ck_assert_int_eq(positions_add(&positions, 8, &none), 0);
    ck_assert_uint_eq(positions.known_count, 0);
    ck_assert_int_eq(positions_add(&positions, 8, &site), 0); /* instead */
    ck_assert_uint_eq(site_at(8)->count, 2);
    ck_assert_int_eq(positions_add(&positions, 16, &site), 0);
    ck_assert_uint_eq(positions.known_count, 1);
    site.places[0].adjust = -2;
    ck_assert_int_eq(positions_add(&positions, 24, &site), 0);
    ck_assert_uint_eq(positions.known_count, 2);
    ck_assert_uint_eq(positions.known[0].where, 1);
    ck_assert_int_eq(positions.known[1].adjust, -2);
    for (unsigned short i = 0; i < 20; i++) {
        site.places[0].where = i;
        ck_assert_int_eq(positions_add(&positions, 100 + i, &site), 0);
    }
    ck_assert_uint_eq(positions.known_count, POSITION_KNOWN);
    ck_assert_uint_eq(positions.sites.count, 23);
    positions_free(&positions);
}
END_TEST

/* -- Looking -------------------------------------------------------------------------------- */

START_TEST(test_value)
{
    enum { START = 0x7000, FRAME = 0x7010, WORDS = 8 };
    uint64_t words[WORDS], value;
    struct registers registers = {.known = 0};
    const struct stack_copy stack = {
        .start = START, .bytes = (const unsigned char *)words, .size = sizeof words - 3};
    struct position_frame frame = {&registers, &stack, FRAME + 3 * 8};

    for (unsigned i = 0; i < WORDS; i++)
        words[i] = 1000 + i;
    registers_set(&registers, processor_here.sp, FRAME);
    registers_set(&registers, 3, 77);
    ck_assert(position_value(&frame, 3, &value));
    ck_assert_uint_eq(value, 77);
    ck_assert(position_value(&frame, processor_here.sp, &value));
    ck_assert(!position_value(&frame, 4, &value));
    ck_assert(!position_value(&frame, REGISTERS_MAX - 1, &value));
    for (unsigned i = 0; i < 3; i++) {
        ck_assert(position_value(&frame, REGISTERS_MAX + i, &value));
        ck_assert_uint_eq(value, 1002 + i);
    }
    ck_assert(!position_value(&frame, REGISTERS_MAX + 3, &value)); /* its caller's */
    frame.end = UINT64_MAX;
    ck_assert(position_value(&frame, REGISTERS_MAX + 4, &value));
    ck_assert_uint_eq(value, 1006);
    ck_assert(!position_value(&frame, REGISTERS_MAX + 5, &value)); /* half a word was copied */
    ck_assert(!position_value(&frame, POSITION_WHERE_MAX - 1, &value));
    registers_set(&registers, processor_here.sp, START - 8); /* in front of the copy */
    ck_assert(!position_value(&frame, REGISTERS_MAX, &value));
    ck_assert(position_value(&frame, REGISTERS_MAX + 1, &value));
    registers_set(&registers, processor_here.sp, UINT64_MAX - 7);
    for (unsigned i = 0; i < POSITION_WORDS; i++)
        ck_assert(!position_value(&frame, REGISTERS_MAX + i, &value));
}
END_TEST

int main(void)
{
    TCase *tests = tcase_create("positions");

    tcase_add_test(tests, test_read);
    tcase_add_test(tests, test_leaf);
    tcase_add_test(tests, test_round_trip);
    tcase_add_test(tests, test_write_fails);
    tcase_add_loop_test(tests, test_damaged, 0, sizeof damaged / sizeof *damaged);
    tcase_add_test(tests, test_no_file);
    tcase_add_test(tests, test_known);
    tcase_add_test(tests, test_value);
    return run_case("positions", tests);
}
