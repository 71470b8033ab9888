/*
 * What differs between architectures: the contract.  Each has a folder, arch/NAME/, whose
 * processor.h defines what is listed here for the one that this build is for, and whose
 * options.cmake says how to compile; docs/porting.md tells how to add one.
 *
 * Numbers
 *   PYPERF_ARCH_MACHINE       e_machine of its ELF files
 *   PYPERF_ARCH_SLOT_SIZE     bytes of a slot, a multiple of 16
 *   PYPERF_ARCH_PAGE_MAX      bytes of the largest page that a kernel may use
 *   PYPERF_ARCH_ADDRESS_BITS  bits of an address in user space
 *   PYPERF_ARCH_CODE_ALIGN    code alignment factor of a CIE
 *   PYPERF_ARCH_RETURN_REG    DWARF number of the return address' register
 *
 * Call frame information, as bytes, that the image carries for every slot.  It repeats what the
 * assembler derives from the .cfi directives in trampoline_NAME.S; tests/preload/test_cfi.c
 * compares the two byte by byte.  Encodings: DWARF 4, section 6.4.2; LSB core 10.6 (.eh_frame).
 *   PYPERF_ARCH_CIE_PROGRAM   at a slot's entry
 *   PYPERF_ARCH_FDE_PROGRAM   through the slot
 *   PYPERF_ARCH_BODY_PROGRAM  at the return address of the slot's call, in one go
 *
 * Functions
 *   pyperf_arch_signs(function)  Does this function of the interpreter sign its return address?
 *                                Slots do as it does.
 *   pyperf_arch_unsign(...)      makes of a slot's code and CFI that sign ones that do not
 *   pyperf_arch_sync_code(start, size)  makes stored bytes visible to instruction fetch
 *   pyperf_stack_pointer         a register variable
 *
 * For the hot path, each to become one instruction.  Where the compiler finds it by itself, the
 * plain C expression will do.
 *   PYPERF_ARCH_EARLY(value)         makes a value here and not again at each use, so that what
 *                                    lies together is loaded together
 *   PYPERF_ARCH_ADDRESS(variable)    address of a variable of this library that begins a page
 *   PYPERF_ARCH_NEAR(variable)       value of a variable of the same source file, read once and
 *                                    whole, as by a relaxed atomic load
 *   PYPERF_ARCH_OWN(variable)        value of a thread-local variable, initial-exec
 *   PYPERF_ARCH_JUMP(function, ...)  a tail call
 */
#ifndef PYPERF_ARCH_H
#define PYPERF_ARCH_H

#include <elf.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

/* DW_CFA_*: DWARF 4, section 7.23 */
#define CFA_NOP           0x00
#define CFA_ADVANCE(n)    (0x40 | (n)) /* in code alignment units, below 64 */
#define CFA_OFFSET(reg)   (0x80 | (reg))
#define CFA_RESTORE(reg)  (0xc0 | (reg))
#define CFA_REMEMBER      0x0a
#define CFA_RESTORE_STATE 0x0b
#define CFA_DEF           0x0c
#define CFA_DEF_OFFSET    0x0e

#include "processor.h" /* of arch/NAME */

#endif
