/* Lends units, and gives the interpreter its own evaluator back; see deep_stack.h. */
#include "deep_stack.h"

#include <errno.h>

#include "contexts.h"
#include "specialize.h"
#include "stack.h"
#include "units.h"

static const struct pyperf_python *python;
static struct pyperf_evaluators evaluators;

void pyperf_deep_stack_start(const struct pyperf_python *found, struct pyperf_evaluators ours)
{
    python = found;
    evaluators = ours;
}

/* -- Units ---------------------------------------------------------------------------------- */

static __thread int full_units __attribute__((tls_model("initial-exec"))); /* near the top */

static int *units_of(void *tstate)
{
    return (int *)((char *)tstate + python->layout->c_recursion_remaining);
}

/* Calls on this thread's stack above this address have been counted. */
static __thread uintptr_t reckoned __attribute__((tls_model("initial-exec"))) = UINTPTR_MAX;

/* Where those begin that have not.  A greenlet's stack may end above where another's was counted;
 * then the last segment is counted. */
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

struct loan {
    int units;
    uintptr_t reckoned; /* before it */
};

static struct loan lend(void *tstate, uintptr_t here)
{
    struct loan loan = {.reckoned = reckoned};
    if (python->layout->guard != PYPERF_GUARD_STACK_AND_UNITS)
        return loan;
    loan.units = units_to_lend(tstate, here);
    *units_of(tstate) += loan.units;
    reckoned = here;
    return loan;
}

static void give_back(void *tstate, struct loan loan)
{
    if (python->layout->guard != PYPERF_GUARD_STACK_AND_UNITS)
        return;
    reckoned = loan.reckoned;
    *units_of(tstate) -= loan.units;
}

static void *evaluate_segment(pyperf_slot_fn slot, void *a, void *b, void *c, bool shared)
{
    uintptr_t here = (uintptr_t)__builtin_frame_address(0);
    struct loan loan = lend(a, here);
    void *result = pyperf_contexts_evaluate(slot, a, b, c, shared, 0);
    give_back(a, loan);
    pyperf_stack_leave_segment(here);
    return result;
}

/* -- Without the evaluator ------------------------------------------------------------------ */

/* The interpreter whose evaluator this thread has removed, and is to restore. */
static __thread void *unhooked __attribute__((tls_model("initial-exec")));

bool pyperf_deep_stack_unhooked(void *interp)
{
    return unhooked == interp;
}

static void *evaluate_unhooked(pyperf_slot_fn slot, void *a, void *b, void *c, bool shared)
{
    void *interp = pyperf_interp_of(a);
    pyperf_evaluator_fn ours = pyperf_evaluator_for(python, evaluators, interp);
    /* The interpreter's own: another thread is deep, too, and will put ours back.  Another tool's,
     * which calls ours: it stays, and calls cost C stack as they would without us. */
    if (python->get_evaluator(interp) != ours)
        return pyperf_contexts_evaluate(slot, a, b, c, shared, 0);
    python->set_evaluator(interp, python->default_evaluator);
    pyperf_specialize_recursion(python, a, (PyObject *)pyperf_code_of(python->layout, a, b));
    void *before = unhooked;
    unhooked = interp;
    struct loan loan = lend(a, (uintptr_t)__builtin_frame_address(0));
    void *result = pyperf_contexts_evaluate(slot, a, b, c, shared, 0);
    give_back(a, loan);
    unhooked = before;
    /* Unless another tool's evaluator came meanwhile. */
    if (python->get_evaluator(interp) == python->default_evaluator)
        python->set_evaluator(interp, ours);
    return result;
}

/* sys._jit.is_enabled(), 3.14+.  Known only once the interpreter is up. */
static bool jit_is_on(void)
{
    PyObject *type, *value, *traceback;
    python->error_fetch(&type, &value, &traceback);
    PyObject *jit = python->sys_object("_jit");
    PyObject *ask = jit != NULL ? python->attribute(jit, "is_enabled") : NULL;
    PyObject *answer = NULL;
    /* Not a Python function, which we would have to evaluate. */
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

/* -- Either --------------------------------------------------------------------------------- */

void *pyperf_deep_stack_evaluate(pyperf_slot_fn slot, void *a, void *b, void *c, bool shared,
                                 uintptr_t entry)
{
    uintptr_t here = (uintptr_t)__builtin_frame_address(0);
    if (!pyperf_stack_is_unchecked(here))
        return pyperf_contexts_evaluate(slot, a, b, c, shared, entry);
    int saved_errno = errno;
    if (python->layout->jit_stack != 0 && pyperf_stack_is_new() && jit_is_on())
        pyperf_stack_reserve(python->layout->jit_stack);
    bool units = python->layout->guard == PYPERF_GUARD_STACK_AND_UNITS;
    if (units && *units_of(a) > full_units)
        full_units = *units_of(a);
    enum pyperf_stack_state state = pyperf_stack_check(here, units, python->recursion_limit());
    errno = saved_errno;
    switch (state) {
    case PYPERF_STACK_SEGMENT:
        return evaluate_segment(slot, a, b, c, shared);
    case PYPERF_STACK_LOW:
        return evaluate_unhooked(slot, a, b, c, shared);
    case PYPERF_STACK_FINE:
        break;
    }
    return pyperf_contexts_evaluate(slot, a, b, c, shared, entry);
}
