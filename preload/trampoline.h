/* The trampoline that the slots of an image are copies of; written in trampoline_*.S. */
#ifndef PYPERF_TRAMPOLINE_H
#define PYPERF_TRAMPOLINE_H

/*
 * CPython's frame evaluator takes (tstate, frame, throwflag) since 3.9 and (frame, throwflag)
 * before.  Nothing between the interpreter and `next` looks at the arguments by type, so they are
 * passed on as three register-sized words: on 3.6 to 3.8 the third is whatever the register held.
 */
typedef void *(*pyperf_evaluator_fn)(void *a, void *b, void *c);

/* A slot: calls next(a, b, c) with a frame record of its own on the stack. */
typedef void *(*pyperf_slot_fn)(void *a, void *b, void *c, pyperf_evaluator_fn next);

/* PYPERF_ARCH_SLOT_SIZE bytes of position independent code; callable where it stands. */
extern const unsigned char pyperf_slot_template[];

#endif
