/*
 * What is known of an address of code in a process: mapping, symbol, unwind rule.
 *
 * Each is found by a search of its own, but a recording's millions of frames are at some thousand
 * addresses, so what was found last is kept, in a fixed amount of memory.
 */
#ifndef RUN_RECORDING_LOCATIONS_H
#define RUN_RECORDING_LOCATIONS_H

#include "recording/module.h"
#include "recording/rule.h"
#include "recording/spaces.h"

#include <stdint.h>

struct location {
    const struct mapping *mapping; /* NULL: none */
    const struct symbol *symbol;   /* NULL: none */
    uint64_t address;              /* as the module's tables know it */

    /* The module's. */
    const struct space *space;
    uint64_t lookup;
    unsigned long changes; /* of the space's mappings until then */
    const struct rule *rule;
};

struct locations {
    struct location *kept;
    const struct module_places *places;
};

/* `places` must stay valid.  0 or -ENOMEM. */
int locations_init(struct locations *locations, const struct module_places *places);
void locations_free(struct locations *locations);

/* The address `lookup` of a process (NULL: nothing is known of it).  Opens the module.  Valid until
 * the next call, and until the process's mappings change. */
struct location *locations_find(struct locations *locations, const struct space *space,
                                uint64_t lookup);

/* How to unwind from there; NULL if nothing is mapped there, or without memory. */
const struct rule *location_rule(struct location *location, const struct processor *processor);

#endif
