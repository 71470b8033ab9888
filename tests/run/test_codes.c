/* Whose an address in bytecode was, by code tables that are made row by row. */
#include "coded.h"
#include "lines/codes.h"
#include "suite.h"

#include <stdio.h>
#include <string.h>

enum { IMAGES = 3, PID = 7, LENGTH = 64, FORMAT = PYPERF_LINES_3_11 };
enum { A = 10, B = 20, C = 30 }; /* code objects, by their first lines */

static const uint64_t base = 0x7f0000000000; /* of the first image, and the others at PART */
static const uint64_t part = 0x10000;

static struct coded rows, files[IMAGES];
static struct module *images[IMAGES];
static struct mapping mappings[IMAGES];
static struct space space = {.mappings = mappings};
static const struct module_places nowhere = {.cache = NULL};
static struct codes codes;
static bool monotonic = true;
static uint32_t format = FORMAT;

/* Newest first.  In the first image it is a row of its first slot, in the others of the same. */
static void row(uint64_t bytecode, uint32_t first_line, uint64_t time)
{
    const struct pyperf_code_row fresh = {.bytecode = bytecode,
                                          .length = LENGTH,
                                          .first_line = first_line,
                                          .slot = space.count ? PYPERF_CODE_ELSEWHERE : 0};

    coded_row(&rows, &fresh, base + CODED_TEXT, NULL);
    coded_clock(&rows, time, format);
}

static void end(uint64_t time)
{
    const struct pyperf_code_row fresh = {.bytecode = time, .slot = PYPERF_CODE_END};

    coded_row(&rows, &fresh, 0, NULL);
}

/* What `rows` has becomes the next image of the process. */
static struct mapping *add_image(void)
{
    static const struct build_id none;
    size_t i = space.count++;
    char path[64];
    struct module *image;

    snprintf(path, sizeof path, PYPERF_IMAGE_FORMAT, "/tmp", (long)PID, (unsigned)i, 1ULL);
    image = images[i] = module_new(path, MODULE_FILE, &none, PID);
    ck_assert_ptr_nonnull(image);
    coded_image(&files[i], rows.bytes, rows.size);
    rows.size = 0;
    elf_version(EV_CURRENT);
    image->opened = true;
    image->elf = elf_memory((char *)files[i].bytes, files[i].size);
    ck_assert_int_eq(symbols_add(&image->symbols, CODED_TEXT, CODED_SLOT, "py::f", 5), 0);
    symbols_finish(&image->symbols);
    mappings[i] = (struct mapping){.start = base + i * part,
                                   .end = base + (i + 1) * part,
                                   .module = image,
                                   .since = 1,
                                   .pid = PID};
    space.changes++;
    return &mappings[i];
}

/* The first line of whose it was; 0: nobody's, or it cannot be told. */
static unsigned whose(uint64_t address, uint64_t time)
{
    const struct sample sample = {.time = time, .pid = PID};
    const struct chain_frame frame = {.lookup = base + CODED_TEXT, .mapping = &mappings[0]};
    const struct chain chain = {.sample = &sample,
                                .places = &nowhere,
                                .space = &space,
                                .frames = &frame,
                                .count = 1,
                                .monotonic = monotonic};
    const struct code *code = codes_find(&codes, &chain, 0, address);

    return code ? code->lines.first_line : 0;
}

START_TEST(test_newest)
{
    row(0x1000, A, 4000);
    row(0x1020, B, 3000);
    row(0x1000, A, 2000);
    add_image();
    ck_assert_uint_eq(whose(0x1020, 1999), 0);
    ck_assert_uint_eq(whose(0x1020, 2000), A);
    ck_assert_uint_eq(whose(0x1020, 3000), B);
    ck_assert_uint_eq(whose(0x1010, 3000), A);
    ck_assert_uint_eq(whose(0x1020, 4000), A);
    ck_assert_uint_eq(whose(0x1020 + LENGTH, 5000), B); /* just behind it */
    ck_assert_uint_eq(whose(0x1020 + LENGTH + 1, 5000), 0);
}
END_TEST

/* Later images have rows of the slot, too, whichever of them lies where. */
START_TEST(test_later_images)
{
    row(0x1000, A, 1000);
    add_image();
    row(0x1020, C, 3000);
    add_image();
    row(0x1020, B, 2000);
    add_image();
    ck_assert_uint_eq(whose(0x1020, 1000), A);
    ck_assert_uint_eq(whose(0x1020, 2000), B);
    ck_assert_uint_eq(whose(0x1020, 3000), C);
    ck_assert_uint_eq(whose(0x1000, 3000), A);
}
END_TEST

START_TEST(test_image_of_later)
{
    row(0x1000, A, 1000);
    add_image();
    ck_assert_uint_eq(whose(0x1000, 9000), A);
    row(0x1000, B, 2000);
    add_image();
    ck_assert_uint_eq(whose(0x1000, 9000), B);
}
END_TEST

/* What the parent told after the fork is not the child's. */
START_TEST(test_fork)
{
    end(1800);
    row(0x1000, B, 1700);
    row(0x1000, A, 1000);
    add_image()->forked = 1500;
    ck_assert_uint_eq(whose(0x1000, 9000), A);
    row(0x1000, C, 2000);
    add_image();
    ck_assert_uint_eq(whose(0x1000, 1999), A);
    ck_assert_uint_eq(whose(0x1000, 2000), C);
    mappings[0].forked = 0;
    space.changes++;
    ck_assert_uint_eq(whose(0x1000, 1799), B);
    ck_assert_uint_eq(whose(0x1000, 1800), 0); /* rows are missing */
}
END_TEST

/* Whatever it said, it said after it was mapped. */
START_TEST(test_missing_image)
{
    row(0x1000, A, 1000);
    add_image();
    add_image()->since = 1500;
    elf_end(images[1]->elf);
    images[1]->elf = NULL;
    ck_assert_uint_eq(whose(0x1000, 1499), A);
    ck_assert_uint_eq(whose(0x1000, 1500), 0);
}
END_TEST

/* Forked before the recording: nobody knows when. */
START_TEST(test_fork_before)
{
    struct mapping *image;

    row(0x3000, A, 3000);
    row(0x2000, B, 2000);
    row(0x2020, A, 1000);
    row(0x3000, A, 1000);
    image = add_image();
    image->since = 0; /* its own, by its name */
    ck_assert_uint_eq(whose(0x2020, 9000), B);
    image->pid = PID + 1;
    space.changes++;
    ck_assert_uint_eq(whose(0x2020, 9000), 0);
    ck_assert_uint_eq(whose(0x2000, 9000), B); /* nobody else was there */
    ck_assert_uint_eq(whose(0x3000, 9000), A); /* they all say so */
    image->since = 1;
    space.changes++;
    ck_assert_uint_eq(whose(0x2020, 9000), B);
}
END_TEST

START_TEST(test_no_common_clock)
{
    monotonic = false;
    row(0x2000, B, 2000);
    row(0x2020, A, 1000);
    row(0x1000, A, 1000);
    add_image()->forked = 5;
    ck_assert_uint_eq(whose(0x1000, 1), A);
    ck_assert_uint_eq(whose(0x2020, 1), 0);
    row(0x1000, B, 2000);
    add_image();
    ck_assert_uint_eq(whose(0x1000, 1), 0);
}
END_TEST

/* Up to 3.10 code objects can have one bytecode and be alive at a time. */
START_TEST(test_shared_bytecode)
{
    static const uint32_t formats[] = {PYPERF_LINES_3_6, PYPERF_LINES_3_10};

    format = formats[_i];
    row(0x2000, A, 1000);
    row(0x1000, A, 1000);
    add_image();
    row(0x2000 - LENGTH, B, 2000);
    row(0x1000, B, 2000);
    add_image();
    ck_assert_uint_eq(whose(0x1000, 1999), A);
    ck_assert_uint_eq(whose(0x1000, 2000), 0);
    ck_assert_uint_eq(whose(0x2000, 2000), B); /* another's memory */
}
END_TEST

int main(void)
{
    TCase *tests = tcase_create("codes");

    tcase_add_test(tests, test_newest);
    tcase_add_test(tests, test_later_images);
    tcase_add_test(tests, test_image_of_later);
    tcase_add_test(tests, test_fork);
    tcase_add_test(tests, test_missing_image);
    tcase_add_test(tests, test_fork_before);
    tcase_add_test(tests, test_no_common_clock);
    tcase_add_loop_test(tests, test_shared_bytecode, 0, 2);
    return run_case("codes", tests);
}
