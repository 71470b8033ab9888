/*
 * One row for each CPython that we know.  All that differs between versions is here.
 *
 * Read off the DWARF of built interpreters (3.6 to 3.13), and by offsetof() from the headers of
 * 3.13 to 3.15, with and without Py_GIL_DISABLED.  pyperf_interp_verify() checks each on the
 * running interpreter.
 *
 * Define ROW(id, name, minor, ...) before including this; the rest of its arguments initialise a
 * struct pyperf_layout, with the macros of interp_layouts.h.  ROW is undefined at the end.
 */

/* A line for each fact. */
/* clang-format off */

ROW(3_6, "3.6", 6,
    .identity = PYPERF_BY_ADDRESS,
    .frame_code = 32,
    CODE_3_6,
    FUNCTION_3_6,
    .eval_frame = 112)

ROW(3_7, "3.7", 7,
    .identity = PYPERF_BY_ADDRESS,
    .frame_code = 32,
    CODE_3_6,
    FUNCTION_3_6,
    .eval_frame = 464)

ROW(3_8, "3.8", 8,
    .identity = PYPERF_BY_ADDRESS,
    .frame_code = 32,
    CODE_3_8,
    FUNCTION_3_6,
    .eval_frame = 568)

ROW(3_9, "3.9", 9,
    .identity = PYPERF_BY_ADDRESS,
    .tstate_argument = true,
    .frame_code = 32,
    CODE_3_8,
    FUNCTION_3_6)

ROW(3_10, "3.10", 10,
    .identity = PYPERF_BY_ADDRESS,
    .tstate_argument = true,
    .frame_code = 32,
    CODE_3_8,
    FUNCTION_3_10)

ROW(3_11, "3.11", 11,
    .identity = PYPERF_BY_ADDRESS,
    .tstate_argument = true,
    .guard = PYPERF_GUARD_STACK,
    .frame_code = 32,
    FRAMES_3_11,
    .co_filename = 112,
    .co_name = 120,
    .co_qualname = 128,
    .co_lines = 136,
    .co_firstlineno = 72,
    ADAPTIVE_3_11)

ROW(3_12, "3.12", 12,
    .identity = PYPERF_BY_VERSION,
    .tstate_argument = true,
    .guard = PYPERF_GUARD_STACK_AND_UNITS,
    .frame_code = 0,
    FRAMES_3_12,
    CODE_3_12,
    UNITS_3_12,
    ADAPTIVE_3_12)

ROW(3_13, "3.13", 13,
    .identity = PYPERF_BY_VERSION,
    .tstate_argument = true,
    .guard = PYPERF_GUARD_STACK_AND_UNITS,
    .frame_code = 0,
    FRAMES_3_13,
    CODE_3_12,
    UNITS_3_13,
    ADAPTIVE_3_13)

ROW(3_13t, "3.13t", 13,
    .free_threaded = true,
    .identity = PYPERF_BY_VERSION_AT_ONCE,
    .tstate_argument = true,
    .guard = PYPERF_GUARD_STACK_AND_UNITS,
    .frame_code = 0,
    FRAMES_3_13,
    CODE_3_13T,
    UNITS_3_13T,
    .co_bytecode = 216)

/* From 3.14 the frame holds a _PyStackRef, whose low bits are tags. */
ROW(3_14, "3.14", 14,
    .identity = PYPERF_BY_VERSION,
    .tstate_argument = true,
    .guard = PYPERF_GUARD_STACK,
    .frame_code = 0,
    FRAMES_3_14,
    .code_tag = 3,
    CODE_3_12,
    .jit_stack = JIT_STACK_3_14,
    ADAPTIVE_3_14)

ROW(3_14t, "3.14t", 14,
    .free_threaded = true,
    .identity = PYPERF_BY_VERSION_AT_ONCE,
    .tstate_argument = true,
    .guard = PYPERF_GUARD_STACK,
    .frame_code = 0,
    FRAMES_3_14T,
    .code_tag = 3,
    CODE_3_13T,
    .co_bytecode = 232, /* behind co_tlbc, of which it is the first: that of the main thread */
    .jit_stack = JIT_STACK_3_14)

ROW(3_15, "3.15", 15,
    .identity = PYPERF_BY_VERSION,
    .tstate_argument = true,
    .guard = PYPERF_GUARD_STACK,
    .frame_code = 0,
    FRAMES_3_14,
    .code_tag = 3,
    CODE_3_12,
    .jit_stack = JIT_STACK_3_15,
    ADAPTIVE_3_15)

ROW(3_15t, "3.15t", 15,
    .free_threaded = true,
    .identity = PYPERF_BY_VERSION_AT_ONCE,
    .tstate_argument = true,
    .guard = PYPERF_GUARD_STACK,
    .frame_code = 0,
    FRAMES_3_14T,
    .code_tag = 3,
    CODE_3_13T,
    .co_bytecode = 232, /* behind co_tlbc, of which it is the first: that of the main thread */
    .jit_stack = JIT_STACK_3_15)

/* clang-format on */

#undef ROW
