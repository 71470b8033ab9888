/*
 * Which slot a code object has: a cache of fixed size in front of slot.c.
 *
 * We have to notice when a code object dies and another one takes its address.  CPython's own means
 * (co_extra, code watchers) change what the program and other tools see, so we use neither.
 * Instead each entry says which code object it belongs to:
 *
 * - by version (3.12+): co_version numbers the code objects of one interpreter and is never given
 *   twice, so it alone is the key.  0 means that the numbers ran out: such code is not cached.
 *   Numbers are dense, so the low bits are a perfect hash.
 *   Without a GIL other threads write while we read, so version and slot are one word: AT_ONCE.
 * - by name (up to 3.11): the code object's address, its name, and a bytes object of its own: the
 *   bytecode, or on 3.11 the line table.  The entry owns a reference to each of the latter two, so
 *   no other object can take their addresses meanwhile.  Two code objects have the same bytes if
 *   they were compiled together and their bytes are equal (3.10+), and then they live together, or
 *   if code.replace() made one of them.  Of such, only one with the same name that takes the place
 *   of another that is dead passes for it.
 *
 * Entries are replaced, never removed; a replaced one costs a look-up by name.  The main
 * interpreter has one table.  Subinterpreters of 3.12+ have version numbers and a GIL of their own;
 * they share a second table, whose keys contain the interpreter's number (also never given twice).
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

enum { PYPERF_CODEMAP_VERSIONS = 65536, PYPERF_CODEMAP_NAMES = 32768, PYPERF_CODEMAP_WAYS = 4 };

/* No code object has this key. */
#define PYPERF_CODEMAP_EMPTY UINT64_MAX

struct pyperf_version_entry {
    uint64_t key; /* co_version; in the shared table also the interpreter, shifted by 32 */
    pyperf_slot_fn slot;
};

struct pyperf_name_entry {
    uintptr_t code;
    PyObject *name; /* co_name or, on 3.11, co_qualname */
    PyObject *own;  /* co_code or, on 3.11, co_linetable */
    pyperf_slot_fn slot;
};

enum { PYPERF_CODEMAP_AT_ONCE_WAYS = 2 };

/* 1 MiB; a process touches only the pages that it uses. */
extern union pyperf_codemap {
    struct pyperf_version_entry by_version[PYPERF_CODEMAP_VERSIONS];
    uint64_t at_once[PYPERF_CODEMAP_AT_ONCE_WAYS][PYPERF_CODEMAP_VERSIONS];
    struct pyperf_name_entry by_name[PYPERF_CODEMAP_NAMES];
} pyperf_codemap;

/* The entry where the evaluator looks first.  Code objects are aligned to 16 bytes.  Up to 3.10
 * they have one size and lie at regular distances, so their low bits would hit few places
 * (`spread`): multiply (Knuth 6.4) and take the high bits. */
static inline struct pyperf_name_entry *pyperf_codemap_by_name(uintptr_t code, bool spread)
{
    uint32_t hash = (uint32_t)code * 0x9e3779b1U; /* 2^32 / golden ratio */
    uintptr_t index = spread ? hash / (UINT32_MAX / PYPERF_CODEMAP_NAMES + 1) : code >> 4;
    return &PYPERF_ARCH_ADDRESS(pyperf_codemap)->by_name[index & (PYPERF_CODEMAP_NAMES - 1)];
}

static inline struct pyperf_version_entry *pyperf_codemap_by_version(uint32_t version)
{
    return &PYPERF_ARCH_ADDRESS(pyperf_codemap)
                ->by_version[version & (PYPERF_CODEMAP_VERSIONS - 1)];
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
    enum { PLACES = PYPERF_CODEMAP_VERSIONS };
    const uint64_t *place = &pyperf_codemap.at_once[way][version & (PLACES - 1)];
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
    PyObject *name, *own;
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

/* Remembers a slot.  By name: takes references, drops those of the entry it replaces. */
void pyperf_codemap_insert(const struct pyperf_python *python, const struct pyperf_code_key *key,
                           pyperf_slot_fn slot);

/* Forgets everything, because a new main interpreter starts to count anew.  No other thread may
 * run Python.  References are not dropped: their owner is gone. */
void pyperf_codemap_reset(void);

/* Call them around fork(): before it in the parent, after it in both.  A child must not inherit a
 * lock held by a thread that it does not have. */
void pyperf_codemap_before_fork(void);
void pyperf_codemap_after_fork(void);

#endif
