/* Qualified names from the bytecode of 3.6 to 3.10, with objects that only look like Python's. */
#include "qualname.h"

#include <string.h>

#include "pyperf.h"
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

static const char *utf8(PyObject *object, ptrdiff_t *size)
{
    struct object *string = object;
    ck_assert_ptr_eq(string->type, &str_type);
    *size = (ptrdiff_t)strlen(string->text);
    return string->text;
}

static void clear(void)
{
    errors_cleared++;
}

static const struct pyperf_python python = {
    .layout = &layout,
    .bytes = bytes_of, /* no incref or decref: nothing is referred to */
    .utf8 = utf8,
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

/* As when `code` runs for the first time. */
static const char *name_of(struct code *code)
{
    static char name[PYPERF_NAME_MAX + 1];
    struct pyperf_text qualname = pyperf_qualname_of(&python, code);
    ck_assert_uint_lt(qualname.length, sizeof name);
    memcpy(name, qualname.start, qualname.length);
    name[qualname.length] = '\0';
    pyperf_text_release(&python, &qualname);
    pyperf_qualname_learn(&python, code);
    return name;
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
    ck_assert_int_eq(errors_cleared, 4); /* to name it, and to learn from it */
}
END_TEST

START_TEST(another_object_at_the_same_address_is_another)
{
    RUN_MODULE(CONST, 1, CONST, 2, MAKE, 0);
    pyperf_qualname_forget(&child);
    ck_assert_str_eq(name_of(&child), "method");
    qualified = (struct object)STRING("A.much.longer.name");
    RUN_MODULE(CONST, 1, CONST, 2, MAKE, 0);
    ck_assert_str_eq(name_of(&child), "A.much.longer.name");
    qualified = (struct object)STRING("Short");
    RUN_MODULE(CONST, 1, CONST, 2, MAKE, 0);
    ck_assert_str_eq(name_of(&child), "Short");
    pyperf_qualname_forget(&child);
    pyperf_qualname_forget(&child);
    struct code never_seen = make_leaf(&plain, 7);
    pyperf_qualname_forget(&never_seen);
    ck_assert_str_eq(name_of(&child), "method");
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

START_TEST(a_name_is_a_copy)
{
    char text[] = "Class.method";
    qualified.text = text;
    RUN_MODULE(CONST, 1, CONST, 2, MAKE, 0);
    memset(text, 'x', strlen(text));
    ck_assert_str_eq(name_of(&child), "Class.method");
}
END_TEST

START_TEST(what_is_made_over_and_over_takes_no_more_room)
{
    static struct code again;
    RUN_MODULE(CONST, 1, CONST, 2, MAKE, 0);
    static char text[PYPERF_NAME_MAX + 1];
    memset(text, 'n', PYPERF_NAME_MAX);
    qualified.text = text;
    static const unsigned char make[] = {CONST, 0, CONST, 1, MAKE, 0};
    static struct object code = {.type = &bytes_type, .text = (const char *)make, .size = 6};
    struct object consts = {.type = &tuple_type, .size = 2, .items = {NULL, &qualified}};
    struct code module = {1, &code_type, &plain, &file, &code, &consts, &no_items, 1};
    again = child;
    consts.items[0] = (struct object *)&again;
    for (int i = 0; i < 1000; i++) { /* three generations of 4 MiB would be full */
        pyperf_qualname_learn(&python, &module);
        pyperf_qualname_forget(&again);
    }
    ck_assert_str_eq(name_of(&child), "Class.method");
    ck_assert_str_eq(name_of(&again), "method");
}
END_TEST

enum { MANY = 200000, KEPT = 131072 /* qualname.c: two generations of 65,536 */ };

static unsigned remembered(struct code *children, int number)
{
    unsigned count = 0;
    for (int i = 0; i < number; i++)
        count += strcmp(name_of(&children[i]), "method") != 0;
    return count;
}

static void run_many(struct code *children, int number)
{
    static const unsigned char make[] = {CONST, 0, CONST, 1, MAKE, 0};
    static struct object code = {.type = &bytes_type, .text = (const char *)make, .size = 6};
    struct object consts = {.type = &tuple_type, .size = 2, .items = {NULL, &qualified}};
    struct code module = {1, &code_type, &plain, &file, &code, &consts, &no_items, 1};
    for (int i = 0; i < number; i++) {
        children[i] = make_leaf(&plain, i);
        consts.items[0] = (struct object *)&children[i];
        pyperf_qualname_learn(&python, &module);
    }
}

START_TEST(what_is_remembered_is_bounded)
{
    static struct code children[MANY];
    run_many(children, MANY);
    ck_assert_uint_le(remembered(children, MANY), KEPT);
    ck_assert_uint_ge(remembered(children, MANY), KEPT / 2);
    ck_assert_str_eq(name_of(&children[MANY - 1]), "Class.method");
    ck_assert_str_eq(name_of(&children[MANY - KEPT / 2]), "Class.method");
    ck_assert_str_eq(name_of(&children[0]), "method");
}
END_TEST

START_TEST(fewer_of_long_names_are_remembered)
{
    enum { FEW = 2000 };
    static struct code children[FEW];
    static char text[PYPERF_NAME_MAX + 100];
    memset(text, 'n', sizeof text - 1);
    qualified.text = text;
    run_many(children, FEW);
    unsigned at_once = (KEPT / 2) * 64 / PYPERF_NAME_MAX;
    ck_assert_uint_ge(remembered(children, FEW), at_once);
    ck_assert_uint_le(remembered(children, FEW), 2 * at_once);
    const char *name = name_of(&children[FEW - 1]);
    ck_assert_uint_eq(strlen(name), PYPERF_NAME_MAX);
    ck_assert_uint_eq(strspn(name, "n"), PYPERF_NAME_MAX);
}
END_TEST

START_TEST(reset_forgets)
{
    RUN_MODULE(CONST, 1, CONST, 2, MAKE, 0);
    pyperf_qualname_reset();
    ck_assert_str_eq(name_of(&child), "method");
    RUN_MODULE(CONST, 1, CONST, 2, MAKE, 0);
    ck_assert_str_eq(name_of(&child), "Class.method");
}
END_TEST

SUPPORT_MAIN(without_a_parent_the_plain_name_serves, who_makes_a_function_tells_its_name,
             extended_arguments_are_understood, what_is_not_the_pattern_is_not_guessed,
             unreadable_code_has_its_plain_name, another_object_at_the_same_address_is_another,
             a_class_body_tells_its_own_name, a_name_is_a_copy,
             what_is_made_over_and_over_takes_no_more_room, what_is_remembered_is_bounded,
             fewer_of_long_names_are_remembered, reset_forgets)
