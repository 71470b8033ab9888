/* What unwinding has to know of a processor.  Nothing else in run/recording names one. */
#ifndef RUN_RECORDING_PROCESSOR_H
#define RUN_RECORDING_PROCESSOR_H

#include <stdint.h>

enum { REGISTERS_MAX = 33 };

/* A processor's registers by their numbers in DWARF; the program counter has a place of its own. */
struct registers {
    uint64_t values[REGISTERS_MAX];
    uint64_t known; /* a bit for each */
};

struct processor {
    uint16_t machine;        /* e_machine of its ELF files */
    unsigned count;          /* registers in use, program counter included */
    unsigned pc, sp, fp;     /* their places */
    unsigned return_address; /* the column of CFI that has it */
    uint64_t kept;           /* registers, a bit each, that functions restore for their callers */
    uint64_t address_mask;   /* what of a return address is address: the rest may be a signature */
    unsigned plt_header;     /* bytes of .plt in front of its entries, of 16 bytes each */
    unsigned char nop[4];    /* an instruction that does nothing */
    unsigned perf_count;     /* registers that perf knows */
    const signed char *perf; /* by perf's number, the place; -1: not needed */
};

/* The processor that this program runs on, and so its recordings. */
extern const struct processor processor_here;

static inline int registers_has(const struct registers *registers, unsigned place)
{
    return registers->known >> place & 1;
}

static inline void registers_set(struct registers *registers, unsigned place, uint64_t value)
{
    registers->values[place] = value;
    registers->known |= 1ULL << place;
}

#endif
