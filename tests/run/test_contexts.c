/* Contexts: read from code tables that are made row by row. */
#include "coded.h"
#include "recording/contexts.h"
#include "suite.h"

#include <string.h>

static struct coded rows, files[2];
static struct mapping mappings[2];
static struct space space = {.mappings = mappings};
static struct contexts contexts;
static const struct module_places nowhere = {.cache = NULL};

static void put(uint64_t id, uint64_t parent, uint32_t count, uint32_t length)
{
    unsigned char bytes[8 + 3 * sizeof(struct pyperf_context_frame)];
    const struct pyperf_code_row row = {.bytecode = id,
                                        .length = length,
                                        .lines_size =
                                            8 + count * sizeof(struct pyperf_context_frame),
                                        .slot = PYPERF_CODE_CONTEXT};
    memcpy(bytes, &parent, sizeof parent);
    for (uint64_t i = 0; i < count; i++) {
        struct pyperf_context_frame frame = {id + i, id + 100 + i};
        memcpy(bytes + 8 + i * sizeof frame, &frame, sizeof frame);
    }
    coded_row(&rows, &row, 0, bytes);
}

/* What `rows` has becomes the next file of the process. */
static void add_file(const char *path)
{
    static const struct build_id none;
    struct module *image = module_new(path, MODULE_FILE, &none, 1);
    struct coded *file = &files[space.count];

    ck_assert_ptr_nonnull(image);
    coded_image(file, rows.bytes, rows.size);
    elf_version(EV_CURRENT);
    image->elf = elf_memory((char *)file->bytes, file->size);
    image->opened = true;
    mappings[space.count++].module = image;
    rows.size = 0;
}

static void add_image(void)
{
    add_file("/tmp/pyperf-1-0-00.so");
}

static const struct context *find(uint64_t id)
{
    return contexts_find(&contexts, &space, &nowhere, id);
}

START_TEST(test_chain)
{
    const struct context *inner, *root;
    size_t depth;

    put(30, 20, 3, 3);
    put(20, 0, 2, 2);
    add_image();
    inner = find(30);
    root = find(20);
    ck_assert_ptr_nonnull(inner);
    ck_assert_ptr_eq(contexts_outer(&contexts, inner), root);
    ck_assert_ptr_null(contexts_outer(&contexts, root));
    ck_assert(contexts_depth(&contexts, inner, &depth));
    ck_assert_uint_eq(depth, 5);
    ck_assert_uint_eq(contexts_frame(inner, 2).slot, 32);
    ck_assert_uint_eq(contexts_frame(inner, 2).position, 132);
    ck_assert(contexts_is_within(&contexts, inner, root));
    ck_assert(contexts_is_within(&contexts, root, root));
    ck_assert(!contexts_is_within(&contexts, root, inner));
    ck_assert_ptr_null(find(31));
}
END_TEST

/* A forked child's images have what it told, its parent's the rest. */
START_TEST(test_parents_image)
{
    size_t depth;

    put(20, 0, 0, 0);
    add_image();
    put(30, 20, 1, 1);
    add_image();
    ck_assert_ptr_nonnull(find(30));
    ck_assert(contexts_depth(&contexts, find(30), &depth));
    ck_assert_uint_eq(depth, 1);
}
END_TEST

START_TEST(test_without_root)
{
    put(30, 20, 1, 1);
    add_image();
    ck_assert_ptr_null(find(30));
}
END_TEST

/* Only images are asked, and those are known by their names. */
START_TEST(test_other_file)
{
    put(30, 0, 1, 1);
    add_file("/tmp/pyperf-1/numpy.so");
    ck_assert_ptr_null(find(30));
}
END_TEST

START_TEST(test_damaged)
{
    put(70, 70, 1, 1); /* in a circle */
    put(60, 50, 1, 1); /* the same */
    put(50, 60, 1, 1);
    put(40, 0, 2, 3);    /* other frames than there are bytes */
    put(30, 0, 1, 1000); /* more than may be */
    put(0, 0, 1, 1);
    add_image();
    for (uint64_t id = 0; id < 80; id += 10)
        ck_assert_ptr_null(find(id));
}
END_TEST

int main(void)
{
    TCase *tests = tcase_create("contexts");

    tcase_add_test(tests, test_chain);
    tcase_add_test(tests, test_parents_image);
    tcase_add_test(tests, test_without_root);
    tcase_add_test(tests, test_other_file);
    tcase_add_test(tests, test_damaged);
    return run_case("contexts", tests);
}
