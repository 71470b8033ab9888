/* What the tests know of x86-64 besides preload/arch/. */
#ifndef PYPERF_TESTS_REGISTERS_X86_64_H
#define PYPERF_TESTS_REGISTERS_X86_64_H

/* Members of struct user_regs_struct (sys/user.h) */
#define MACHINE_PC rip
#define MACHINE_SP rsp
#define MACHINE_FP rbp

enum { DWARF_FRAME_POINTER = 6, DWARF_STACK_POINTER = 7 };
enum { SLOT_INSTRUCTIONS = 6, CONTEXT_INSTRUCTIONS = 9, CONTEXT_BYTES = 21 };

#endif
