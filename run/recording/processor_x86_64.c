#include "recording/processor.h"

#include <elf.h>

/* linux arch/x86/include/uapi/asm/perf_regs.h; System V ABI for AMD64, figure 3.36. */
static const signed char of_perf[] = {
    0,  3,  2,  1,  4, 5, 6,  7,  16, -1, -1, -1, /* ax bx cx dx si di bp sp ip flags cs ss */
    -1, -1, -1, -1, 8, 9, 10, 11, 12, 13, 14, 15, /* ds es fs gs r8 to r15 */
};

const struct processor processor_here = {
    .machine = EM_X86_64,
    .count = 17,
    .pc = 16,
    .sp = 7,
    .fp = 6,
    .return_address = 16,
    .kept = 1 << 3 | 1 << 6 | 0xf << 12, /* rbx, rbp, r12 to r15: figure 3.4 */
    .address_mask = UINT64_MAX,
    .plt_header = 16,
    .nop = {0x0f, 0x1f, 0x40, 0x00}, /* Intel's manual, volume 2B, NOP: of four bytes */
    .perf_count = sizeof of_perf,
    .perf = of_perf,
};
