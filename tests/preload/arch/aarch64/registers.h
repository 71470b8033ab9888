/* What the tests know of aarch64 besides preload/arch/. */
#ifndef PYPERF_TESTS_REGISTERS_AARCH64_H
#define PYPERF_TESTS_REGISTERS_AARCH64_H

/* Members of struct user_regs_struct (sys/user.h) */
#define MACHINE_PC pc
#define MACHINE_SP sp
#define MACHINE_FP regs[29]

enum { DWARF_FRAME_POINTER = 29, DWARF_STACK_POINTER = 31 };
enum { SLOT_INSTRUCTIONS = 7, CONTEXT_INSTRUCTIONS = 8, CONTEXT_BYTES = 32 };

#endif
