/*
 * A hash table from 64-bit keys, hashes themselves, to other 64-bit words.
 *
 * Nothing is ever removed.  Its memory is its own, by mmap, and at most half of its places are
 * used: 32 to 64 bytes for each key.  It takes no lock; callers do.
 */
#ifndef PYPERF_HASHTABLE_H
#define PYPERF_HASHTABLE_H

#include <stddef.h>
#include <stdint.h>

/* Empty at first: all zeros. */
struct pyperf_hashtable {
    struct pyperf_hashtable_entry *entries;
    size_t size; /* places: a power of two, or 0 */
    size_t used;
};

/* The word of a key; 0: it is not there. */
uint64_t pyperf_hashtable_get(const struct pyperf_hashtable *table, uint64_t key);

/* Makes room for so many more keys.  0, or -ENOMEM and nothing has changed. */
int pyperf_hashtable_reserve(struct pyperf_hashtable *table, size_t count);

/* Adds a key that is not there, and for which there is room.  Neither it nor `word` is 0. */
void pyperf_hashtable_add(struct pyperf_hashtable *table, uint64_t key, uint64_t word);

#endif
