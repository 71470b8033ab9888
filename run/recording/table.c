#include "recording/table.h"

#include <errno.h>
#include <stdlib.h>

enum { FIRST_ROOM = 64 };

static size_t place_of(const struct table *table, uint64_t key)
{
    size_t at = (size_t)(table_spread(key) >> 20) & (table->room - 1);

    while (table->entries[at].value && table->entries[at].key != key)
        at = (at + 1) & (table->room - 1);
    return at;
}

void *table_get(const struct table *table, uint64_t key)
{
    return table->room ? table->entries[place_of(table, key)].value : NULL;
}

static int grow(struct table *table)
{
    struct table old = *table;

    table->room = old.room ? old.room * 2 : FIRST_ROOM;
    table->entries = calloc(table->room, sizeof *table->entries);
    if (!table->entries) {
        *table = old;
        return -ENOMEM;
    }
    for (size_t i = 0; i < old.room; i++)
        if (old.entries[i].value)
            table->entries[place_of(table, old.entries[i].key)] = old.entries[i];
    free(old.entries);
    return 0;
}

int table_set(struct table *table, uint64_t key, void *value)
{
    struct table_entry *entry;

    if (table->count * 3 >= table->room * 2 && grow(table) != 0)
        return -ENOMEM;
    entry = &table->entries[place_of(table, key)];
    table->count += !entry->value;
    *entry = (struct table_entry){key, value};
    return 0;
}

/* What collided with the entry moves up, so that look-ups still find it. */
void table_remove(struct table *table, uint64_t key)
{
    size_t at = table->room ? place_of(table, key) : 0;

    if (!table->room || !table->entries[at].value)
        return;
    table->entries[at].value = NULL;
    table->count--;
    for (at = (at + 1) & (table->room - 1); table->entries[at].value;
         at = (at + 1) & (table->room - 1)) {
        struct table_entry moved = table->entries[at];
        table->entries[at].value = NULL;
        table->entries[place_of(table, moved.key)] = moved;
    }
}

void table_free(struct table *table, void (*release)(void *))
{
    for (size_t i = 0; release && i < table->room; i++)
        if (table->entries[i].value)
            release(table->entries[i].value);
    free(table->entries);
    *table = (struct table){.room = 0};
}

/* FNV-1a, http://www.isthe.com/chongo/tech/comp/fnv/ */
uint64_t table_hash(uint64_t seed, const char *text)
{
    uint64_t hash = seed ^ 0xcbf29ce484222325ULL;

    for (; *text; text++)
        hash = (hash ^ (unsigned char)*text) * 0x100000001b3ULL;
    return hash;
}
