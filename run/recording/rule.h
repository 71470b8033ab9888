/*
 * How to unwind from an address: where the caller's registers are.
 *
 * elfutils reads the tables (CFI); a rule is what they say of one address, in a form that costs no
 * look-up.  A recording has millions of frames but only some thousand addresses.
 */
#ifndef RUN_RECORDING_RULE_H
#define RUN_RECORDING_RULE_H

#include "recording/processor.h"

#include <elfutils/libdw.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum place_kind {
    PLACE_LOST,       /* the caller's value cannot be known */
    PLACE_SAME,       /* it is still in the register: no rule has these two among its places */
    PLACE_MEMORY,     /* at CFA + offset */
    PLACE_OFFSET,     /* it is CFA + offset */
    PLACE_REGISTER,   /* in another register */
    PLACE_EXPRESSION, /* at the address that the expression gives */
    PLACE_VALUE,      /* it is what the expression gives */
};

struct place {
    enum place_kind kind;
    unsigned number; /* of the register whose value in the caller is meant */
    int64_t offset;  /* or number of the register that has it */
    Dwarf_Op *expression;
    size_t length;
};

struct rule {
    bool known;        /* false: there is no table for this address */
    bool signal_frame; /* the caller was interrupted: its address is no return address */
    bool outermost;    /* there is no caller */
    struct place cfa;  /* PLACE_OFFSET of register cfa_register, or PLACE_VALUE */
    unsigned cfa_register;
    uint64_t same; /* a bit for each register that still has the caller's value */
    unsigned count;
    struct place places[]; /* of the others whose value can be known */
};

/* Reads words of the stack.  False if that word was not recorded. */
struct stack_copy {
    uint64_t start;
    const unsigned char *bytes;
    uint64_t size;
};
bool stack_read(const struct stack_copy *stack, uint64_t address, uint64_t *word);

/* The rule at `address` (as the tables count) by the first of these tables that has one.  To be
 * given to rule_free().  NULL: no memory. */
struct rule *rule_read(Dwarf_CFI *const tables[2], uint64_t address,
                       const struct processor *processor);
void rule_free(void *value); /* a struct rule */

/* From a frame's registers to its caller's.  False if the caller cannot be known. */
bool rule_apply(const struct rule *rule, const struct registers *frame,
                const struct stack_copy *stack, const struct processor *processor,
                struct registers *caller);

#endif
