/* aarch64: see arch.h for what each definition means. */
#ifndef PYPERF_ARCH_AARCH64_H
#define PYPERF_ARCH_AARCH64_H

/* DWARF for the Arm 64-bit Architecture 2024Q3, section 4.1 */
enum { DW_X29 = 29, DW_X30 = 30, DW_SP = 31 };
#define CFA_NEGATE_RA_STATE 0x2d /* same document, section 4.4.1 */

#define PYPERF_ARCH_MACHINE      EM_AARCH64
#define PYPERF_ARCH_SLOT_SIZE    32
#define PYPERF_ARCH_PAGE_MAX     0x10000
#define PYPERF_ARCH_ADDRESS_BITS 48 /* unless asked for more; Linux, arch/arm64/memory.rst */
#define PYPERF_ARCH_CODE_ALIGN   4
#define PYPERF_ARCH_RETURN_REG   DW_X30

#define PYPERF_ARCH_CIE_PROGRAM CFA_DEF, DW_SP, 0

/* paciasp; stp x29,x30,[sp,-16]!; mov x29,sp; blr x3; ldp x29,x30,[sp],16; autiasp; ret */
#define PYPERF_ARCH_FDE_PROGRAM                                                                    \
    CFA_ADVANCE(1), CFA_NEGATE_RA_STATE, CFA_REMEMBER, CFA_ADVANCE(1), CFA_DEF_OFFSET, 16,         \
        CFA_OFFSET(DW_X29), 2, CFA_OFFSET(DW_X30), 1, CFA_ADVANCE(3), CFA_RESTORE_STATE,           \
        CFA_ADVANCE(1), CFA_NEGATE_RA_STATE

#define PYPERF_ARCH_BODY_PROGRAM                                                                   \
    CFA_NEGATE_RA_STATE, CFA_DEF, DW_SP, 16, CFA_OFFSET(DW_X29), 2, CFA_OFFSET(DW_X30), 1

/* Arm ARM (DDI 0487), C6.2 */
#define INSN_PACIASP 0xd503233fU
#define INSN_PACIBSP 0xd503237fU
#define INSN_AUTIASP 0xd50323bfU
#define INSN_BTI_C   0xd503245fU
#define INSN_RET     0xd65f03c0U

/*
 * Slots sign return addresses if the interpreter signs its own.  If it does not, ours would be the
 * only signed ones, and unwinders that cannot read them (libunwind before 1.8, so perf of Debian
 * 12) would end call chains there.
 */
static inline bool pyperf_arch_signs(const void *function)
{
    uint32_t first;
    memcpy(&first, function, sizeof first);
    return first == INSN_PACIASP || first == INSN_PACIBSP;
}

static inline void pyperf_arch_unsign(unsigned char *code, size_t code_size, unsigned char *cfi,
                                      size_t cfi_size)
{
    const uint32_t bti_c = INSN_BTI_C, ret = INSN_RET;
    for (size_t at = 0; at < code_size; at += sizeof(uint32_t)) {
        uint32_t word;
        memcpy(&word, code + at, sizeof word);
        if (word == INSN_PACIASP || word == INSN_AUTIASP)
            memcpy(code + at, word == INSN_PACIASP ? &bti_c : &ret, sizeof word);
    }
    for (size_t at = 0; at < cfi_size; at++)
        if (cfi[at] == CFA_NEGATE_RA_STATE)
            cfi[at] = CFA_NOP;
}

/* Arm ARM, B2.4.4: makes what was stored known to instruction fetch.  The builtin would call
 * libgcc's helper, which Debian 12 builds without BTI. */
static inline void pyperf_arch_sync_code(const void *start, size_t size)
{
    uint64_t type = 0; /* bits 16-19 and 0-3: log2 of words in the smallest lines of the caches */
    __asm__ volatile("mrs %0, ctr_el0" : "=r"(type));
    const uintptr_t end = (uintptr_t)start + size;
    const uintptr_t data_line = 4UL << (type >> 16 & 15), code_line = 4UL << (type & 15);
    for (uintptr_t at = (uintptr_t)start & -data_line; at < end; at += data_line)
        __asm__ volatile("dc cvau, %0" ::"r"(at) : "memory");
    __asm__ volatile("dsb ish" ::: "memory");
    for (uintptr_t at = (uintptr_t)start & -code_line; at < end; at += code_line)
        __asm__ volatile("ic ivau, %0" ::"r"(at) : "memory");
    __asm__ volatile("dsb ish\n\tisb" ::: "memory");
}

/*
 * For the hot path: a compiler takes two or three instructions for each of these.  NEAR reaches
 * 1 MiB (ELF for the Arm 64-bit Architecture, 5.7.6).  JUMP goes by the register that the ABI keeps
 * for it, which BTI allows.
 */
#define PYPERF_ARCH_EARLY(value)                                                                   \
    __extension__({                                                                                \
        __typeof__((value) + 0) early_ = (value);                                                  \
        __asm__("" : "+r"(early_));                                                                \
        early_;                                                                                    \
    })
#define PYPERF_ARCH_ADDRESS(variable)                                                              \
    __extension__({                                                                                \
        __typeof__(variable) *address_;                                                            \
        __asm__("adrp %0, " #variable : "=r"(address_));                                           \
        address_;                                                                                  \
    })
#define PYPERF_ARCH_NEAR(variable)                                                                 \
    __extension__({                                                                                \
        __typeof__(variable) near_;                                                                \
        __asm__("ldr %0, %1" : "=r"(near_) : "S"(&(variable)));                                    \
        near_;                                                                                     \
    })
#define PYPERF_ARCH_OWN(variable)                                                                  \
    __extension__({                                                                                \
        uintptr_t offset_;                                                                         \
        __asm__("ldr %0, :gottprel:" #variable : "=r"(offset_));                                   \
        *(__typeof__(variable) *)(offset_ + (uintptr_t)__builtin_thread_pointer());                \
    })
#define PYPERF_ARCH_JUMP(function, ...)                                                            \
    __extension__({                                                                                \
        register __typeof__(function) target_ __asm__("x16") = (function);                         \
        __asm__("" : "+r"(target_));                                                               \
        target_(__VA_ARGS__);                                                                      \
    })

register uintptr_t pyperf_stack_pointer __asm__("sp");

#endif
