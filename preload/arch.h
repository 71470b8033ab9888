/*
 * What differs between architectures.
 *
 * Besides the trampoline_*.S files this is the only file that names one.  To add an architecture:
 * write its .S file and one block here (docs/porting.md).
 *
 * The call frame information below is what the image carries for every slot.  It repeats, as
 * bytes, what the assembler derives from the .cfi directives in the .S file;
 * tests/preload/test_image.c compares the two byte by byte.  Encodings: DWARF 4, section 6.4.2; LSB
 * core 10.6 (.eh_frame).
 */
#ifndef PYPERF_ARCH_H
#define PYPERF_ARCH_H

#include <elf.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

/* DW_CFA_*: DWARF 4, section 7.23 */
#define CFA_NOP          0x00
#define CFA_ADVANCE(n)   (0x40 | (n)) /* in code alignment units, below 64 */
#define CFA_OFFSET(reg)  (0x80 | (reg))
#define CFA_RESTORE(reg) (0xc0 | (reg))
#define CFA_DEF          0x0c
#define CFA_DEF_OFFSET   0x0e

#if defined(__x86_64__)

/* System V ABI AMD64 1.0, figure 3.36: DWARF register numbers */
enum { DW_RBP = 6, DW_RSP = 7, DW_RETURN = 16 };

#define PYPERF_ARCH_MACHINE      EM_X86_64
#define PYPERF_ARCH_SLOT_SIZE    16
#define PYPERF_ARCH_PAGE_MAX     0x1000 /* largest page size a kernel may use */
#define PYPERF_ARCH_ADDRESS_BITS 47     /* of user space; Linux, arch/x86/x86_64/mm.rst */
#define PYPERF_ARCH_CODE_ALIGN   1      /* CIE code alignment factor */
#define PYPERF_ARCH_RETURN_REG   DW_RETURN

/* On entry the return address is on the stack. */
#define PYPERF_ARCH_CIE_PROGRAM CFA_DEF, DW_RSP, 8, CFA_OFFSET(DW_RETURN), 1

/* endbr64; push %rbp; mov %rsp,%rbp; call *%rcx; pop %rbp; ret */
#define PYPERF_ARCH_FDE_PROGRAM                                                                    \
    CFA_ADVANCE(5), CFA_DEF_OFFSET, 16, CFA_OFFSET(DW_RBP), 2, CFA_ADVANCE(6),                     \
        CFA_RESTORE(DW_RBP), CFA_DEF_OFFSET, 8

/* What holds while a slot's callee runs, that is, at the return address into the slot. */
#define PYPERF_ARCH_BODY_PROGRAM                                                                   \
    CFA_DEF, DW_RSP, 16, CFA_OFFSET(DW_RBP), 2, CFA_OFFSET(DW_RETURN), 1

/* Return addresses are not signed here. */
static inline bool pyperf_arch_signs(const void *function)
{
    (void)function;
    return false;
}

static inline void pyperf_arch_unsign(unsigned char *code, size_t code_size, unsigned char *cfi,
                                      size_t cfi_size)
{
    (void)code, (void)code_size, (void)cfi, (void)cfi_size;
}

/* Nothing to do: instruction fetch sees what was stored. */
static inline void pyperf_arch_sync_code(const void *start, size_t size)
{
    (void)start, (void)size;
}

/* For the hot path; the contracts are with aarch64's below.  Here instructions reach all memory and
 * compare with it, so plain C will do. */
#define PYPERF_ARCH_EARLY(value)        (value)
#define PYPERF_ARCH_EITHER(a, b)        ((a) || (b))
#define PYPERF_ARCH_ADDRESS(variable)   (&(variable))
#define PYPERF_ARCH_NEAR(variable)      __atomic_load_n(&(variable), __ATOMIC_RELAXED)
#define PYPERF_ARCH_OWN(variable)       (variable)
#define PYPERF_ARCH_JUMP(function, ...) (function)(__VA_ARGS__)

register uintptr_t pyperf_stack_pointer __asm__("rsp");

#elif defined(__aarch64__)

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
    CFA_ADVANCE(1), CFA_NEGATE_RA_STATE, CFA_ADVANCE(1), CFA_DEF_OFFSET, 16, CFA_OFFSET(DW_X29),   \
        2, CFA_OFFSET(DW_X30), 1, CFA_ADVANCE(3), CFA_RESTORE(DW_X30), CFA_RESTORE(DW_X29),        \
        CFA_DEF_OFFSET, 0, CFA_ADVANCE(1), CFA_NEGATE_RA_STATE

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
 * For the hot path: each saves instructions that a compiler, which knows less, would need.
 * EARLY: computes a value here, once, and not again at each use; so neighbours in memory are loaded
 * together.  EITHER: ors two comparisons, both of them cheap and defined, for a single branch.
 * ADDRESS: of a variable of this library that begins a page.
 * NEAR: reads a variable of this file, which is within 1 MiB of the code (ELF for the Arm 64-bit
 * Architecture, 5.7.6), once and whole, as a relaxed atomic load does.
 * OWN: a thread's own variable, initial-exec.
 * JUMP: a tail call through the register that the ABI reserves for that, which BTI allows.
 */
#define PYPERF_ARCH_EARLY(value)                                                                   \
    __extension__({                                                                                \
        __typeof__((value) + 0) early_ = (value);                                                  \
        __asm__("" : "+r"(early_));                                                                \
        early_;                                                                                    \
    })
#define PYPERF_ARCH_EITHER(a, b) ((int)(a) | (int)(b))
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

#else
#error "libpyperf knows x86-64 and aarch64; docs/porting.md says how to add an architecture"
#endif

#endif
