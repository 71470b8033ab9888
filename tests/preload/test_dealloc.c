/* The death of code objects, with a type that only looks like Python's. */
#include "dealloc.h"

#include <errno.h>
#include <stdlib.h>

#include "codemap.h"
#include "support.h"

/* struct _typeobject, as far as it matters. */
struct type {
    intptr_t header[3];
    const char *name;
    ptrdiff_t basic_size, item_size;
    void (*dealloc)(PyObject *);
};

struct code {
    intptr_t references;
    struct type *type;
};

static struct pyperf_layout layout = {.name = "fake", .minor = 8};
static bool elsewhere; /* tp_dealloc is another word of the type */
static unsigned freed;
static int cleared;

static void free_code(PyObject *object)
{
    freed++;
    free(object);
}

static struct type code_type = {.name = "code", .dealloc = free_code};

static PyObject *make_code(const char *file, const char *function, int line)
{
    (void)file, (void)function, (void)line;
    struct code *code = malloc(sizeof *code);
    *code = (struct code){1, &code_type};
    return code;
}

static PyObject *fail_to_make_code(const char *file, const char *function, int line)
{
    (void)file, (void)function, (void)line;
    return NULL;
}

static void decref(PyObject *object)
{
    struct code *code = object;
    if (--code->references == 0)
        (elsewhere ? free_code : code->type->dealloc)(code);
}

static void clear(void)
{
    cleared++;
}

static struct pyperf_python python = {.layout = &layout,
                                      .code_type = &code_type,
                                      .new_empty_code = make_code,
                                      .decref = decref,
                                      .error_clear = clear};

static void check_forgotten(int minor)
{
    layout.minor = minor;
    pyperf_codemap_reset();
    ck_assert_int_eq(pyperf_dealloc_watch(&python), 0);
    ck_assert_uint_eq(freed, 1); /* one to try it with */
    struct code *codes[100];
    struct pyperf_code_key keys[100];
    for (uintptr_t i = 0; i < 100; i++) {
        codes[i] = make_code("", "", 1);
        keys[i] = (struct pyperf_code_key){.identity = PYPERF_BY_ADDRESS,
                                           .spread = pyperf_spreads(&layout),
                                           .code = (uintptr_t)codes[i]};
        pyperf_codemap_insert(&keys[i], (pyperf_slot_fn)(i * 16 + 16));
    }
    for (uintptr_t i = 0; i < 100; i += 2)
        decref(codes[i]);
    ck_assert_uint_eq(freed, 51);
    for (uintptr_t i = 0; i < 100; i++) {
        pyperf_slot_fn expected = i % 2 == 0 ? NULL : (pyperf_slot_fn)(i * 16 + 16);
        ck_assert(pyperf_codemap_find(&keys[i]) == expected);
        if (i % 2 != 0)
            decref(codes[i]);
    }
    ck_assert_uint_eq(freed, 101);
}

START_TEST(what_dies_is_forgotten_and_freed)
{
    check_forgotten(8);
}
END_TEST

START_TEST(what_dies_is_forgotten_on_3_11)
{
    check_forgotten(11);
}
END_TEST

START_TEST(a_type_that_keeps_it_elsewhere_is_left_as_it_was)
{
    elsewhere = true;
    support_log_to_file();
    ck_assert_int_eq(pyperf_dealloc_watch(&python), -ENOTSUP);
    ck_assert(code_type.dealloc == free_code);
    ck_assert_uint_eq(support_logged("tp_dealloc"), 1);
}
END_TEST

START_TEST(without_memory_nothing_is_changed)
{
    python.new_empty_code = fail_to_make_code;
    ck_assert_int_eq(pyperf_dealloc_watch(&python), -ENOTSUP);
    ck_assert(code_type.dealloc == free_code);
    ck_assert_int_eq(cleared, 1);
}
END_TEST

SUPPORT_MAIN(what_dies_is_forgotten_and_freed, what_dies_is_forgotten_on_3_11,
             a_type_that_keeps_it_elsewhere_is_left_as_it_was, without_memory_nothing_is_changed)
