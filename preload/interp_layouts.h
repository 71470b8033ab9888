/*
 * One row for each CPython that we know: the sole owner of what differs between versions.
 *
 * Read off the DWARF of built interpreters (3.6 to 3.13), and by offsetof() from the headers of
 * 3.13 to 3.15, with and without Py_GIL_DISABLED.  pyperf_interp_verify() checks each on the
 * running interpreter.  evaluator.c makes one evaluator for each row, with the row's numbers as
 * constants in its code.
 *
 * To add a version: read the offsets, add a row here and a line in evaluator.c's table, run
 * tests/integration on the interpreter.
 */
#ifndef PYPERF_INTERP_LAYOUTS_H
#define PYPERF_INTERP_LAYOUTS_H

#include "interp.h"

/* Slots of a code object up to 3.10 differ by the argument count that 3.8 added. */
#define CODE_3_6                                                                                   \
    .co_filename = 96, .co_name = 104, .co_firstlineno = 36, .co_code = 40, .co_consts = 48,       \
    .co_names = 56
#define CODE_3_8                                                                                   \
    .co_filename = 104, .co_name = 112, .co_firstlineno = 40, .co_code = 48, .co_consts = 56,      \
    .co_names = 64
#define CODE_3_12                                                                                  \
    .co_filename = 112, .co_name = 120, .co_qualname = 128, .co_firstlineno = 68, .co_version = 92
#define FUNCTION_3_6  .func_code = 16, .func_qualname = 104
#define FUNCTION_3_10 .func_code = 48, .func_qualname = 40
/* Free-threaded object headers are 16 bytes longer. */
#define CODE_3_13T                                                                                 \
    .co_filename = 128, .co_name = 136, .co_qualname = 144, .co_firstlineno = 84, .co_version = 108

/* Include/opcode_ids.h of each version: FOR_ITER, LOAD_ATTR, BINARY_SUBSCR (from 3.14 BINARY_OP)
 * and CALL; on 3.11, where the first two are not adaptive, BINARY_SUBSCR_ADAPTIVE alone. */
#define ADAPTIVE_3_11 .co_adaptive = 184, .adaptive_opcodes = {17}
#define ADAPTIVE_3_12 .co_adaptive = 192, .adaptive_opcodes = {93, 106, 25, 171}
#define ADAPTIVE_3_13 .co_adaptive = 200, .adaptive_opcodes = {72, 82, 5, 53}
#define ADAPTIVE_3_14 .co_adaptive = 208, .adaptive_opcodes = {70, 80, 44, 52}
#define ADAPTIVE_3_15 .co_adaptive = 208, .adaptive_opcodes = {68, 79, 42, 50}

/* Thread state (Include/cpython/pystate.h) and opcodes; without a GIL 3.13 does not specialise, and
 * inlines only calls and awaits. */
#define UNITS_3_12                                                                                 \
    .c_recursion_remaining = 36, .tstate_cframe = 56, .co_flags = 48,                              \
    .inlines = {                                                                                   \
        .for_iter = 93, .send = 123, .load_attr = 106, .subscript = 25, .call_unpacking = 142}
#define UNITS_3_13                                                                                 \
    .c_recursion_remaining = 52, .tstate_frame = 72, .co_flags = 48,                               \
    .inlines = {                                                                                   \
        .for_iter = 72, .send = 104, .load_attr = 82, .subscript = 5, .call_unpacking = 54}
#define UNITS_3_13T                                                                                \
    .c_recursion_remaining = 52, .tstate_frame = 72, .co_flags = 64,                               \
    .inlines = {.send = 104, .call_unpacking = 54}

static const struct pyperf_layout layout_3_6 = {
    .name = "3.6",
    .minor = 6,
    .identity = PYPERF_BY_NAME,
    .frame_code = 32,
    CODE_3_6,
    FUNCTION_3_6,
    .eval_frame = 112,
};
static const struct pyperf_layout layout_3_7 = {
    .name = "3.7",
    .minor = 7,
    .identity = PYPERF_BY_NAME,
    .frame_code = 32,
    CODE_3_6,
    FUNCTION_3_6,
    .eval_frame = 464,
};
static const struct pyperf_layout layout_3_8 = {
    .name = "3.8",
    .minor = 8,
    .identity = PYPERF_BY_NAME,
    .frame_code = 32,
    CODE_3_8,
    FUNCTION_3_6,
    .eval_frame = 568,
};
static const struct pyperf_layout layout_3_9 = {
    .name = "3.9",
    .minor = 9,
    .identity = PYPERF_BY_NAME,
    .tstate_argument = true,
    .frame_code = 32,
    CODE_3_8,
    FUNCTION_3_6,
};
static const struct pyperf_layout layout_3_10 = {
    .name = "3.10",
    .minor = 10,
    .identity = PYPERF_BY_NAME,
    .tstate_argument = true,
    .frame_code = 32,
    CODE_3_8,
    FUNCTION_3_10,
};
static const struct pyperf_layout layout_3_11 = {
    .name = "3.11",
    .minor = 11,
    .identity = PYPERF_BY_NAME,
    .tstate_argument = true,
    .guard = PYPERF_GUARD_STACK,
    .frame_code = 32,
    .co_filename = 112,
    .co_name = 120,
    .co_qualname = 128,
    .co_firstlineno = 72,
    ADAPTIVE_3_11,
};
static const struct pyperf_layout layout_3_12 = {
    .name = "3.12",
    .minor = 12,
    .identity = PYPERF_BY_VERSION,
    .tstate_argument = true,
    .guard = PYPERF_GUARD_STACK_AND_UNITS,
    .frame_code = 0,
    CODE_3_12,
    UNITS_3_12,
    ADAPTIVE_3_12,
};
static const struct pyperf_layout layout_3_13 = {
    .name = "3.13",
    .minor = 13,
    .identity = PYPERF_BY_VERSION,
    .tstate_argument = true,
    .guard = PYPERF_GUARD_STACK_AND_UNITS,
    .frame_code = 0,
    CODE_3_12,
    UNITS_3_13,
    ADAPTIVE_3_13,
};
static const struct pyperf_layout layout_3_13t = {
    .name = "3.13t",
    .minor = 13,
    .free_threaded = true,
    .identity = PYPERF_BY_VERSION_AT_ONCE,
    .tstate_argument = true,
    .guard = PYPERF_GUARD_STACK_AND_UNITS,
    .frame_code = 0,
    CODE_3_13T,
    UNITS_3_13T,
};
/* _PyOptimizer_Optimize() has local variables of 123,008 bytes in 3.14.10; and below 32 KiB CPython
 * itself refuses (_PyOS_STACK_MARGIN_BYTES, twice).  3.15 needs less: threads of 96 KiB live. */
enum { JIT_STACK_3_14 = 192 << 10, JIT_STACK_3_15 = 128 << 10 };

/* From 3.14 the frame holds a _PyStackRef, whose low bits are tags. */
static const struct pyperf_layout layout_3_14 = {
    .name = "3.14",
    .minor = 14,
    .identity = PYPERF_BY_VERSION,
    .tstate_argument = true,
    .guard = PYPERF_GUARD_STACK,
    .frame_code = 0,
    .code_tag = 3,
    CODE_3_12,
    .jit_stack = JIT_STACK_3_14,
    ADAPTIVE_3_14,
};
static const struct pyperf_layout layout_3_14t = {
    .name = "3.14t",
    .minor = 14,
    .free_threaded = true,
    .identity = PYPERF_BY_VERSION_AT_ONCE,
    .tstate_argument = true,
    .guard = PYPERF_GUARD_STACK,
    .frame_code = 0,
    .code_tag = 3,
    CODE_3_13T,
    .jit_stack = JIT_STACK_3_14,
};
static const struct pyperf_layout layout_3_15 = {
    .name = "3.15",
    .minor = 15,
    .identity = PYPERF_BY_VERSION,
    .tstate_argument = true,
    .guard = PYPERF_GUARD_STACK,
    .frame_code = 0,
    .code_tag = 3,
    CODE_3_12,
    .jit_stack = JIT_STACK_3_15,
    ADAPTIVE_3_15,
};
static const struct pyperf_layout layout_3_15t = {
    .name = "3.15t",
    .minor = 15,
    .free_threaded = true,
    .identity = PYPERF_BY_VERSION_AT_ONCE,
    .tstate_argument = true,
    .guard = PYPERF_GUARD_STACK,
    .frame_code = 0,
    .code_tag = 3,
    CODE_3_13T,
    .jit_stack = JIT_STACK_3_15,
};

#endif
