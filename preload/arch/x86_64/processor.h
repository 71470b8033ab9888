/* x86-64: see arch.h for what each definition means. */
#ifndef PYPERF_ARCH_X86_64_H
#define PYPERF_ARCH_X86_64_H

/* System V ABI AMD64 1.0, figure 3.36: DWARF register numbers */
enum { DW_RBP = 6, DW_RSP = 7, DW_RETURN = 16 };

#define PYPERF_ARCH_MACHINE      EM_X86_64
#define PYPERF_ARCH_SLOT_SIZE    16
#define PYPERF_ARCH_PAGE_MAX     0x1000
#define PYPERF_ARCH_ADDRESS_BITS 47 /* Linux, arch/x86/x86_64/mm.rst */
#define PYPERF_ARCH_CODE_ALIGN   1
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

/* For the hot path: instructions reach all memory and compare with it, so plain C will do. */
#define PYPERF_ARCH_EARLY(value)        (value)
#define PYPERF_ARCH_ADDRESS(variable)   (&(variable))
#define PYPERF_ARCH_NEAR(variable)      __atomic_load_n(&(variable), __ATOMIC_RELAXED)
#define PYPERF_ARCH_OWN(variable)       (variable)
#define PYPERF_ARCH_JUMP(function, ...) (function)(__VA_ARGS__)

register uintptr_t pyperf_stack_pointer __asm__("rsp");

#endif
