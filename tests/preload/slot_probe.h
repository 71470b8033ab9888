/* slot.c as its tests use it. */
#ifndef PYPERF_TESTS_SLOT_PROBE_H
#define PYPERF_TESTS_SLOT_PROBE_H

#include "slot.h"

/* What the module is started with; at first both outputs. */
extern struct pyperf_config probe_config;

/* Starts the module with images in `directory`; pyperf_slots_start()'s result. */
int probe_start_in(const char *directory);

/* Starts it, successfully, with a directory of its own, which is returned. */
const char *probe_start(void);

/* The slot of a name.  Safe where check is not: in threads that fork, and in their children. */
pyperf_slot_fn probe_slot(const char *qualname, const char *filename);

/* The slot of "function_<number>" in module.py. */
pyperf_slot_fn probe_slot_numbered(unsigned number);

/* Waits until no line waits for the map. */
void probe_settle(void);

/* The only name of `slot` in the map of the calling process; NULL when it is not there.  The
 * caller frees it. */
char *probe_mapped_name(pyperf_slot_fn slot);

#endif
