/*
 * The rows of interp_rows.h as constants, layout_3_6 to layout_3_15t, and what several rows share.
 *
 * For files that need the rows at compile time: interp.c picks one, evaluator.c makes evaluators
 * from each.
 */
#ifndef PYPERF_INTERP_LAYOUTS_H
#define PYPERF_INTERP_LAYOUTS_H

#include "interp.h"

/* Up to 3.10 code objects differ only by the argument count that 3.8 added. */
#define CODE_3_6                                                                                   \
    .co_filename = 96, .co_name = 104, .co_firstlineno = 36, .co_code = 40, .co_consts = 48,       \
    .co_names = 56, .co_lines = 112
#define CODE_3_8                                                                                   \
    .co_filename = 104, .co_name = 112, .co_firstlineno = 40, .co_code = 48, .co_consts = 56,      \
    .co_names = 64, .co_lines = 120
#define CODE_3_12                                                                                  \
    .co_filename = 112, .co_name = 120, .co_qualname = 128, .co_firstlineno = 68,                  \
    .co_version = 92, .co_lines = 136
#define FUNCTION_3_6  .func_code = 16, .func_qualname = 104
#define FUNCTION_3_10 .func_code = 48, .func_qualname = 40
/* Free-threaded object headers are 16 bytes longer. */
#define CODE_3_13T                                                                                 \
    .co_filename = 128, .co_name = 136, .co_qualname = 144, .co_firstlineno = 84,                  \
    .co_version = 108, .co_lines = 152

/* _PyInterpreterFrame (Include/internal/pycore_frame.h, from 3.14 pycore_interpframe_structs.h) and
 * the thread state (Include/cpython/pystate.h). */
#define FRAMES_3_11 .tstate_cframe = 56, .cframe_frame = 8, .frame_previous = 48, .frame_owner = 69
#define FRAMES_3_12 .tstate_cframe = 56, .frame_previous = 8, .frame_owner = 70
#define FRAMES_3_13 .tstate_frame = 72, .frame_previous = 8, .frame_owner = 70
#define FRAMES_3_14 .tstate_frame = 72, .frame_previous = 8, .frame_owner = 74
#define FRAMES_3_14T                                                                               \
    .tstate_frame = 72, .frame_previous = 8, .frame_owner = 78, .frame_tlbc = 72, .co_tlbc = 224

/* Include/opcode_ids.h of each version: FOR_ITER, LOAD_ATTR, BINARY_SUBSCR (from 3.14 BINARY_OP)
 * and CALL; on 3.11, where the first two are not adaptive, BINARY_SUBSCR_ADAPTIVE alone. */
#define ADAPTIVE_3_11 .co_bytecode = 184, .co_adaptive = 184, .adaptive_opcodes = {17}
#define ADAPTIVE_3_12 .co_bytecode = 192, .co_adaptive = 192, .adaptive_opcodes = {93, 106, 25, 171}
#define ADAPTIVE_3_13 .co_bytecode = 200, .co_adaptive = 200, .adaptive_opcodes = {72, 82, 5, 53}
#define ADAPTIVE_3_14 .co_bytecode = 208, .co_adaptive = 208, .adaptive_opcodes = {70, 80, 44, 52}
#define ADAPTIVE_3_15 .co_bytecode = 208, .co_adaptive = 208, .adaptive_opcodes = {68, 79, 42, 50}

/* Thread state (Include/cpython/pystate.h) and opcodes; without a GIL 3.13 does not specialise, and
 * inlines only calls and awaits. */
#define UNITS_3_12                                                                                 \
    .c_recursion_remaining = 36, .co_flags = 48,                                                   \
    .inlines = {                                                                                   \
        .for_iter = 93, .send = 123, .load_attr = 106, .subscript = 25, .call_unpacking = 142}
#define UNITS_3_13                                                                                 \
    .c_recursion_remaining = 52, .co_flags = 48,                                                   \
    .inlines = {                                                                                   \
        .for_iter = 72, .send = 104, .load_attr = 82, .subscript = 5, .call_unpacking = 54}
#define UNITS_3_13T                                                                                \
    .c_recursion_remaining = 52, .co_flags = 64, .inlines = {.send = 104, .call_unpacking = 54}

/* _PyOptimizer_Optimize() has local variables of 123,008 bytes in 3.14.10; and below 32 KiB CPython
 * itself refuses (_PyOS_STACK_MARGIN_BYTES, twice).  3.15 needs less: threads of 96 KiB live. */
enum { JIT_STACK_3_14 = 192 << 10, JIT_STACK_3_15 = 128 << 10 };

#define ROW(id, version, number, ...)                                                              \
    static const struct pyperf_layout layout_##id = {                                              \
        .name = (version), .minor = (number), __VA_ARGS__};
#include "interp_rows.h"

#endif
