/*
 * Where the loop keeps the position when it calls from one address, by samples whose lines are
 * known.
 *
 * A place is right if it named the right line whenever it held a position at all.  Stale copies are
 * told from the living one because the probe calls from several lines in turn.  Where it calls from
 * few, other places that were right as well go with the chosen one as its rivals: at the end of a
 * `with` statement whose body raised, clang's loop has the position in r13, and the instruction
 * that raised on its stack; both name one line if the statement has but one.
 */
#ifndef RUN_LINES_EVIDENCE_H
#define RUN_LINES_EVIDENCE_H

#include "lines/positions.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    EVIDENCE_ADJUSTMENTS = 2,
    EVIDENCE_LEAST = 4, /* samples that hold a position in a place, to believe in it */
};

/* What may have to be added to a value. */
extern const signed char evidence_adjustments[EVIDENCE_ADJUSTMENTS];

/* Of one sample: the places that held a position, and for each adjustment the right line. */
struct evidence {
    unsigned line;
    bool held[POSITION_WHERE_MAX], right[EVIDENCE_ADJUSTMENTS][POSITION_WHERE_MAX];
};

struct call_site {
    uint64_t address; /* behind the call, in the file */
    size_t samples, room;
    struct evidence *evidence;
};

/* How many sites prove that a place is right with this adjustment and wrong with the others. */
struct proof {
    unsigned sites[POSITION_WHERE_MAX][EVIDENCE_ADJUSTMENTS];
};

/* Room for a sample at this line, which holds nothing so far; NULL without memory. */
struct evidence *evidence_next(struct call_site *site, unsigned line);

void evidence_free(struct call_site *site);

void proof_add(struct proof *proof, const struct call_site *site);

/* A further place is for samples in which those in front of it held no position.  None if nothing
 * was right.  `proof` is of all sites.  0 or -ENOMEM. */
int evidence_choose(const struct call_site *called, const struct proof *proof,
                    struct position_site *site);

#endif
