/* Qualified names from the bytecode of 3.6 to 3.10, with objects that only look like Python's. */
#include "qualname.h"

#include <string.h>

#include "support.h"

/* -- Objects -------------------------------------------------------------------------------- */

static int str_type, bytes_type, tuple_type, code_type, function_type, other_type;

struct object {
    intptr_t references;
    void *type;
    const char *text; /* str, bytes */
    ptrdiff_t size;   /* bytes, tuple */
    struct object *items[8];
};

/* A layout of our own, in which every field is a word of struct code. */
struct code {
    intptr_t references;
    void *type;
    struct object *name, *filename, *bytecode, *consts, *names;
    int line;
};

static const struct pyperf_layout layout = {
    .name = "fake",
    .minor = 8,
    .co_name = offsetof(struct code, name),
    .co_filename = offsetof(struct code, filename),
    .co_code = offsetof(struct code, bytecode),
    .co_consts = offsetof(struct code, consts),
    .co_names = offsetof(struct code, names),
    .co_firstlineno = offsetof(struct code, line),
};

static int errors_cleared;

static int bytes_of(PyObject *object, char **text, ptrdiff_t *size)
{
    struct object *bytes = object;
    if (bytes == NULL || bytes->type != &bytes_type)
        return -1;
    *text = (char *)(uintptr_t)bytes->text;
    *size = bytes->size;
    return 0;
}

static ptrdiff_t tuple_size(PyObject *object)
{
    struct object *tuple = object;
    return tuple->type == &tuple_type ? tuple->size : -1;
}

static PyObject *tuple_item(PyObject *object, ptrdiff_t index)
{
    struct object *tuple = object;
    ck_assert(index >= 0 && index < tuple->size);
    return tuple->items[index];
}

static int compare(PyObject *string, const char *text)
{
    return strcmp(((struct object *)string)->text, text);
}

static void incref(PyObject *object)
{
    ++*(intptr_t *)object;
}

static void decref(PyObject *object)
{
    --*(intptr_t *)object;
    ck_assert_int_ge(*(intptr_t *)object, 0);
}

static void clear(void)
{
    errors_cleared++;
}

static const struct pyperf_python python = {
    .layout = &layout,
    .bytes = bytes_of,
    .incref = incref,
    .decref = decref,
    .error_clear = clear,
    .tuple_size = tuple_size,
    .tuple_item = tuple_item,
    .compare_ascii = compare,
    .unicode_type = &str_type,
    .code_type = &code_type,
    .function_type = &function_type,
};

#define STRING(value)                                                                              \
    {                                                                                              \
        .type = &str_type, .text = (value)                                                         \
    }

static struct object file = STRING("m.py"), none = {.type = &other_type};
static struct object dunder = STRING("__qualname__"), other = STRING("__module__");
static struct object no_items = {.type = &tuple_type};
static struct object no_code = {.type = &bytes_type, .text = ""};

static struct code make_leaf(struct object *name, int line)
{
    return (struct code){1, &code_type, name, &file, &no_code, &no_items, &no_items, line};
}

/* Asks for the name of `code` and gives the reference back. */
static const char *name_of(struct code *code)
{
    struct object *qualname = pyperf_qualname_of(&python, code);
    decref(qualname);
    return qualname->text;
}

/* -- Functions ------------------------------------------------------------------------------ */

enum { CONST = 100, MAKE = 132, EXTENDED = 144, STORE = 90, LOAD_NAME = 101 };

static struct object plain = STRING("method"), qualified = STRING("Class.method");
/* Fresh in each test's process. */
static struct code child = {1, &code_type, &plain, &file, &no_code, &no_items, &no_items, 7};

/* A module that runs `bytecode` with the constants None, the child, and the child's name. */
static void run_module(const unsigned char *bytecode, size_t size)
{
    static struct object name = STRING("<module>"), code, consts;
    code = (struct object){.type = &bytes_type, .text = (const char *)bytecode};
    code.size = (ptrdiff_t)size;
    consts = (struct object){.type = &tuple_type, .size = 3};
    consts.items[0] = &none;
    consts.items[1] = (struct object *)&child;
    consts.items[2] = &qualified;
    struct code module = {1, &code_type, &name, &file, &code, &consts, &no_items, 1};
    ck_assert_str_eq(name_of(&module), "<module>");
}

#define RUN_MODULE(...)                                                                            \
    do {                                                                                           \
        static const unsigned char bytecode[] = {__VA_ARGS__};                                     \
        run_module(bytecode, sizeof bytecode);                                                     \
    } while (0)

START_TEST(without_a_parent_the_plain_name_serves)
{
    ck_assert_str_eq(name_of(&child), "method");
}
END_TEST

START_TEST(who_makes_a_function_tells_its_name)
{
    RUN_MODULE(CONST, 0, STORE, 0, CONST, 1, CONST, 2, MAKE, 0, STORE, 1);
    ck_assert_str_eq(name_of(&child), "Class.method");
    ck_assert_str_eq(name_of(&child), "Class.method");
}
END_TEST

START_TEST(extended_arguments_are_understood)
{
    /* 0x000001 and 0x00000002 */
    RUN_MODULE(EXTENDED, 0, EXTENDED, 0, CONST, 1, EXTENDED, 0, CONST, 2, MAKE, 8);
    ck_assert_str_eq(name_of(&child), "Class.method");
}
END_TEST

START_TEST(what_is_not_the_pattern_is_not_guessed)
{
    RUN_MODULE(MAKE, 0);                                  /* nothing before it */
    RUN_MODULE(CONST, 2, MAKE, 0);                        /* no code */
    RUN_MODULE(CONST, 1, LOAD_NAME, 2, MAKE, 0);          /* no constant name */
    RUN_MODULE(CONST, 2, CONST, 1, MAKE, 0);              /* the wrong way round */
    RUN_MODULE(CONST, 1, CONST, 9, MAKE, 0);              /* no such constant */
    RUN_MODULE(CONST, 1, EXTENDED, 1, CONST, 2, MAKE, 0); /* nor 0x102 */
    RUN_MODULE(CONST, 1, CONST, 2, STORE, MAKE);          /* 132 is an argument here */
    RUN_MODULE(CONST, 1, CONST, 0, MAKE, 0, CONST);       /* None; and half an instruction */
    ck_assert_str_eq(name_of(&child), "method");
}
END_TEST

START_TEST(unreadable_code_has_its_plain_name)
{
    child.bytecode = &none;
    ck_assert_str_eq(name_of(&child), "method");
    child = make_leaf(&plain, 7);
    child.consts = &none;
    ck_assert_str_eq(name_of(&child), "method");
    ck_assert_int_eq(errors_cleared, 2);
}
END_TEST

START_TEST(another_object_at_the_same_address_is_another)
{
    static struct object different = STRING("different");
    child = make_leaf(&plain, 7);
    RUN_MODULE(CONST, 1, CONST, 2, MAKE, 0);
    child = make_leaf(&different, 7);
    ck_assert_str_eq(name_of(&child), "different");
    child = make_leaf(&plain, 8);
    ck_assert_str_eq(name_of(&child), "method");
    child = make_leaf(&plain, 7);
    ck_assert_str_eq(name_of(&child), "Class.method");
}
END_TEST

/* -- Class bodies --------------------------------------------------------------------------- */

static const char *class_body(const unsigned char *bytecode, ptrdiff_t size)
{
    static struct object name = STRING("Inner"), outer = STRING("Outer.Inner");
    struct object code = {.type = &bytes_type, .text = (const char *)bytecode, .size = size};
    struct object consts = {.type = &tuple_type, .size = 2, .items = {&outer, &none}};
    struct object names = {.type = &tuple_type, .size = 2, .items = {&other, &dunder}};
    struct code body = {1, &code_type, &name, &file, &code, &consts, &names, 3};
    return name_of(&body);
}

START_TEST(a_class_body_tells_its_own_name)
{
    static const unsigned char usual[] = {LOAD_NAME, 0, STORE, 0, CONST, 0, STORE, 1};
    ck_assert_str_eq(class_body(usual, sizeof usual), "Outer.Inner");
    ck_assert_str_eq(class_body(usual, 7), "Inner"); /* too short */
    static const unsigned char elsewhere[] = {LOAD_NAME, 0, STORE, 0, CONST, 0, STORE, 0};
    ck_assert_str_eq(class_body(elsewhere, sizeof elsewhere), "Inner");
    static const unsigned char no_name[] = {LOAD_NAME, 0, STORE, 0, CONST, 0, STORE, 9};
    ck_assert_str_eq(class_body(no_name, sizeof no_name), "Inner");
    static const unsigned char no_string[] = {LOAD_NAME, 0, STORE, 0, CONST, 1, STORE, 1};
    ck_assert_str_eq(class_body(no_string, sizeof no_string), "Inner");
}
END_TEST

/* -- Memory --------------------------------------------------------------------------------- */

START_TEST(one_reference_is_kept_however_often_it_is_made)
{
    for (int i = 0; i < 1000; i++)
        RUN_MODULE(CONST, 1, CONST, 2, MAKE, 0);
    ck_assert_int_eq(qualified.references, 1);
    ck_assert_int_eq(plain.references, 1);
    ck_assert_str_eq(name_of(&child), "Class.method");
    ck_assert_int_eq(qualified.references, 1);
}
END_TEST

enum { MANY = 200000, KEPT = 131072 /* qualname.c: two generations of 65,536 */ };

START_TEST(what_is_remembered_is_bounded)
{
    static struct code children[MANY];
    static const unsigned char make[] = {CONST, 0, CONST, 1, MAKE, 0};
    static struct object code = {.type = &bytes_type, .text = (const char *)make, .size = 6};
    struct object consts = {.type = &tuple_type, .size = 2, .items = {NULL, &qualified}};
    struct code module = {1, &code_type, &plain, &file, &code, &consts, &no_items, 1};
    for (int i = 0; i < MANY; i++) {
        children[i] = make_leaf(&plain, i);
        consts.items[0] = (struct object *)&children[i];
        name_of(&module);
        if (i % 1000 == 0)
            ck_assert_int_le(qualified.references, KEPT);
    }
    ck_assert_int_gt(qualified.references, KEPT / 2 - 1);
    ck_assert_int_eq(qualified.references, plain.references);
    ck_assert_str_eq(name_of(&children[MANY - 1]), "Class.method");
    ck_assert_str_eq(name_of(&children[MANY - KEPT / 2]), "Class.method");
    ck_assert_str_eq(name_of(&children[0]), "method");
}
END_TEST

START_TEST(reset_forgets_and_drops_no_reference)
{
    RUN_MODULE(CONST, 1, CONST, 2, MAKE, 0);
    pyperf_qualname_reset();
    ck_assert_str_eq(name_of(&child), "method");
    ck_assert_int_eq(qualified.references, 1); /* their owner is gone */
}
END_TEST

SUPPORT_MAIN(without_a_parent_the_plain_name_serves, who_makes_a_function_tells_its_name,
             extended_arguments_are_understood, what_is_not_the_pattern_is_not_guessed,
             unreadable_code_has_its_plain_name, another_object_at_the_same_address_is_another,
             a_class_body_tells_its_own_name, one_reference_is_kept_however_often_it_is_made,
             what_is_remembered_is_bounded, reset_forgets_and_drops_no_reference)
