/*
 * From a function's name to its slot.
 *
 * Owns the images and the map.  Functions of the same name share a slot, so a program that makes
 * the same functions over and over uses no more slots; past a limit all new names share
 * `py::<other>`.  Those that share bytecode, too, do not (3.10; pyperf.h).  Slots are never taken
 * back, because they may be on a stack.
 */
#ifndef PYPERF_SLOT_H
#define PYPERF_SLOT_H

#include <stdbool.h>
#include <stddef.h>

#include "code.h"
#include "config.h"
#include "name.h"
#include "pyperf.h"
#include "trampoline.h"

/* Makes the first image.  `lines`: the usual size of a code object's line table, in bytes, or 0 if
 * there is no code table.  0, or -errno after one log line that names the remedy. */
int pyperf_slots_start(const struct pyperf_config *settings, unsigned lines);

/* The slot with that name; the next free one if there is none.  Never NULL: when all else fails it
 * is the trampoline itself, without a name.  `code`, unless it is NULL, goes to the code table with
 * it; `file` and `now` of it are filled in.  Any thread; takes the slot lock, holds it across the
 * writes to image and map, calls nothing of Python. */
pyperf_slot_fn pyperf_slot_for(const struct pyperf_symbol *symbol, struct pyperf_code *code);

/* What a context is (pyperf.h); its row but for the head. */
struct pyperf_context_row {
    uint64_t parent;
    struct pyperf_context_frame frames[PYPERF_CONTEXT_FRAMES]; /* `count` of them */
};

/* The id of the context with these frames, which is in the code table from now on; 0: there is no
 * table, or no room in it.  Any thread; takes the slot lock. */
uint64_t pyperf_slots_context(const struct pyperf_context_row *context, unsigned count);

/* Whether lines of the map wait to be written.  Any thread, no lock. */
bool pyperf_slots_waiting(void);

/* Writes lines that have waited long enough.  Returns whether none waits any more.  Any thread;
 * reads a clock, takes the lock only to write, keeps errno. */
bool pyperf_slots_settle(void);

/* The process is about to enter a sandbox: what waits is written, a last image is made, and from
 * then on nothing is asked of the kernel.  The map ends here, functions beyond that image have no
 * name, and the files stay until another process finds them (leftovers.h). */
void pyperf_slots_sandbox(void);

/* The process ends: its files go, or get their final form for a profiler (PYPERF_KEEP).  Slots may
 * still be asked for.  `quick_with_threads`: while other threads live, do not look through /proc
 * for a profiler; the files are then left to the next process (leftovers.h). */
void pyperf_slots_finish(bool quick_with_threads);

/* For pthread_atfork(). */
void pyperf_slots_before_fork(void);
void pyperf_slots_after_fork_in_parent(void);
void pyperf_slots_after_fork_in_child(void);

#endif
