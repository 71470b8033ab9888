/*
 * The trampoline (trampoline_*.S) and its slots.
 *
 * The trampoline is the code: it calls the interpreter's evaluator and stays on the stack
 * meanwhile.  A slot is a place for one copy of it, at an address of its own.  An image (image.h)
 * has many slots; each function gets one of them, and the slot's address tells perf the function's
 * name.
 */
#ifndef PYPERF_TRAMPOLINE_H
#define PYPERF_TRAMPOLINE_H

#include <stdint.h>

#include "exported.h"

/*
 * CPython's frame evaluator takes (tstate, frame, throwflag) since 3.9 and (frame, throwflag)
 * before.  Nothing between the interpreter and `next` looks at the arguments by type, so they are
 * passed on as three register-sized words; on 3.6 to 3.8 the third is whatever the register held.
 */
typedef void *(*pyperf_evaluator_fn)(void *a, void *b, void *c);

/* A slot, called: calls next(a, b, c) with a frame record of its own on the stack. */
typedef void *(*pyperf_slot_fn)(void *a, void *b, void *c, pyperf_evaluator_fn next);

/* PYPERF_ARCH_SLOT_SIZE bytes of position-independent code; can itself be called as a slot. */
extern const unsigned char pyperf_trampoline[];

/* Calls slot(a, b, c, next) with `id` on the stack: pyperf.h, "Contexts". */
void *pyperf_context(void *a, void *b, void *c, pyperf_evaluator_fn next, pyperf_slot_fn slot,
                     uint64_t id) EXPORTED;

#endif
