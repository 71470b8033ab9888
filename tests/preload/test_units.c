/* Which calls count as such that an evaluator alone made enter a loop.  The stack is made up. */
#include "units.h"

#include <string.h>

#include "support.h"
#include "trampoline.h"

enum { FOR_ITER = 93, SEND = 123, LOAD_ATTR = 106, SUBSCRIPT = 25, UNPACKING = 142, CALL = 171 };
enum { IN_THREAD, IN_GENERATOR, OF_OBJECT, LOOP };
enum { DIRECT = 400, THROUGH_C = 480 }; /* bytes */

static const struct pyperf_layout layout = {
    .name = "fake",
    .guard = PYPERF_GUARD_STACK_AND_UNITS,
    .co_flags = 8,
    .co_name = 16,
    .c_recursion_remaining = 8,
    .tstate_frame = 16,
    .frame_previous = 8,
    .frame_owner = 70,
    .co_bytecode = 40,
    .inlines = {FOR_ITER, SEND, LOAD_ATTR, SUBSCRIPT, UNPACKING},
};

/* -- Frames, as of 3.12 and 3.13 ------------------------------------------------------------ */

struct code {
    void *unused;
    int flags, arguments;
    const char *name;
    int first_traceable, unused_too;
    void *pointer;
    uint8_t bytecode[2];
};

struct frame {
    struct code *code;
    struct frame *caller;
    void *unused[5];
    const uint8_t *instruction;
    int stack_top;
    uint16_t return_offset;
    char owner;
    void *self;
};

struct type {
    char unused[144];
    void *getattro;
};

struct object {
    void *references;
    const struct type *type;
};

static struct {
    void *unused;
    int units;
    struct frame *current;
} thread;

enum { MOST = 64 };
static _Alignas(64) char stack[MOST * 1024];
static struct frame frames[MOST];
static struct code codes[MOST];
static char *top; /* of the made-up stack: its lowest loop */
static int calls;

static void forget_stack(void)
{
    top = stack + sizeof stack;
    calls = 0;
    thread.current = NULL;
    thread.units = 1000;
}

/* `opcode` of the current frame calls a function: its loop lies `distance` below the last. */
static struct frame *call(uint8_t opcode, int distance, int owner, const char *name, int flags)
{
    top -= distance;
    struct frame *loop = (struct frame *)top;
    *loop = (struct frame){.caller = thread.current, .owner = LOOP};
    if (thread.current != NULL) {
        thread.current->code->bytecode[0] = opcode;
    }
    codes[calls] = (struct code){.flags = flags, .arguments = 1, .name = name};
    frames[calls] = (struct frame){.code = &codes[calls],
                                   .caller = loop,
                                   .instruction = codes[calls].bytecode,
                                   .owner = (char)owner};
    thread.current = &frames[calls];
    thread.units -= 2;
    return &frames[calls++];
}

static struct frame *call_function(int distance)
{
    return call(CALL, distance, IN_THREAD, "f", 0);
}

/* -- An interpreter ------------------------------------------------------------------------- */

static struct frame_object {
    char header[24];
    struct frame *frame;
} frame_object, back_object;

static PyObject *thread_frame(void *tstate)
{
    (void)tstate;
    frame_object.frame = thread.current;
    return thread.current != NULL ? &frame_object : NULL;
}

static PyObject *frame_back(PyObject *object)
{
    const struct frame *loop = ((struct frame_object *)object)->frame->caller;
    back_object.frame = loop->caller;
    return loop->caller != NULL ? &back_object : NULL;
}

static PyObject *frame_code(PyObject *object)
{
    return ((struct frame_object *)object)->frame->code;
}

static void release(PyObject *object)
{
    ck_assert(object == &frame_object || object == &back_object ||
              object == frame_object.frame->code);
}

static int compare(PyObject *string, const char *text)
{
    return strcmp(string, text);
}

static const struct type plain = {.getattro = (void *)&plain};
static const struct type with_getattr = {.getattro = &frame_object};

static const struct pyperf_python python = {
    .layout = &layout,
    .thread_frame = thread_frame,
    .frame_back = frame_back,
    .frame_code = frame_code,
    .decref = release,
    .compare_ascii = compare,
    .generic_getattr = (void *)&plain,
};

static int units(void)
{
    return pyperf_units_of_hooked_calls(&python, &thread, (uintptr_t)stack, UINTPTR_MAX);
}

/* -- Tests ---------------------------------------------------------------------------------- */

START_TEST(calls_by_a_loop_count_and_those_by_c_do_not)
{
    forget_stack();
    call_function(DIRECT); /* the outermost, called by C */
    call_function(DIRECT);
    call_function(DIRECT);
    ck_assert_int_eq(units(), 4);
    call_function(THROUGH_C);
    call_function(DIRECT);
    ck_assert_int_eq(units(), 6);
}
END_TEST

START_TEST(only_calls_between_the_bounds_count)
{
    forget_stack();
    for (int i = 0; i < 10; i++)
        call_function(DIRECT);
    uintptr_t high = (uintptr_t)(top + 3 * DIRECT), low = (uintptr_t)top;
    ck_assert_int_eq(pyperf_units_of_hooked_calls(&python, &thread, low, high), 6);
    ck_assert_int_eq(pyperf_units_of_hooked_calls(&python, &thread, high, UINTPTR_MAX), 0);
}
END_TEST

START_TEST(what_was_learnt_early_tells_later)
{
    forget_stack();
    call_function(DIRECT);
    call_function(DIRECT);
    pyperf_units_learn(&python, &thread);
    forget_stack();
    for (int i = 0; i < 10; i++)
        call_function(THROUGH_C);
    ck_assert_int_eq(units(), 0);
}
END_TEST

START_TEST(generators_count_where_a_loop_resumes_them)
{
    enum { GENERATOR = 0x20, COROUTINE = 0x80, ASYNC_GENERATOR = 0x200 };
    forget_stack();
    call_function(DIRECT);
    call(FOR_ITER, 304, IN_GENERATOR, "g", GENERATOR);
    ck_assert_int_eq(units(), 2);
    call(FOR_ITER, 352, IN_GENERATOR, "g", GENERATOR); /* by way of enumerate() */
    ck_assert_int_eq(units(), 2);
    call(SEND, 320, IN_GENERATOR, "g", GENERATOR);
    ck_assert_int_eq(units(), 4);
    call(SEND, 392, IN_GENERATOR, "c", COROUTINE);
    ck_assert_int_eq(units(), 7);
    call(SEND, 320, IN_GENERATOR, "a", ASYNC_GENERATOR);
    call(CALL, 320, IN_GENERATOR, "g", GENERATOR); /* next(g) */
    ck_assert_int_eq(units(), 7);
}
END_TEST

START_TEST(getters_count_unless_getattr_comes_before)
{
    static const struct object with = {NULL, &with_getattr}, without = {NULL, &plain};
    forget_stack();
    call_function(DIRECT);
    call(LOAD_ATTR, 600, IN_THREAD, "next", 0)->self = (void *)&without;
    ck_assert_int_eq(units(), 2);
    call(LOAD_ATTR, 600, IN_THREAD, "next", 0)->self = (void *)&with;
    call(LOAD_ATTR, 600, IN_THREAD, "__getattr__", 0)->self = (void *)&with;
    call(LOAD_ATTR, 600, IN_THREAD, "__get__", 0)->self = (void *)&without;
    call(LOAD_ATTR, 600, IN_THREAD, "next", 0); /* self was deleted */
    static const int garbage = 1;
    struct frame *callback = call(LOAD_ATTR, 600, IN_THREAD, "callback", 0);
    callback->code->arguments = 0;
    callback->self = (void *)((uintptr_t)&garbage << 16); /* its empty stack */
    ck_assert_int_eq(units(), 2);
    call(SUBSCRIPT, 504, IN_THREAD, "__getitem__", 0);
    call(SUBSCRIPT, 504, IN_THREAD, "__hash__", 0);
    call(UNPACKING, 504, IN_THREAD, "f", 0);
    ck_assert_int_eq(units(), 6);
}
END_TEST

/* A call with a context, which is told by what that leaves on the stack: calls through C may be as
 * far apart. */
START_TEST(calls_with_a_context_count_and_those_by_c_that_are_as_far_do_not)
{
    const uint64_t left[] = {(uintptr_t)pyperf_context + 8, 0x123456789abcdef0, 0x123456789abcdef0};
    pyperf_units_detour(THROUGH_C - DIRECT);
    forget_stack();
    call_function(DIRECT);
    call_function(DIRECT);
    ck_assert_int_eq(units(), 2);
    call_function(THROUGH_C);
    memset(top + sizeof(struct frame), 0, THROUGH_C - sizeof(struct frame));
    ck_assert_int_eq(units(), 2);
    call_function(THROUGH_C);
    memcpy(top + DIRECT / 2, left, sizeof left);
    ck_assert_int_eq(units(), 4);
}
END_TEST

START_TEST(frames_inlined_in_between_belong_to_their_loop)
{
    forget_stack();
    struct frame *outer = call_function(DIRECT);
    struct frame inlined = {
        .code = outer->code, .caller = outer, .instruction = outer->code->bytecode};
    thread.current = &inlined;
    call_function(DIRECT);
    ck_assert_int_eq(units(), 2);
}
END_TEST

START_TEST(without_python_frames_nothing_is_known_yet)
{
    forget_stack();
    ck_assert_int_lt(units(), 0);
    call_function(DIRECT);
    ck_assert_int_eq(units(), 0);
}
END_TEST

static PyObject *elsewhere(void *tstate)
{
    (void)tstate;
    frame_object.frame = NULL;
    return &frame_object;
}

START_TEST(frames_that_are_elsewhere_are_not_read)
{
    struct pyperf_python unknown = python;
    unknown.thread_frame = elsewhere;
    forget_stack();
    call_function(DIRECT);
    call_function(DIRECT);
    ck_assert_int_lt(pyperf_units_of_hooked_calls(&unknown, &thread, 0, UINTPTR_MAX), 0);
}
END_TEST

SUPPORT_MAIN(calls_by_a_loop_count_and_those_by_c_do_not, only_calls_between_the_bounds_count,
             what_was_learnt_early_tells_later, generators_count_where_a_loop_resumes_them,
             getters_count_unless_getattr_comes_before,
             calls_with_a_context_count_and_those_by_c_that_are_as_far_do_not,
             frames_inlined_in_between_belong_to_their_loop,
             without_python_frames_nothing_is_known_yet, frames_that_are_elsewhere_are_not_read)
