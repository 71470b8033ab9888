/* A hash table by open addressing; see hashtable.h. */
#include "hashtable.h"

#include <errno.h>
#include <sys/mman.h>

struct pyperf_hashtable_entry {
    uint64_t key; /* 0: free */
    uint64_t word;
};

/* Where the key is, or belongs. */
static struct pyperf_hashtable_entry *find(const struct pyperf_hashtable *table, uint64_t key)
{
    size_t at = key & (table->size - 1);
    while (table->entries[at].key != 0 && table->entries[at].key != key)
        at = (at + 1) & (table->size - 1);
    return &table->entries[at];
}

uint64_t pyperf_hashtable_get(const struct pyperf_hashtable *table, uint64_t key)
{
    return table->size != 0 ? find(table, key)->word : 0;
}

int pyperf_hashtable_reserve(struct pyperf_hashtable *table, size_t count)
{
    enum { SMALLEST = 256 }; /* a page of 4 KiB */
    struct pyperf_hashtable old = *table, bigger = {.size = old.size != 0 ? old.size : SMALLEST};
    while (bigger.size < (old.used + count) * 2)
        bigger.size *= 2;
    if (bigger.size == old.size)
        return 0;
    /* All of a larger table is used at once, in no order. */
    int populate = old.used != 0 ? MAP_POPULATE : 0;
    void *entries = mmap(NULL, bigger.size * sizeof *bigger.entries, PROT_READ | PROT_WRITE,
                         MAP_PRIVATE | MAP_ANONYMOUS | populate, -1, 0);
    if (entries == MAP_FAILED)
        return -ENOMEM;
    bigger.entries = entries;
    for (size_t i = 0; i < old.size; i++)
        if (old.entries[i].key != 0)
            pyperf_hashtable_add(&bigger, old.entries[i].key, old.entries[i].word);
    if (old.entries != NULL)
        munmap(old.entries, old.size * sizeof *old.entries);
    *table = bigger;
    return 0;
}

void pyperf_hashtable_add(struct pyperf_hashtable *table, uint64_t key, uint64_t word)
{
    *find(table, key) = (struct pyperf_hashtable_entry){.key = key, .word = word};
    table->used++;
}
