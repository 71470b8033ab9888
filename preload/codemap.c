/* The cache from code objects to slots; see codemap.h. */
#include "codemap.h"

#include <pthread.h>
#include <string.h>
#include <sys/mman.h>

#include "arch.h"

/* Common, so last in the library, which ends where it ends: at a boundary to which libdw would
 * otherwise round the library's end up, into what is mapped next (image.c, reserve_space). */
union pyperf_codemap pyperf_codemap __attribute__((common, aligned(PYPERF_ARCH_PAGE_MAX)));

/* Subinterpreters share a smaller table, made when the first one calls. */
enum { SHARED_SIZE = 16384 };

/* An entry by version is where the evaluator looks first, or next to it. */
enum { VERSION_WAYS = 2 };

/* The sequence of a seqlock: odd while entries by version are changed.  If it changes, a reader has
 * read nothing: meanwhile an entry may have been another's, and its own again. */
static unsigned sequence;
static struct pyperf_codemap_entry *shared_table;

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

/* -- By version ----------------------------------------------------------------------------- */

/* The ways of a set are its neighbours within one or two cache lines. */
static struct pyperf_codemap_entry *version_set(const struct pyperf_code_key *key)
{
    if (!key->shared)
        return pyperf_codemap_by_version((uint32_t)key->version);
    struct pyperf_codemap_entry *table = __atomic_load_n(&shared_table, __ATOMIC_ACQUIRE);
    /* All interpreters count from 1: spread them. */
    uint64_t hash = key->version + (key->version >> 32) * 0x9e3779b1; /* 2^32 / golden ratio */
    return table == NULL ? NULL : &table[hash & (SHARED_SIZE - 1)];
}

static pyperf_slot_fn find_by_version(const struct pyperf_code_key *key)
{
    unsigned before = __atomic_load_n(&sequence, __ATOMIC_ACQUIRE);
    struct pyperf_codemap_entry *first = version_set(key);
    if (first == NULL || before % 2 != 0)
        return NULL;
    for (uintptr_t way = 0; way < VERSION_WAYS; way++) {
        struct pyperf_codemap_entry *entry =
            (struct pyperf_codemap_entry *)((uintptr_t)first ^ way * sizeof *entry);
        if (__atomic_load_n(&entry->key, __ATOMIC_ACQUIRE) != key->version)
            continue;
        pyperf_slot_fn slot = __atomic_load_n(&entry->slot, __ATOMIC_ACQUIRE);
        return __atomic_load_n(&sequence, __ATOMIC_RELAXED) == before ? slot : NULL;
    }
    return NULL;
}

static void insert_by_version(const struct pyperf_code_key *key, pyperf_slot_fn slot)
{
    pthread_mutex_lock(&lock);
    if (key->shared && shared_table == NULL) {
        void *table = mmap(NULL, SHARED_SIZE * sizeof *shared_table, PROT_READ | PROT_WRITE,
                           MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        if (table != MAP_FAILED)
            __atomic_store_n(&shared_table, (struct pyperf_codemap_entry *)table, __ATOMIC_RELEASE);
    }
    struct pyperf_codemap_entry *first = version_set(key);
    __atomic_add_fetch(&sequence, 1, __ATOMIC_SEQ_CST);
    if (first != NULL) {
        /* Where the evaluator looks first, and what was there one way on. */
        struct pyperf_codemap_entry *second =
            (struct pyperf_codemap_entry *)((uintptr_t)first ^ sizeof *first);
        if (first->slot != NULL && first->key != key->version) {
            __atomic_store_n(&second->key, PYPERF_CODEMAP_EMPTY, __ATOMIC_RELEASE);
            __atomic_store_n(&second->slot, first->slot, __ATOMIC_RELEASE);
            __atomic_store_n(&second->key, first->key, __ATOMIC_RELEASE);
        }
        __atomic_store_n(&first->key, PYPERF_CODEMAP_EMPTY, __ATOMIC_RELEASE);
        __atomic_store_n(&first->slot, slot, __ATOMIC_RELEASE);
        __atomic_store_n(&first->key, key->version, __ATOMIC_RELEASE);
    }
    __atomic_add_fetch(&sequence, 1, __ATOMIC_SEQ_CST);
    pthread_mutex_unlock(&lock);
}

/* -- By version, in one word ---------------------------------------------------------------- */

static bool filled;

/* An empty place, 0, would pass for a slot of the last 32,768 versions: give each place a word of
 * which the subtraction of any of its versions leaves bit 47. */
static void fill_empty_places(void)
{
    for (unsigned way = 0; way < PYPERF_CODEMAP_AT_ONCE_WAYS; way++)
        for (uint64_t i = 0; i < PYPERF_CODEMAP_PLACES; i++)
            if (pyperf_codemap.at_once[way][i] == 0)
                __atomic_store_n(&pyperf_codemap.at_once[way][i], (i + 0x8000) << 32,
                                 __ATOMIC_RELEASE);
    filled = true;
}

static pyperf_slot_fn find_at_once(uint32_t version)
{
    pyperf_slot_fn slot;
    for (unsigned way = 0; way < PYPERF_CODEMAP_AT_ONCE_WAYS; way++)
        if (pyperf_codemap_at_once(way, version, &slot))
            return slot;
    return NULL;
}

/* Where the evaluator looks first; what was there goes to the second table. */
static void insert_at_once(uint32_t version, pyperf_slot_fn slot)
{
    const uint32_t near_the_last = 0xff000000;
    pthread_mutex_lock(&lock);
    if (version >= near_the_last && !filled)
        fill_empty_places();
    size_t place = version & (PYPERF_CODEMAP_PLACES - 1);
    uint64_t old = pyperf_codemap.at_once[0][place];
    uint64_t word = ((uintptr_t)slot >> PYPERF_CODEMAP_SHIFT) + ((uint64_t)version << 32);
    if (old != word)
        __atomic_store_n(&pyperf_codemap.at_once[1][place], old, __ATOMIC_RELEASE);
    __atomic_store_n(&pyperf_codemap.at_once[0][place], word, __ATOMIC_RELEASE);
    pthread_mutex_unlock(&lock);
}

/* -- By address ----------------------------------------------------------------------------- */

/* The ways of a set are the entries of one cache line. */
enum { ADDRESS_WAYS = 4 };

static struct pyperf_codemap_entry *address_way(const struct pyperf_code_key *key, uintptr_t way)
{
    struct pyperf_codemap_entry *first = pyperf_codemap_by_address(key->code, key->spread);
    return (struct pyperf_codemap_entry *)((uintptr_t)first ^ way * sizeof *first);
}

static pyperf_slot_fn find_by_address(const struct pyperf_code_key *key)
{
    for (uintptr_t way = 0; way < ADDRESS_WAYS; way++)
        if (address_way(key, way)->key == key->code)
            return address_way(key, way)->slot;
    return NULL;
}

static void insert_by_address(const struct pyperf_code_key *key, pyperf_slot_fn slot)
{
    struct pyperf_codemap_entry *first = address_way(key, 0);
    if (first->key != 0 && first->key != key->code) {
        /* Another code object keeps its entry, some ways on. */
        static uintptr_t turn;
        turn = turn % (ADDRESS_WAYS - 1) + 1;
        struct pyperf_codemap_entry *victim = address_way(key, turn);
        for (uintptr_t way = 1; way < ADDRESS_WAYS && victim->key != 0; way++)
            if (address_way(key, way)->key == 0)
                victim = address_way(key, way);
        *victim = *first;
    }
    *first = (struct pyperf_codemap_entry){.key = key->code, .slot = slot};
}

/* It may be there twice, if a finalizer ran it while it was given its slot. */
void pyperf_codemap_forget(const struct pyperf_code_key *key)
{
    for (uintptr_t way = 0; way < ADDRESS_WAYS; way++)
        if (address_way(key, way)->key == key->code)
            *address_way(key, way) = (struct pyperf_codemap_entry){0};
}

/* -- All ------------------------------------------------------------------------------------ */

pyperf_slot_fn pyperf_codemap_find(const struct pyperf_code_key *key)
{
    switch (key->identity) {
    case PYPERF_BY_VERSION:
        return find_by_version(key);
    case PYPERF_BY_VERSION_AT_ONCE:
        return find_at_once((uint32_t)key->version);
    case PYPERF_BY_ADDRESS:
        break;
    }
    return find_by_address(key);
}

void pyperf_codemap_insert(const struct pyperf_code_key *key, pyperf_slot_fn slot)
{
    if (key->identity == PYPERF_BY_ADDRESS)
        insert_by_address(key, slot);
    else if (key->version == 0)
        return; /* the numbers ran out */
    else if (key->identity == PYPERF_BY_VERSION_AT_ONCE)
        insert_at_once((uint32_t)key->version, slot);
    else
        insert_by_version(key, slot);
}

void pyperf_codemap_reset(void)
{
    static bool used;
    if (used)
        memset(&pyperf_codemap, 0, sizeof pyperf_codemap);
    /* Version 0 is no version; all other entries cannot be found by 0.  This is also the first
     * word of `at_once`, where it fits no version of its place either; and no code object's
     * address. */
    pyperf_codemap.entries[0].key = PYPERF_CODEMAP_EMPTY;
    filled = false;
    if (used && shared_table != NULL)
        memset(shared_table, 0, SHARED_SIZE * sizeof *shared_table);
    used = true;
}

void pyperf_codemap_before_fork(void)
{
    pthread_mutex_lock(&lock);
}

void pyperf_codemap_after_fork(void)
{
    pthread_mutex_unlock(&lock);
}
