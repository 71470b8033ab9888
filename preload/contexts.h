/*
 * Contexts (pyperf.h): what leads from a deep stack, of which a sample holds the near end, to its
 * root.
 *
 * A context's chain goes only as far as the frame in which the last one of its thread was taken.
 * That one stands for the rest, if its own frame is still on the stack: then all that it tells of
 * is suspended, and the same.
 */
#ifndef PYPERF_CONTEXTS_H
#define PYPERF_CONTEXTS_H

#include "interp.h"

/* Once, before any evaluator is called; `found` must live on.  There are contexts if there is a
 * code table (`lines`) and the row tells where frames are. */
void pyperf_contexts_start(const struct pyperf_python *found, bool lines);

/* A new main interpreter counts its code objects anew.  No other thread may run Python. */
void pyperf_contexts_reset(void);

/* Runs a frame in its slot, and leaves a context on the stack where one is due.  `shared` as for
 * pyperf_slow_path_slot().  `entry`: the stack pointer of whoever called the evaluator, at the
 * call, if only the usual functions of ours are on the stack, for pyperf_units_detour(); else 0.
 * errno is kept. */
void *pyperf_contexts_evaluate(pyperf_slot_fn slot, void *a, void *b, void *c, bool shared,
                               uintptr_t entry);

#endif
