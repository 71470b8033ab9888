/* Which code object an address in bytecode belongs to, by all code tables of a process. */
#ifndef RUN_LINES_CODES_H
#define RUN_LINES_CODES_H

#include "lines/code_table.h"
#include "recording/chains.h"

#include <stddef.h>
#include <stdint.h>

/* Empty at first.  What is found stays valid as long as the modules and this. */
struct codes {
    struct table images;    /* struct module, by its address -> struct code_table */
    struct table processes; /* struct space, by its address -> struct process */
};

/* The code object of frame `i`, a slot, that has this address in its bytecode, or just behind it;
 * NULL: none, or more than one may have been there at the sample's time, or no memory. */
const struct code *codes_find(struct codes *codes, const struct chain *chain, size_t i,
                              uint64_t address);

/* The one that its image told last of a slot; NULL: none. */
const struct code *codes_newest(struct codes *codes, const struct chain_frame *frame);

void codes_free(struct codes *codes);

#endif
