/* The registers of a stopped process, by their role. */
#ifndef PYPERF_TESTS_MACHINE_H
#define PYPERF_TESTS_MACHINE_H

#include "registers.h" /* of arch/NAME: MACHINE_PC, MACHINE_SP, MACHINE_FP and DWARF's numbers */

#include <stdint.h>
#include <sys/user.h>

static inline uintptr_t machine_pc(const struct user_regs_struct *registers)
{
    return registers->MACHINE_PC;
}

static inline uintptr_t machine_sp(const struct user_regs_struct *registers)
{
    return registers->MACHINE_SP;
}

static inline uintptr_t machine_fp(const struct user_regs_struct *registers)
{
    return registers->MACHINE_FP;
}

#endif
