/* Which waits are ended when the evaluator steps aside, and which are left alone. */
#include "specialize.h"

#include <string.h>

#include "support.h"

enum { ADAPTIVE = 64, WAITING = 0xfffc };
enum { RESUME = 1, FOR_ITER = 70, FOR_ITER_GEN = 170, LOAD_ATTR = 80, JUMP_BACKWARD = 75 };

static const struct pyperf_layout layout = {.co_adaptive = ADAPTIVE,
                                            .adaptive_opcodes = {FOR_ITER, LOAD_ATTR}};

/* -- An interpreter ------------------------------------------------------------------------- */

struct code {
    char head[ADAPTIVE];
    union {
        uint8_t bytes[20];
        uint16_t words[10];
    } adaptive;
    uint8_t plain[20];
    int references;
};

struct frame {
    struct frame *caller;
    struct code *code;
    int references;
};

static struct frame *current;
static int copies; /* of instructions, not yet released */
static bool out_of_memory;
static PyObject *pending; /* exception */

static PyObject *frame_of(void *tstate)
{
    (void)tstate;
    if (current != NULL)
        current->references++;
    return current;
}

static PyObject *caller_of(PyObject *frame)
{
    struct frame *caller = ((struct frame *)frame)->caller;
    if (caller != NULL)
        caller->references++;
    return caller;
}

static PyObject *code_of(PyObject *frame)
{
    struct code *code = ((struct frame *)frame)->code;
    code->references++;
    return code;
}

static PyObject *copy_of(PyObject *code)
{
    if (out_of_memory) {
        pending = "MemoryError";
        return NULL;
    }
    copies++;
    return ((struct code *)code)->plain;
}

static int bytes_of(PyObject *copy, char **text, ptrdiff_t *size)
{
    *text = copy;
    *size = 20;
    return 0;
}

static struct code recursive, between, other;
static struct frame frames[20];

static void release(PyObject *object)
{
    struct code *all[] = {&recursive, &between, &other};
    for (int i = 0; i < 3; i++) {
        if (object == all[i]) {
            all[i]->references--;
            return;
        }
        if (object == all[i]->plain) {
            copies--;
            return;
        }
    }
    ((struct frame *)object)->references--;
}

static void clear(void)
{
    pending = NULL;
}

static void fetch(PyObject **type, PyObject **value, PyObject **traceback)
{
    *type = pending;
    *value = *traceback = NULL;
    pending = NULL;
}

static void restore(PyObject *type, PyObject *value, PyObject *traceback)
{
    (void)value, (void)traceback;
    pending = type;
}

static struct pyperf_python python = {.layout = &layout,
                                      .thread_frame = frame_of,
                                      .frame_back = caller_of,
                                      .frame_code = code_of,
                                      .code_bytes = copy_of,
                                      .bytes = bytes_of,
                                      .decref = release,
                                      .error_clear = clear,
                                      .error_fetch = fetch,
                                      .error_restore = restore};

/* -- Its code ------------------------------------------------------------------------------- */

enum { FOR_COUNTER = 2, SPECIALIZED_COUNTER = 4, ATTR_COUNTER = 6, LOOKS_LIKE_FOR = 7, JUMP = 9 };

static void make_code(struct code *code)
{
    static const uint8_t plain[20] = {RESUME,    0, FOR_ITER, 5, 0, 0, FOR_ITER,      5, 0, 0,
                                      LOAD_ATTR, 3, 0,        0, 0, 0, JUMP_BACKWARD, 9, 0, 0};
    memset(code, 0, sizeof *code);
    memcpy(code->plain, plain, sizeof plain);
    memcpy(code->adaptive.bytes, plain, sizeof plain);
    code->adaptive.bytes[6] = FOR_ITER_GEN;
    code->adaptive.words[FOR_COUNTER] = WAITING;
    code->adaptive.words[SPECIALIZED_COUNTER] = WAITING;
    code->adaptive.words[ATTR_COUNTER] = WAITING;
    code->adaptive.bytes[2 * LOOKS_LIKE_FOR] = FOR_ITER; /* in a cache */
    code->adaptive.words[JUMP] = WAITING;
}

static bool waits(const struct code *code)
{
    bool waiting = code->adaptive.words[FOR_COUNTER] == WAITING;
    ck_assert_uint_eq(code->adaptive.words[ATTR_COUNTER], waiting ? WAITING : 1);
    ck_assert_uint_eq(code->adaptive.words[FOR_COUNTER], waiting ? WAITING : 1);
    /* What is specialised, is no wait for it, or is no instruction stays. */
    ck_assert_uint_eq(code->adaptive.words[SPECIALIZED_COUNTER], WAITING);
    ck_assert_uint_eq(code->adaptive.words[JUMP], WAITING);
    ck_assert_uint_eq(code->adaptive.words[LOOKS_LIKE_FOR], FOR_ITER);
    return waiting;
}

/* Callers, the nearest first. */
static void called_by(struct code *const *codes, int count)
{
    make_code(&recursive);
    make_code(&between);
    make_code(&other);
    for (int i = 0; i < count; i++)
        frames[i] = (struct frame){i + 1 < count ? &frames[i + 1] : NULL, codes[i], 0};
    current = count > 0 ? frames : NULL;
}

static void specialize(void)
{
    pyperf_specialize_recursion(&python, NULL, &recursive);
    ck_assert_int_eq(copies, 0);
    ck_assert_int_eq(recursive.references + between.references + other.references, 0);
    for (size_t i = 0; i < sizeof frames / sizeof frames[0]; i++)
        ck_assert_int_eq(frames[i].references, 0);
}

START_TEST(all_code_of_a_cycle_stops_waiting)
{
    called_by((struct code *[]){&between, &recursive, &other}, 3);
    specialize();
    ck_assert(!waits(&recursive));
    ck_assert(!waits(&between));
    ck_assert(waits(&other));
}
END_TEST

START_TEST(without_recursion_nothing_is_touched)
{
    called_by((struct code *[]){&between, &other}, 2);
    specialize();
    called_by(NULL, 0);
    specialize();
    ck_assert(waits(&recursive) && waits(&between) && waits(&other));
}
END_TEST

START_TEST(the_search_ends_after_16_callers)
{
    struct code *codes[18];
    for (int i = 0; i < 18; i++)
        codes[i] = &between;
    codes[17] = &recursive;
    called_by(codes, 18);
    specialize();
    ck_assert(waits(&recursive) && waits(&between));
    codes[15] = &recursive;
    called_by(codes, 18);
    specialize();
    ck_assert(!waits(&recursive) && !waits(&between));
}
END_TEST

START_TEST(an_exception_under_way_is_kept)
{
    called_by((struct code *[]){&recursive}, 1);
    pending = "StopIteration";
    specialize();
    ck_assert_str_eq(pending, "StopIteration");
    ck_assert(!waits(&recursive));
}
END_TEST

START_TEST(without_memory_it_waits_on)
{
    called_by((struct code *[]){&recursive}, 1);
    out_of_memory = true;
    specialize();
    ck_assert_ptr_null(pending);
    ck_assert(waits(&recursive));
}
END_TEST

static const struct pyperf_layout without = {.co_adaptive = 0};

START_TEST(an_interpreter_that_does_not_specialise_is_not_asked)
{
    python = (struct pyperf_python){.layout = &without};
    pyperf_specialize_recursion(&python, NULL, &recursive);
}
END_TEST

SUPPORT_MAIN(all_code_of_a_cycle_stops_waiting, without_recursion_nothing_is_touched,
             the_search_ends_after_16_callers, an_exception_under_way_is_kept,
             without_memory_it_waits_on, an_interpreter_that_does_not_specialise_is_not_asked)
