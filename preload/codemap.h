/*
 * Which slot a code object has: a cache of fixed size in front of slot.c.
 *
 * We have to notice when a code object dies and another one takes its address.  CPython's own means
 * (co_extra, code watchers) change what the program and other tools see, so we use neither.
 * Instead each entry says which code object it belongs to, and holds no reference to anything:
 *
 * - by version (3.12+): co_version numbers the code objects of one interpreter and is never given
 *   twice, so it alone is the key.  0 means that the numbers ran out: such code is not cached.
 *   Numbers are dense, so the low bits are a perfect hash.
 *   Without a GIL other threads write while we read, so version and slot are one word: AT_ONCE.
 * - by address (up to 3.11): the entry is removed when the code object dies (dealloc.h).
 *
 * A replaced entry costs a look-up by name.  The main interpreter has one table.  Subinterpreters
 * of 3.12+ have version numbers and a GIL of their own; they share a second table, whose keys
 * contain the interpreter's number (also never given twice).
 *
 * Readers take no lock.  A writer holds the GIL of the table's interpreters, or, where there is
 * more than one or none (free-threaded), codemap.c's lock.
 */
#ifndef PYPERF_CODEMAP_H
#define PYPERF_CODEMAP_H

#include <stdint.h>

#include "arch.h"
#include "interp.h"
#include "trampoline.h"

enum { PYPERF_CODEMAP_PLACES = 65536 };

/* No code object has this key. */
#define PYPERF_CODEMAP_EMPTY UINT64_MAX

struct pyperf_codemap_entry {
    /* The code object's address; or co_version, in the shared table with the interpreter's number,
     * shifted by 32. */
    uint64_t key;
    pyperf_slot_fn slot;
};

enum { PYPERF_CODEMAP_AT_ONCE_WAYS = 2 };

/* 1 MiB; a process touches only the pages that it uses. */
extern union pyperf_codemap {
    struct pyperf_codemap_entry entries[PYPERF_CODEMAP_PLACES];
    uint64_t at_once[PYPERF_CODEMAP_AT_ONCE_WAYS][PYPERF_CODEMAP_PLACES];
} pyperf_codemap;

/* The entry where the evaluator looks first.  Code objects are aligned to 16 bytes.  Up to 3.10
 * they have one size and lie at regular distances, so their low bits would hit few places
 * (`spread`): multiply (Knuth 6.4) and take the high bits. */
static inline struct pyperf_codemap_entry *pyperf_codemap_by_address(uintptr_t code, bool spread)
{
    uint32_t hash = (uint32_t)code * 0x9e3779b1U; /* 2^32 / golden ratio */
    uintptr_t index = spread ? hash / (UINT32_MAX / PYPERF_CODEMAP_PLACES + 1) : code >> 4;
    return &PYPERF_ARCH_ADDRESS(pyperf_codemap)->entries[index & (PYPERF_CODEMAP_PLACES - 1)];
}

static inline struct pyperf_codemap_entry *pyperf_codemap_by_version(uint32_t version)
{
    return &PYPERF_ARCH_ADDRESS(pyperf_codemap)->entries[version & (PYPERF_CODEMAP_PLACES - 1)];
}

/*
 * AT_ONCE: slot + (version << 32).  A slot's address has 47 bits, or has once its lowest bits,
 * which are 0, are shifted out.  The place tells the low 16 bits of the version; so if the word
 * holds any other version, the subtraction leaves a bit above those 47.  So it does in an empty
 * place, 0, for all but the very last versions (codemap.c).
 */
enum { PYPERF_CODEMAP_SHIFT = PYPERF_ARCH_ADDRESS_BITS - 47 };

static inline bool pyperf_codemap_at_once(unsigned way, uint32_t version, pyperf_slot_fn *slot)
{
    const uint64_t *place = &pyperf_codemap.at_once[way][version & (PYPERF_CODEMAP_PLACES - 1)];
    uint64_t word = __atomic_load_n(place, __ATOMIC_ACQUIRE) - ((uint64_t)version << 32);
    *slot = (pyperf_slot_fn)(word << PYPERF_CODEMAP_SHIFT);
    return word >> 47 == 0;
}

/* What identifies a code object in the cache. */
struct pyperf_code_key {
    enum pyperf_identity identity;
    bool shared; /* 3.12+: of a subinterpreter */
    bool spread; /* up to 3.10 */
    uintptr_t code;
    uint64_t version;
};

/* A code object's key in the table that all subinterpreters of 3.12+ share. */
static inline uint64_t pyperf_codemap_shared_key(const struct pyperf_python *python,
                                                 uint64_t version, void *tstate)
{
    if (version == 0)
        return 0;
    return version | (uint64_t)python->interp_id(pyperf_interp_of(tstate)) << 32;
}

/* The cached slot, or NULL.  Lock-free. */
pyperf_slot_fn pyperf_codemap_find(const struct pyperf_code_key *key);

/* Remembers a slot. */
void pyperf_codemap_insert(const struct pyperf_code_key *key, pyperf_slot_fn slot);

/* Forgets a code object that is known by its address. */
void pyperf_codemap_forget(const struct pyperf_code_key *key);

/* Forgets everything, because a new main interpreter starts to count anew.  No other thread may
 * run Python. */
void pyperf_codemap_reset(void);

/* Call them around fork(): before it in the parent, after it in both.  A child must not inherit a
 * lock held by a thread that it does not have. */
void pyperf_codemap_before_fork(void);
void pyperf_codemap_after_fork(void);

#endif
