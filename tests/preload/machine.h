/* What the tests know of the processor, besides preload/arch.h. */
#ifndef PYPERF_TESTS_MACHINE_H
#define PYPERF_TESTS_MACHINE_H

#include <stdint.h>
#include <sys/user.h>

#if defined(__x86_64__)

enum { DWARF_FRAME_POINTER = 6, DWARF_STACK_POINTER = 7 };
enum { SLOT_INSTRUCTIONS = 6 };

static inline uintptr_t machine_pc(const struct user_regs_struct *registers)
{
    return registers->rip;
}

static inline uintptr_t machine_sp(const struct user_regs_struct *registers)
{
    return registers->rsp;
}

static inline uintptr_t machine_fp(const struct user_regs_struct *registers)
{
    return registers->rbp;
}

#elif defined(__aarch64__)

enum { DWARF_FRAME_POINTER = 29, DWARF_STACK_POINTER = 31 };
enum { SLOT_INSTRUCTIONS = 7 };

static inline uintptr_t machine_pc(const struct user_regs_struct *registers)
{
    return registers->pc;
}

static inline uintptr_t machine_sp(const struct user_regs_struct *registers)
{
    return registers->sp;
}

static inline uintptr_t machine_fp(const struct user_regs_struct *registers)
{
    return registers->regs[29];
}

#else
#error "see docs/porting.md"
#endif

#endif
