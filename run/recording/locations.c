/* An address has one place in the table, where the last one that belongs there is kept. */
#include "recording/locations.h"

#include <errno.h>
#include <stdlib.h>

enum { KEPT_BITS = 13 };

int locations_init(struct locations *locations, const struct module_places *places)
{
    locations->places = places;
    locations->kept = calloc(1 << KEPT_BITS, sizeof *locations->kept);
    return locations->kept ? 0 : -ENOMEM;
}

void locations_free(struct locations *locations)
{
    free(locations->kept);
    locations->kept = NULL;
}

static void search(struct location *location, const struct module_places *places)
{
    const struct mapping *mapping = space_mapping(location->space, location->lookup);
    struct module *module;

    location->mapping = mapping;
    if (!mapping)
        return;
    module = mapping->module;
    module_open(module, places);
    location->address = module_address(module, mapping, location->lookup);
    location->symbol = symbols_find(&module->symbols, location->address);
}

struct location *locations_find(struct locations *locations, const struct space *space,
                                uint64_t lookup)
{
    uint64_t key = lookup ^ (uint64_t)(uintptr_t)space;
    struct location *location = &locations->kept[table_spread(key) >> (64 - KEPT_BITS)];
    unsigned long changes = space ? space->changes : 0;

    if (location->lookup == lookup && location->space == space && location->changes == changes &&
        location->mapping)
        return location;
    *location = (struct location){.space = space, .lookup = lookup, .changes = changes};
    search(location, locations->places);
    return location;
}

static const struct rule *read_rule(struct module *module, uint64_t address,
                                    const struct processor *processor)
{
    struct rule *rule = table_get(&module->rules, address + 1);

    if (rule)
        return rule;
    rule = rule_read(module->cfi, address, processor);
    if (rule && table_set(&module->rules, address + 1, rule) != 0) {
        rule_free(rule);
        rule = NULL;
    }
    return rule;
}

const struct rule *location_rule(struct location *location, const struct processor *processor)
{
    if (!location->rule && location->mapping)
        location->rule = read_rule(location->mapping->module, location->address, processor);
    return location->rule;
}
