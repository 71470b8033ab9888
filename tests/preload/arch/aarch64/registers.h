/* What the tests know of aarch64 besides preload/arch/. */
#ifndef PYPERF_TESTS_REGISTERS_AARCH64_H
#define PYPERF_TESTS_REGISTERS_AARCH64_H

#include <stdint.h>
#include <sys/user.h>

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

#endif
