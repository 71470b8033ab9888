/* What the tests know of x86-64 besides preload/arch/. */
#ifndef PYPERF_TESTS_REGISTERS_X86_64_H
#define PYPERF_TESTS_REGISTERS_X86_64_H

#include <stdint.h>
#include <sys/user.h>

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

#endif
