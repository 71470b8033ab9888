/* Tells calls that CPython would run inline from those that C makes; see units.h. */
#include "units.h"

#include <errno.h>
#include <string.h>

#include "frames.h"
#include "trampoline.h"

/* _PyInterpreterFrame, the same in 3.12 and 3.13 (Include/internal/pycore_frame.h). */
enum { FRAME_INSTRUCTION = 56, FRAME_LOCALS = 72 };
enum { OWNED_BY_GENERATOR = 1, OWNED_BY_LOOP = 3 }; /* FRAME_OWNED_BY_CSTACK */
enum { TYPE_GETATTRO = 144 };                       /* PyTypeObject, Include/cpython/object.h */
enum { CO_GENERATOR = 0x20, CO_COROUTINE = 0x80 };  /* Include/cpython/code.h */

enum { MOST_FRAMES = 4096, MOST_LEARNT = 5, FARTHEST = 65536 };

/* The calls that a loop makes itself, which are those that can be inlined. */
enum kind { NONE, CALL, CALL_UNPACKING, FOR_LOOP, YIELD_FROM, AWAIT, PROPERTY, SUBSCRIPT, KINDS };

/* An await is a call of the method send(), which takes a unit more. */
static int units_of(enum kind kind)
{
    return kind == AWAIT ? 3 : 2;
}

/* -- Frames --------------------------------------------------------------------------------- */

/* The loop that runs a frame, and the frame with which it was entered. */
struct loop {
    void *entry;  /* the frame that stands for it, on the C stack; NULL: none */
    void *callee; /* what it was entered for; may have made inlined calls since */
};

static struct loop loop_of(const struct pyperf_layout *layout, void *frame, int *frames_left)
{
    struct loop loop = {NULL, NULL};
    for (; frame != NULL && --*frames_left > 0; frame = pyperf_frame_caller(layout, frame)) {
        if (pyperf_frame_owner(layout, frame) == OWNED_BY_LOOP) {
            loop.entry = frame;
            break;
        }
        loop.callee = frame;
    }
    return loop;
}

/* -- What kind of call ---------------------------------------------------------------------- */

static bool is_named(const struct pyperf_python *python, const void *frame, const char *name)
{
    PyObject *code = pyperf_pointer_at(frame, python->layout->frame_code);
    return python->compare_ascii(pyperf_pointer_at(code, python->layout->co_name), name) == 0;
}

struct code_head {
    int flags, argument_count; /* co_flags, co_argcount: neighbours in 3.12 and 3.13 */
};

static struct code_head code_of(const struct pyperf_layout *layout, const void *frame)
{
    struct code_head head;
    memcpy(&head, (char *)pyperf_pointer_at(frame, layout->frame_code) + layout->co_flags,
           sizeof head);
    return head;
}

/* A getter is inlined unless its class looks attributes up in Python, with __getattr__. */
static bool is_property(const struct pyperf_python *python, const void *getter)
{
    if (is_named(python, getter, "__getattribute__"))
        return true;
    /* Without an argument there may be no local variable at all. */
    if (code_of(python->layout, getter).argument_count == 0 || is_named(python, getter, "__get__"))
        return false;
    PyObject *self = pyperf_pointer_at(getter, FRAME_LOCALS);
    return self != NULL && pyperf_pointer_at(pyperf_type_of(self, python->layout), TYPE_GETATTRO) ==
                               python->generic_getattr;
}

static enum kind kind_of_generator(const struct pyperf_layout *layout, uint8_t opcode,
                                   const void *callee)
{
    int flags = code_of(layout, callee).flags;
    if (opcode == layout->inlines.for_iter)
        return FOR_LOOP;
    if (opcode == layout->inlines.send && (flags & CO_COROUTINE) != 0)
        return AWAIT;
    if (opcode == layout->inlines.send && (flags & CO_GENERATOR) != 0)
        return YIELD_FROM;
    return NONE;
}

static enum kind kind_of(const struct pyperf_python *python, const void *callee, const void *caller)
{
    const struct pyperf_layout *layout = python->layout;
    const uint8_t *instruction = pyperf_pointer_at(caller, FRAME_INSTRUCTION);
    uint8_t opcode = instruction[0];
    if (pyperf_frame_owner(layout, callee) == OWNED_BY_GENERATOR)
        return kind_of_generator(layout, opcode, callee);
    if (opcode == layout->inlines.call_unpacking)
        return CALL_UNPACKING;
    if (opcode == layout->inlines.load_attr)
        return is_property(python, callee) ? PROPERTY : NONE;
    if (opcode == layout->inlines.subscript)
        return is_named(python, callee, "__getitem__") ? SUBSCRIPT : NONE;
    return CALL;
}

/* -- How far apart -------------------------------------------------------------------------- */

static uint32_t distances[KINDS]; /* the least seen, in bytes; 0: none yet */
static uint32_t detour;           /* what a context adds to them */

void pyperf_units_detour(uintptr_t bytes)
{
    __atomic_store_n(&detour, (uint32_t)bytes, __ATOMIC_RELAXED);
}

/* What pyperf_context() leaves (trampoline.h): the id twice, and below it where it called the slot
 * from.  Without the bits that a processor may sign addresses with. */
static bool has_context(const struct loop *callee, const struct loop *caller)
{
    enum { CODE = 64, ADDRESS_BITS = 39 };
    const uint64_t *end = caller->entry;
    for (const uint64_t *word = callee->entry; word + 2 < end; word++)
        if (((word[0] - (uintptr_t)pyperf_context) & ((1UL << ADDRESS_BITS) - 1)) < CODE &&
            word[1] == word[2])
            return true;
    return false;
}

/* Whether a loop made the call itself.  Learns from every call it is asked about. */
static bool is_direct(enum kind kind, const struct loop *callee, const struct loop *caller)
{
    uintptr_t distance = (uintptr_t)caller->entry - (uintptr_t)callee->entry;
    if (kind == NONE || distance == 0 || distance >= FARTHEST) /* another stack, or much C */
        return false;
    uint32_t by_context = __atomic_load_n(&detour, __ATOMIC_RELAXED);
    uint32_t least = __atomic_load_n(&distances[kind], __ATOMIC_RELAXED);
    if (least == 0 || distance < least)
        __atomic_store_n(&distances[kind], (uint32_t)distance, __ATOMIC_RELAXED);
    /* Calls through C may be as far apart as those with a context. */
    return least == 0 || distance <= least ||
           (by_context != 0 && distance == least + by_context && has_context(callee, caller));
}

void pyperf_units_learn(const struct pyperf_python *python, void *tstate)
{
    if (!pyperf_frames_are_known(python, tstate))
        return;
    int left = MOST_LEARNT;
    struct loop loop = loop_of(python->layout, pyperf_frame_current(python->layout, tstate), &left);
    while (loop.entry != NULL && loop.callee != NULL) {
        void *caller = pyperf_frame_caller(python->layout, loop.entry);
        struct loop next = loop_of(python->layout, caller, &left);
        if (next.entry != NULL)
            is_direct(kind_of(python, loop.callee, caller), &loop, &next);
        loop = next;
    }
}

static int count_units(const struct pyperf_python *python, struct loop loop, uintptr_t low,
                       uintptr_t high, int frames_left)
{
    int units = 0;
    while (loop.entry != NULL && loop.callee != NULL && (uintptr_t)loop.entry >= low &&
           (uintptr_t)loop.entry < high) {
        void *caller = pyperf_frame_caller(python->layout, loop.entry);
        struct loop next = loop_of(python->layout, caller, &frames_left);
        if (next.entry == NULL)
            break;
        enum kind kind = kind_of(python, loop.callee, caller);
        if (is_direct(kind, &loop, &next))
            units += units_of(kind);
        loop = next;
    }
    return units;
}

int pyperf_units_of_hooked_calls(const struct pyperf_python *python, void *tstate, uintptr_t low,
                                 uintptr_t high)
{
    /* A frame just above `low` that calls one function after the other asks each time.  The last
     * answer holds while frame and units are the same. */
    static __thread struct {
        void *frame, *entry;
        uintptr_t high;
        int remaining, units;
    } last __attribute__((tls_model("initial-exec")));

    if (!pyperf_frames_are_known(python, tstate))
        return -ENOTSUP;
    int left = MOST_FRAMES;
    void *frame = pyperf_frame_current(python->layout, tstate);
    struct loop loop = loop_of(python->layout, frame, &left);
    int remaining;
    memcpy(&remaining, (char *)tstate + python->layout->c_recursion_remaining, sizeof remaining);
    if (frame != last.frame || loop.entry != last.entry || high != last.high ||
        remaining != last.remaining) {
        last.units = count_units(python, loop, low, high, left);
        last.frame = frame;
        last.entry = loop.entry;
        last.high = high;
        last.remaining = remaining;
    }
    return last.units;
}
