/* A hash table from 64-bit keys to pointers.  Keys may be hashes themselves: see table_hash(). */
#ifndef RUN_RECORDING_TABLE_H
#define RUN_RECORDING_TABLE_H

#include <stddef.h>
#include <stdint.h>

struct table {
    struct table_entry *entries; /* `room` of them, a power of two; value NULL: empty */
    size_t room, count;
};

struct table_entry {
    uint64_t key;
    void *value;
};

/* NULL if there is none. */
void *table_get(const struct table *table, uint64_t key);

/* Adds or replaces; `value` is not NULL.  0 or -ENOMEM. */
int table_set(struct table *table, uint64_t key, void *value);

/* Forgets a key, if it is there; its value stays the caller's. */
void table_remove(struct table *table, uint64_t key);

/* Frees the table; calls `release` (may be NULL) for each value first. */
void table_free(struct table *table, void (*release)(void *));

/* Spreads keys over all numbers: the upper bits are a place in a table of 2^n. */
static inline uint64_t table_spread(uint64_t key)
{
    /* 2^64 / golden ratio sets neighbours apart (Knuth, TAOCP 3, 6.4). */
    return (key ^ key >> 29) * 0x9e3779b97f4a7c15ULL;
}

/* A key for a string, continued from `seed` (0 to begin). */
uint64_t table_hash(uint64_t seed, const char *text);

#endif
