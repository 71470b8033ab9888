/*
 * The hot path of libpyperf.
 *
 *     interpreter ── evaluator(tstate, frame, throw)
 *                       │ code object of the frame -> slot, from the cache (codemap.h)
 *                       │ stack pointer below this thread's limit? (stack.h)
 *                       └─ jump: slot(tstate, frame, throw, default evaluator)
 *                                   └─ call: default evaluator
 *
 * A hit takes no lock, allocates nothing, does no I/O, and leaves only the slot's frame record on
 * the stack.  Everything else is in slow_path.c.
 *
 * Each row of interp_rows.h has its own evaluators, with the row's numbers as constants.
 */
#include "evaluator.h"

#include "arch.h"
#include "codemap.h"
#include "interp_layouts.h"
#include "slow_path.h"
#include "stack.h"

#define ALWAYS_INLINE inline __attribute__((always_inline))

static const struct pyperf_python *python;
static pyperf_evaluator_fn next; /* what slots call */

/* The cache's field that holds the slot, NULL on a miss. */
static ALWAYS_INLINE const pyperf_slot_fn *cached_slot(const struct pyperf_layout *layout,
                                                       uintptr_t code)
{
    bool by_version = layout->identity == PYPERF_BY_VERSION;
    uint64_t key = by_version ? pyperf_version_of(layout, code) : code;
    const struct pyperf_codemap_entry *entry =
        PYPERF_ARCH_EARLY(by_version ? pyperf_codemap_by_version((uint32_t)key)
                                     : pyperf_codemap_by_address(code, pyperf_spreads(layout)));
    return __builtin_expect(entry->key != key, 0) ? NULL : &entry->slot;
}

static ALWAYS_INLINE void *evaluate(const struct pyperf_layout *layout, void *a, void *b, void *c)
{
    const pyperf_slot_fn *slot = cached_slot(layout, pyperf_code_of(layout, a, b));
    if (slot == NULL)
        return pyperf_slow_path_evaluate(a, b, c);
    if (layout->guard != PYPERF_GUARD_NONE) {
        uintptr_t limit = PYPERF_ARCH_OWN(pyperf_stack_limit);
        uintptr_t left; /* by subtraction, which compilers do with the stack pointer in its place */
        if (__builtin_expect(__builtin_usubl_overflow(pyperf_stack_pointer, limit, &left), 0))
            return pyperf_slow_path_evaluate(a, b, c);
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
    if (!pyperf_codemap_at_once(0, pyperf_version_of(layout, pyperf_code_of(layout, a, b)),
                                &slot) ||
        __builtin_expect(pyperf_stack_pointer < pyperf_stack_limit, 0))
        return pyperf_slow_path_evaluate(a, b, c);
    return slot(a, b, c, __atomic_load_n(&next, __ATOMIC_RELAXED));
}

/* In a subinterpreter of 3.12+, which counts its code objects from 1 again. */
static ALWAYS_INLINE void *evaluate_shared(const struct pyperf_layout *layout, void *a, void *b,
                                           void *c)
{
    uintptr_t code = pyperf_code_of(layout, a, b);
    struct pyperf_code_key key = {
        .identity = PYPERF_BY_VERSION,
        .shared = true,
        .version = pyperf_codemap_shared_key(python, pyperf_version_of(layout, code), a)};
    pyperf_slot_fn slot = pyperf_codemap_find(&key);
    if (slot == NULL || pyperf_stack_pointer < pyperf_stack_limit)
        return pyperf_slow_path_evaluate_shared(a, b, c);
    return slot(a, b, c, __atomic_load_n(&next, __ATOMIC_RELAXED));
}

/* -- One evaluator for each row ------------------------------------------------------------- */

/* Up to 3.11 all interpreters share one GIL, and the main one's table. */
#define ROW(id, name, minor, ...)                                                                  \
    static void *evaluate_##id(void *a, void *b, void *c)                                          \
    {                                                                                              \
        if (layout_##id.free_threaded)                                                             \
            return evaluate_free_threaded(&layout_##id, a, b, c);                                  \
        return evaluate(&layout_##id, a, b, c);                                                    \
    }                                                                                              \
    static void *evaluate_shared_##id(void *a, void *b, void *c)                                   \
    {                                                                                              \
        if (layout_##id.identity == PYPERF_BY_ADDRESS)                                             \
            return evaluate(&layout_##id, a, b, c);                                                \
        return evaluate_shared(&layout_##id, a, b, c);                                             \
    }
#include "interp_rows.h"

static const struct {
    const struct pyperf_layout *layout;
    struct pyperf_evaluators evaluators;
} rows[] = {
#define ROW(id, name, minor, ...) {&layout_##id, {evaluate_##id, evaluate_shared_##id}},
#include "interp_rows.h"
};

void pyperf_evaluator_set_next(pyperf_evaluator_fn evaluator)
{
    __atomic_store_n(&next, evaluator, __ATOMIC_RELAXED);
}

struct pyperf_evaluators pyperf_evaluator_start(const struct pyperf_python *found)
{
    python = found;
    next = found->default_evaluator;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        if (rows[i].layout->minor == found->layout->minor &&
            rows[i].layout->free_threaded == found->layout->free_threaded)
            return rows[i].evaluators;
    return (struct pyperf_evaluators){NULL, NULL}; /* not reached: every row has its own */
}
