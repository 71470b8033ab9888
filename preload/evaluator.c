/*
 * The hot path of libpyperf.
 *
 *     interpreter ── evaluator(tstate, frame, throw)
 *                       │ code object of the frame -> slot, from the cache (codemap.h)
 *                       │ stack pointer below this thread's limit? (stack.h)
 *                       └─ jump: slot(tstate, frame, throw, default evaluator)
 *                                   └─ call: default evaluator
 *
 * A hit has no lock, no allocation, no I/O, and leaves nothing on the stack but the slot's own
 * frame record.  Everything else is in evaluate_slowly().
 *
 * Each row of interp_layouts.h has evaluators of its own, in which the row's numbers are constants.
 */
#include "evaluator.h"

#include <errno.h>
#include <link.h>

#include "arch.h"
#include "codemap.h"
#include "interp_layouts.h"
#include "log.h"
#include "specialize.h"
#include "stack.h"
#include "symbol.h"
#include "units.h"

#define ALWAYS_INLINE inline __attribute__((always_inline))
/* With a frame record, unlike the hot path: `perf record -g` would miss the caller (CMakeLists.txt
 * omits them in this file). */
#ifdef __clang__
#define COLD __attribute__((cold, noinline))
#else
#define COLD __attribute__((cold, noinline, optimize("no-omit-frame-pointer")))
#endif

static const struct pyperf_python *python;
static pyperf_evaluator_fn next; /* what slots call */

static COLD void *evaluate_slowly(void *a, void *b, void *c);
static COLD void *evaluate_shared_slowly(void *a, void *b, void *c);

/* -- Hot ------------------------------------------------------------------------------------ */

static ALWAYS_INLINE uintptr_t code_of(const struct pyperf_layout *layout, void *a, void *b)
{
    void *frame = layout->tstate_argument ? b : a;
    return (uintptr_t)pyperf_pointer_at(frame, layout->frame_code) & ~layout->code_tag;
}

static ALWAYS_INLINE uint32_t version_of(const struct pyperf_layout *layout, uintptr_t code)
{
    return *(const uint32_t *)(code + layout->co_version);
}

static ALWAYS_INLINE size_t name_offset(const struct pyperf_layout *layout)
{
    return layout->co_qualname != 0 ? layout->co_qualname : layout->co_name;
}

#define DIFFERS(a, b) (PYPERF_ARCH_EARLY(a) != PYPERF_ARCH_EARLY(b))

/* The cache's field that holds the slot, NULL on a miss. */
static ALWAYS_INLINE const pyperf_slot_fn *cached_slot(const struct pyperf_layout *layout,
                                                       uintptr_t code)
{
    if (layout->identity == PYPERF_BY_VERSION) {
        uint64_t version = version_of(layout, code);
        const struct pyperf_version_entry *entry =
            PYPERF_ARCH_EARLY(pyperf_codemap_by_version((uint32_t)version));
        return __builtin_expect(entry->key != version, 0) ? NULL : &entry->slot;
    }
    const struct pyperf_name_entry *entry =
        PYPERF_ARCH_EARLY(pyperf_codemap_by_name(code, layout->co_qualname == 0));
    /* On 3.11 the two names say all; before, functions of one name and file differ by what they
     * are defined in. */
    bool by_code = layout->co_qualname == 0;
    if (__builtin_expect(
            PYPERF_ARCH_EITHER(
                by_code && entry->code != code,
                PYPERF_ARCH_EITHER(
                    DIFFERS(entry->name, pyperf_pointer_at((void *)code, name_offset(layout))),
                    DIFFERS(entry->filename,
                            pyperf_pointer_at((void *)code, layout->co_filename)))),
            0))
        return NULL;
    return &entry->slot;
}

static ALWAYS_INLINE void *evaluate(const struct pyperf_layout *layout, void *a, void *b, void *c)
{
    const pyperf_slot_fn *slot = cached_slot(layout, code_of(layout, a, b));
    if (slot == NULL)
        return evaluate_slowly(a, b, c);
    if (layout->guard != PYPERF_GUARD_NONE) {
        uintptr_t limit = PYPERF_ARCH_OWN(pyperf_stack_limit);
        uintptr_t left; /* by subtraction, which compilers do with the stack pointer in its place */
        if (__builtin_expect(__builtin_usubl_overflow(pyperf_stack_pointer, limit, &left), 0))
            return evaluate_slowly(a, b, c);
    }
    pyperf_evaluator_fn callee = PYPERF_ARCH_NEAR(next);
    __asm__("" : "+r"(callee)); /* loaded before the slot: gcc then jumps through memory */
    pyperf_slot_fn target = *slot;
    return PYPERF_ARCH_JUMP(target, a, b, c, callee);
}

/* Without a GIL. */
static ALWAYS_INLINE void *evaluate_free_threaded(const struct pyperf_layout *layout, void *a,
                                                  void *b, void *c)
{
    pyperf_slot_fn slot;
    if (!pyperf_codemap_at_once(0, version_of(layout, code_of(layout, a, b)), &slot) ||
        __builtin_expect(pyperf_stack_pointer < pyperf_stack_limit, 0))
        return evaluate_slowly(a, b, c);
    return slot(a, b, c, next);
}

/* The key of a code object in the table that all subinterpreters of 3.12+ share. */
static uint64_t shared_key(uint64_t version, void *tstate)
{
    if (version == 0)
        return 0;
    return version | (uint64_t)python->interp_id(pyperf_interp_of(tstate)) << 32;
}

/* In a subinterpreter of 3.12+, which counts its code objects from 1 again. */
static ALWAYS_INLINE void *evaluate_shared(const struct pyperf_layout *layout, void *a, void *b,
                                           void *c)
{
    uintptr_t code = code_of(layout, a, b);
    struct pyperf_code_key key = {.identity = PYPERF_BY_VERSION,
                                  .shared = true,
                                  .version = shared_key(version_of(layout, code), a)};
    pyperf_slot_fn slot = pyperf_codemap_find(&key);
    if (slot == NULL || pyperf_stack_pointer < pyperf_stack_limit)
        return evaluate_shared_slowly(a, b, c);
    return slot(a, b, c, next);
}

/* -- Slow ----------------------------------------------------------------------------------- */

static COLD pyperf_slot_fn find_slot(void *a, void *b, bool shared)
{
    int saved_errno = errno;
    const struct pyperf_layout *layout = python->layout;
    uintptr_t code = code_of(layout, a, b);
    struct pyperf_code_key key = {.identity = shared ? PYPERF_BY_VERSION : layout->identity,
                                  .shared = shared,
                                  .spread = layout->co_qualname == 0,
                                  .code = code};
    if (key.identity != PYPERF_BY_NAME) {
        key.version = version_of(layout, code);
        if (shared)
            key.version = shared_key(key.version, a);
    } else {
        key.name = pyperf_pointer_at((void *)code, name_offset(layout));
        key.filename = pyperf_pointer_at((void *)code, layout->co_filename);
    }
    pyperf_slot_fn slot = pyperf_codemap_find(&key);
    if (slot == NULL) {
        if (layout->guard == PYPERF_GUARD_STACK_AND_UNITS)
            pyperf_units_learn(python, a);
        slot = pyperf_symbol_slot(python, (PyObject *)code);
        pyperf_codemap_insert(python, &key, slot);
    }
    errno = saved_errno;
    return slot;
}

static pyperf_evaluator_fn our_evaluator(void *interp);

/*
 * Deep stacks.  From 3.11 on the interpreter runs a call of one Python function by another within
 * one C frame; an evaluator takes that away, and each call costs C stack.  Two things follow.
 *
 * 3.12 and 3.13 count C recursion in units, two for each entry of the evaluation loop, and raise
 * RecursionError when a thread has none left: in 3.12.1 after some 700 calls, below the default
 * recursion limit.  At each new segment of stack a thread is lent what its hooked calls have taken
 * since the last one that they would not have taken inline (units.h), until that frame returns; but
 * never more than the stack that is left can bear: a unit stands for as many bytes as it does for a
 * thread at its start.
 *
 * When hooked calls have used their part of the stack (stack.c), the interpreter gets its own
 * evaluator back until this frame returns: all deeper calls run without C stack, as they would
 * without us, and without names (specialize.h).  On small stacks that is earlier, for what the
 * interpreter may need itself: most of all a JIT, whose optimizer keeps a trace on the stack.
 */

static __thread int full_units __attribute__((tls_model("initial-exec"))); /* near the top */

static int *units_of(void *tstate)
{
    return (int *)((char *)tstate + python->layout->c_recursion_remaining);
}

/* Down to where the calls on this thread's stack have been reckoned with. */
static __thread uintptr_t reckoned __attribute__((tls_model("initial-exec"))) = UINTPTR_MAX;

/* Where the calls begin that have not been.  A greenlet's stack may lie above where the last one
 * left off: there it was from one segment to the next. */
static uintptr_t unreckoned(uintptr_t here)
{
    uintptr_t segment = here & ~(uintptr_t)(PYPERF_SEGMENT - 1);
    return reckoned > here ? reckoned : segment + 2 * (uintptr_t)PYPERF_SEGMENT;
}

/* How many units are to be lent for calls below `here`. */
static int units_to_lend(void *tstate, uintptr_t here)
{
    int most = (int)pyperf_stack_share((uintptr_t)full_units, here) - *units_of(tstate);
    if (most <= 0)
        return 0;
    int used = pyperf_units_of_hooked_calls(python, tstate, here, unreckoned(here));
    return used >= 0 && used < most ? used : most;
}

static ALWAYS_INLINE void *evaluate_lending(pyperf_slot_fn slot, void *a, void *b, void *c,
                                            uintptr_t here)
{
    if (python->layout->guard != PYPERF_GUARD_STACK_AND_UNITS)
        return slot(a, b, c, next);
    int lent = units_to_lend(a, here);
    uintptr_t before = reckoned;
    *units_of(a) += lent;
    reckoned = here;
    void *result = slot(a, b, c, next);
    reckoned = before;
    *units_of(a) -= lent;
    return result;
}

static void *evaluate_segment(pyperf_slot_fn slot, void *a, void *b, void *c)
{
    uintptr_t here = (uintptr_t)__builtin_frame_address(0);
    void *result = evaluate_lending(slot, a, b, c, here);
    pyperf_stack_leave_segment(here);
    return result;
}

static void *evaluate_unhooked(pyperf_slot_fn slot, void *a, void *b, void *c)
{
    void *interp = pyperf_interp_of(a);
    pyperf_evaluator_fn ours = our_evaluator(interp);
    /* The interpreter's own: another thread is deep, too, and will put ours back.  Another tool's,
     * which called ours: it stays, and so its calls cost C stack as they would without us. */
    if (python->get_evaluator(interp) != ours)
        return slot(a, b, c, next);
    python->set_evaluator(interp, python->default_evaluator);
    pyperf_specialize_recursion(python, a, (PyObject *)code_of(python->layout, a, b));
    void *result = evaluate_lending(slot, a, b, c, (uintptr_t)__builtin_frame_address(0));
    /* Not if somebody else's evaluator came meanwhile. */
    if (python->get_evaluator(interp) == python->default_evaluator)
        python->set_evaluator(interp, ours);
    return result;
}

/* sys._jit.is_enabled(), 3.14+; settled only when the interpreter is up. */
static bool jit_is_on(void)
{
    PyObject *type, *value, *traceback;
    python->error_fetch(&type, &value, &traceback);
    PyObject *jit = python->sys_object("_jit");
    PyObject *ask = jit != NULL ? python->attribute(jit, "is_enabled") : NULL;
    PyObject *answer = NULL;
    /* Not one in Python, which we would have to evaluate. */
    if (ask != NULL && pyperf_type_of(ask, python->layout) == python->cfunction_type)
        answer = python->call(ask, NULL);
    bool on = answer != NULL && python->is_true(answer) == 1;
    if (ask != NULL)
        python->decref(ask);
    if (answer != NULL)
        python->decref(answer);
    python->error_clear();
    python->error_restore(type, value, traceback);
    return on;
}

static void *evaluate_guarded(pyperf_slot_fn slot, void *a, void *b, void *c)
{
    if (python->layout->jit_stack != 0 && pyperf_stack_is_new() && jit_is_on())
        pyperf_stack_reserve(python->layout->jit_stack);
    bool units = python->layout->guard == PYPERF_GUARD_STACK_AND_UNITS;
    if (units && *units_of(a) > full_units)
        full_units = *units_of(a);
    uintptr_t here = (uintptr_t)__builtin_frame_address(0);
    switch (pyperf_stack_check(here, units, python->recursion_limit())) {
    case PYPERF_STACK_SEGMENT:
        return evaluate_segment(slot, a, b, c);
    case PYPERF_STACK_LOW:
        return evaluate_unhooked(slot, a, b, c);
    case PYPERF_STACK_FINE:
        break;
    }
    return slot(a, b, c, next);
}

static ALWAYS_INLINE void *evaluate_any_slowly(void *a, void *b, void *c, bool shared)
{
    pyperf_slot_fn slot = find_slot(a, b, shared);
    if (python->layout->guard != PYPERF_GUARD_NONE && pyperf_stack_pointer < pyperf_stack_limit)
        return evaluate_guarded(slot, a, b, c);
    return slot(a, b, c, next);
}

static void *evaluate_slowly(void *a, void *b, void *c)
{
    return evaluate_any_slowly(a, b, c, false);
}

static void *evaluate_shared_slowly(void *a, void *b, void *c)
{
    return evaluate_any_slowly(a, b, c, true);
}

/* -- Before another's evaluator ------------------------------------------------------------- */

static pyperf_evaluator_fn chained; /* the other one, in each interpreter that has it */

/* Without our care for deep stacks: with the other one alone they would be as deep. */
static void *evaluate_chained(void *a, void *b, void *c)
{
    bool by_version = python->layout->identity != PYPERF_BY_NAME;
    bool shared = by_version && !pyperf_interp_is_main(python, pyperf_interp_of(a));
    return find_slot(a, b, shared)(a, b, c, chained);
}

/* -- One evaluator for each row ------------------------------------------------------------- */

#define EVALUATOR(row)                                                                             \
    static void *evaluate_##row(void *a, void *b, void *c)                                         \
    {                                                                                              \
        if (layout_##row.free_threaded)                                                            \
            return evaluate_free_threaded(&layout_##row, a, b, c);                                 \
        return evaluate(&layout_##row, a, b, c);                                                   \
    }

#define EVALUATORS(row)                                                                            \
    EVALUATOR(row)                                                                                 \
    static void *evaluate_shared_##row(void *a, void *b, void *c)                                  \
    {                                                                                              \
        return evaluate_shared(&layout_##row, a, b, c);                                            \
    }

EVALUATOR(3_6)
EVALUATOR(3_7)
EVALUATOR(3_8)
EVALUATOR(3_9)
EVALUATOR(3_10)
EVALUATOR(3_11)
EVALUATORS(3_12)
EVALUATORS(3_13)
EVALUATORS(3_13t)
EVALUATORS(3_14)
EVALUATORS(3_14t)
EVALUATORS(3_15)
EVALUATORS(3_15t)

static const struct {
    const struct pyperf_layout *layout;
    pyperf_evaluator_fn main, shared; /* up to 3.11 all interpreters share one GIL and the main's */
} evaluators[] = {
    {&layout_3_6, evaluate_3_6, evaluate_3_6},
    {&layout_3_7, evaluate_3_7, evaluate_3_7},
    {&layout_3_8, evaluate_3_8, evaluate_3_8},
    {&layout_3_9, evaluate_3_9, evaluate_3_9},
    {&layout_3_10, evaluate_3_10, evaluate_3_10},
    {&layout_3_11, evaluate_3_11, evaluate_3_11},
    {&layout_3_12, evaluate_3_12, evaluate_shared_3_12},
    {&layout_3_13, evaluate_3_13, evaluate_shared_3_13},
    {&layout_3_13t, evaluate_3_13t, evaluate_shared_3_13t},
    {&layout_3_14, evaluate_3_14, evaluate_shared_3_14},
    {&layout_3_14t, evaluate_3_14t, evaluate_shared_3_14t},
    {&layout_3_15, evaluate_3_15, evaluate_shared_3_15},
    {&layout_3_15t, evaluate_3_15t, evaluate_shared_3_15t},
};

/* -- Install -------------------------------------------------------------------------------- */

static pyperf_evaluator_fn main_evaluator, shared_evaluator;

void pyperf_evaluator_start(const struct pyperf_python *found)
{
    python = found;
    next = found->default_evaluator;
    for (size_t i = 0; i < sizeof evaluators / sizeof evaluators[0]; i++) {
        if (evaluators[i].layout->minor == found->layout->minor &&
            evaluators[i].layout->free_threaded == found->layout->free_threaded) {
            main_evaluator = evaluators[i].main;
            shared_evaluator = evaluators[i].shared;
        }
    }
}

/* 3.6 to 3.8 have no functions for it: the pointer in the interpreter itself. */
static pyperf_evaluator_fn *evaluator_slot(void *interp)
{
    return (pyperf_evaluator_fn *)((char *)interp + python->layout->eval_frame);
}

static pyperf_evaluator_fn present_evaluator(void *interp)
{
    return python->get_evaluator != NULL ? python->get_evaluator(interp) : *evaluator_slot(interp);
}

static pyperf_evaluator_fn our_evaluator(void *interp)
{
    return pyperf_interp_is_main(python, interp) ? main_evaluator : shared_evaluator;
}

bool pyperf_evaluator_installed(void)
{
    void *interp = pyperf_interp_of(python->current_tstate());
    pyperf_evaluator_fn present = present_evaluator(interp);
    return present == our_evaluator(interp) || present == evaluate_chained;
}

static void set_evaluator(void *interp, pyperf_evaluator_fn evaluator)
{
    if (python->set_evaluator != NULL)
        python->set_evaluator(interp, evaluator);
    else
        *evaluator_slot(interp) = evaluator;
}

static int find_code(struct dl_phdr_info *object, size_t size, void *address)
{
    (void)size;
    for (int i = 0; i < object->dlpi_phnum; i++) {
        const ElfW(Phdr) *segment = &object->dlpi_phdr[i];
        if (segment->p_type == PT_LOAD && (segment->p_flags & PF_X) != 0 &&
            (uintptr_t)address - object->dlpi_addr - segment->p_vaddr < segment->p_memsz)
            return 1;
    }
    return 0;
}

/* Up to 3.8 what was read may be no evaluator, if a build keeps it elsewhere than all we know: it
 * has to be a function of a loaded object. */
static bool is_evaluator(pyperf_evaluator_fn present)
{
    return python->get_evaluator != NULL || dl_iterate_phdr(find_code, (void *)present) != 0;
}

static int chain(void *interp, pyperf_evaluator_fn present, bool starting)
{
    bool other_in_use = chained != NULL && chained != present;
    if (!starting || other_in_use || !is_evaluator(present)) {
        pyperf_log_error("another frame evaluator is installed: it stays, functions get no names");
        return -EBUSY;
    }
    chained = present;
    set_evaluator(interp, evaluate_chained);
    pyperf_log_info("another frame evaluator is installed: it is called through trampolines");
    return 0;
}

int pyperf_evaluator_install(bool starting)
{
    if (pyperf_evaluator_installed())
        return 0;
    void *interp = pyperf_interp_of(python->current_tstate());
    pyperf_evaluator_fn present = present_evaluator(interp);
    if (present != python->default_evaluator)
        return chain(interp, present, starting);
    set_evaluator(interp, our_evaluator(interp));
    return 0;
}

bool pyperf_evaluator_remove(void)
{
    if (!pyperf_evaluator_installed())
        return false;
    void *interp = pyperf_interp_of(python->current_tstate());
    bool was_chained = present_evaluator(interp) == evaluate_chained;
    set_evaluator(interp, was_chained ? chained : python->default_evaluator);
    return true;
}
