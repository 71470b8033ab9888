/* Sets and removes our evaluator, beside others; see hook.h. */
#include "hook.h"

#include <errno.h>
#include <link.h>

#include "deep_stack.h"
#include "evaluator.h"
#include "log.h"
#include "slot.h"
#include "slow_path.h"

static const struct pyperf_python *python;
static struct pyperf_evaluators evaluators;

void pyperf_hook_start(const struct pyperf_python *found)
{
    python = found;
    evaluators = pyperf_evaluator_start(found);
    pyperf_slow_path_start(found);
    pyperf_deep_stack_start(found, evaluators);
}

/* -- Before another's evaluator ------------------------------------------------------------- */

static pyperf_evaluator_fn chained; /* the other one, in each interpreter that has it */

/* Takes no care of deep stacks: with the other evaluator alone they would be as deep. */
static void *evaluate_chained(void *a, void *b, void *c)
{
    bool by_version = python->layout->identity != PYPERF_BY_ADDRESS;
    bool shared = by_version && !pyperf_interp_is_main(python, pyperf_interp_of(a));
    pyperf_slot_fn slot = pyperf_slow_path_slot(a, b, shared);
    pyperf_slots_settle(); /* these slots call `chained`, and no one else would */
    return slot(a, b, c, chained);
}

/* -- Install -------------------------------------------------------------------------------- */

/* 3.6 to 3.8 have no functions for it: read and write the pointer in the interpreter itself. */
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
    return pyperf_evaluator_for(python, evaluators, interp);
}

bool pyperf_hook_is_ours(void)
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

/* Up to 3.8 a build that we do not know may keep something else there.  An evaluator is a function
 * of a loaded object. */
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

int pyperf_hook_install(bool starting)
{
    if (pyperf_hook_is_ours())
        return 0;
    void *interp = pyperf_interp_of(python->current_tstate());
    pyperf_evaluator_fn present = present_evaluator(interp);
    if (present != python->default_evaluator)
        return chain(interp, present, starting);
    set_evaluator(interp, our_evaluator(interp));
    return 0;
}

bool pyperf_hook_remove(void)
{
    void *interp = pyperf_interp_of(python->current_tstate());
    pyperf_evaluator_fn present = present_evaluator(interp);
    if (present == python->default_evaluator)
        return pyperf_deep_stack_unhooked(interp);
    if (!pyperf_hook_is_ours())
        return false;
    bool was_chained = present == evaluate_chained;
    set_evaluator(interp, was_chained ? chained : python->default_evaluator);
    return true;
}
