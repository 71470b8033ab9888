#include "recording/processor.h"

#include <elf.h>

/* linux arch/arm64/include/uapi/asm/perf_regs.h: x0 to x30, sp, pc; DWARF for the Arm 64-bit
 * Architecture, 4.1: the same up to sp. */
static const signed char of_perf[] = {0,  1,  2,  3,  4,  5,  6,  7,  8,  9,  10,
                                      11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21,
                                      22, 23, 24, 25, 26, 27, 28, 29, 30, 31, 32};

const struct processor processor_here = {
    .machine = EM_AARCH64,
    .count = 33,
    .pc = 32,
    .sp = 31,
    .fp = 29,
    .return_address = 30,
    .kept = 0x7ffULL << 19,           /* x19 to x29: Procedure Call Standard for AArch64, 6.1.1 */
    .address_mask = (1ULL << 48) - 1, /* user addresses; above: a signature (pauth) */
    .plt_header = 32,
    .nop = {0x1f, 0x20, 0x03, 0xd5}, /* Arm Architecture Reference Manual, C6.2, NOP */
    .perf_count = sizeof of_perf,
    .perf = of_perf,
};
