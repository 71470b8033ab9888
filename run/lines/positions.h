/*
 * Where an interpreter keeps the position of the instruction that runs.
 *
 * The evaluation loop has it in a register or in its stack frame; in which one is the compiler's
 * choice, and differs from build to build and with the place in the loop from which it called.  So
 * a probe (probe.h) finds it for a build, once, by what is right for a program whose lines are
 * known; what it found is kept in a file named after the build-id.
 */
#ifndef RUN_LINES_POSITIONS_H
#define RUN_LINES_POSITIONS_H

#include "recording/processor.h"
#include "recording/rule.h"
#include "recording/table.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

enum {
    POSITION_WORDS = 96, /* how many words of the loop's frame are looked at */
    POSITION_PLACES = 4, /* the most that one site has */
    POSITION_KNOWN = 8,  /* the most that a build has */
    POSITION_NEAR = 48,  /* bytes of machine code in which addresses are likely to be alike */
};

/* A register by its number in DWARF or, from REGISTERS_MAX on, a word of the frame from its stack
 * pointer on. */
struct position_place {
    unsigned short where;
    signed char adjust; /* to be added to the value, for the running instruction's address */
    bool doubtful;      /* it may be another adjustment: believe it where both name one line */
    bool rival; /* tells no line, but none is believed that it contradicts with any adjustment */
};

enum { POSITION_WHERE_MAX = REGISTERS_MAX + POSITION_WORDS };

/* What the loop does when it calls from one address, or (leaf) is interrupted itself. */
struct position_site {
    struct position_place places[POSITION_PLACES]; /* the first that holds a position is right;
                                                      rivals are behind them */
    size_t count;
};

/* What holds at one address of the loop's own code. */
struct position_leaf {
    uint64_t address; /* in the file */
    struct position_site site;
};

struct positions {
    struct table sites; /* address behind the call, in the file, + 1 -> struct position_site */
    struct position_site leaf;    /* what most of the loop's code has */
    struct position_leaf *leaves; /* what is known of single addresses, in their order */
    size_t leaf_count, leaf_room;
    struct position_place known[POSITION_KNOWN]; /* all that sites of calls have */
    size_t known_sites[POSITION_KNOWN];          /* how many have it */
    size_t known_count;
};

/* A frame of the loop: its registers, and its part of the stack. */
struct position_frame {
    const struct registers *registers;
    const struct stack_copy *stack;
    uint64_t end; /* the stack pointer of its caller */
};

/* The value at `where`; false if the recording does not have it. */
bool position_value(const struct position_frame *frame, unsigned where, uint64_t *value);

/* Adds a site; `address` 0: the leaf.  0 or -ENOMEM. */
int positions_add(struct positions *positions, uint64_t address, const struct position_site *site);

/* Adds what holds at an address of the loop's own code, in the order of addresses.  0 or -ENOMEM.
 */
int positions_add_leaf(struct positions *positions, uint64_t address,
                       const struct position_site *site);

/* What holds where the loop was interrupted: as learned there, else as at both sides near by, else
 * as in most of the loop, but doubtful. */
struct position_site positions_leaf(const struct positions *positions, uint64_t address);

/* The place that nearly all sites of calls have, in builds that have one; else NULL. */
const struct position_place *positions_usual(const struct positions *positions);

/* A text, one site a line.  0; -EBADMSG if it is damaged, -ENOMEM or -EIO, and then `positions` is
 * empty. */
int positions_read(struct positions *positions, FILE *in);

/* 0 or -EIO. */
int positions_write(const struct positions *positions, FILE *out);

void positions_free(struct positions *positions);

#endif
