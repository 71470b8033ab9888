/* First calls, and calls where stack is short; see slow_path.h. */
#include "slow_path.h"

#include <errno.h>

#include "arch.h"
#include "code.h"
#include "codemap.h"
#include "deep_stack.h"
#include "evaluator.h"
#include "slot.h"
#include "stack.h"
#include "symbol.h"
#include "units.h"

static const struct pyperf_python *python;

void pyperf_slow_path_start(const struct pyperf_python *found)
{
    python = found;
}

/* What slots call while lines of the map wait to be written: so the file is complete soon after a
 * burst of new functions, without a thread or a timer of ours. */
static void *evaluate_and_settle(void *a, void *b, void *c)
{
    if (pyperf_slots_settle())
        pyperf_evaluator_set_next(python->default_evaluator);
    return python->default_evaluator(a, b, c);
}

pyperf_slot_fn pyperf_slow_path_slot(void *a, void *b, bool shared)
{
    int saved_errno = errno;
    const struct pyperf_layout *layout = python->layout;
    uintptr_t code = pyperf_code_of(layout, a, b);
    struct pyperf_code_key key = {.identity = shared ? PYPERF_BY_VERSION : layout->identity,
                                  .shared = shared,
                                  .spread = pyperf_spreads(layout),
                                  .code = code};
    if (key.identity != PYPERF_BY_ADDRESS)
        key.version = pyperf_version_of(layout, code);
    if (shared)
        key.version = pyperf_codemap_shared_key(python, key.version, a);
    pyperf_slot_fn slot = pyperf_codemap_find(&key);
    if (slot == NULL) {
        pyperf_code_prefetch(python, (PyObject *)code);
        if (layout->guard == PYPERF_GUARD_STACK_AND_UNITS)
            pyperf_units_learn(python, a);
        slot = pyperf_symbol_slot(python, (PyObject *)code);
        pyperf_codemap_insert(&key, slot);
        if (pyperf_slots_waiting())
            pyperf_evaluator_set_next(evaluate_and_settle);
    }
    errno = saved_errno;
    return slot;
}

/* Inlined, so that the usual functions of ours on the stack are always the same. */
static inline __attribute__((always_inline)) void *evaluate(void *a, void *b, void *c, bool shared)
{
    pyperf_slot_fn slot = pyperf_slow_path_slot(a, b, shared);
    if (python->layout->guard != PYPERF_GUARD_NONE && pyperf_stack_pointer < pyperf_stack_limit)
        return pyperf_deep_stack_evaluate(slot, a, b, c, shared, (uintptr_t)__builtin_dwarf_cfa());
    return slot(a, b, c, python->default_evaluator);
}

void *pyperf_slow_path_evaluate(void *a, void *b, void *c)
{
    return evaluate(a, b, c, false);
}

void *pyperf_slow_path_evaluate_shared(void *a, void *b, void *c)
{
    return evaluate(a, b, c, true);
}
