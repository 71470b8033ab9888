/*
 * The Python frames that run in a thread, as CPython links them.
 *
 * Read where interp_rows.h has the fields, without a call of Python's.  From 3.11 on a frame is no
 * object, and its caller may run in the same C frame.
 */
#ifndef PYPERF_FRAMES_H
#define PYPERF_FRAMES_H

#include "interp.h"

/* Whether frames are where the row says: CPython's own functions are asked, once.  False also while
 * no Python runs yet; one log line if the row is wrong.  `tstate` is current; 3.11+. */
bool pyperf_frames_are_known(const struct pyperf_python *python, void *tstate);

/* What the thread runs, or an entry of the loop; NULL: nothing. */
void *pyperf_frame_current(const struct pyperf_layout *layout, void *tstate);

static inline int pyperf_frame_owner(const struct pyperf_layout *layout, const void *frame)
{
    return *((const unsigned char *)frame + layout->frame_owner);
}

/* Who called: a frame, or an entry of the loop; NULL: no Python. */
static inline void *pyperf_frame_caller(const struct pyperf_layout *layout, const void *frame)
{
    return pyperf_pointer_at(frame, layout->frame_previous);
}

/* Whether it is none of a function's, but stands for an entry of the loop, or for C. */
static inline bool pyperf_frame_is_entry(const struct pyperf_layout *layout, const void *frame)
{
    return pyperf_frame_owner(layout, frame) >= 3; /* from 3.12 on; up to 3.13 FRAME_OWNED_BY_CSTACK
                                                      is the first such owner */
}

/* prev_instr, from 3.13 instr_ptr: _PyInterpreterFrame, the same in all versions. */
static inline const char *pyperf_frame_instruction(const void *frame)
{
    return pyperf_pointer_at(frame, 56);
}

/* The first of `frame` and its callers that tracebacks show, too: neither an entry of the loop nor
 * one that has not begun.  NULL: none. */
void *pyperf_frame_complete(const struct pyperf_layout *layout, void *frame);

/* The address, in the bytecode that code.h tells of, where the frame is: within or just behind the
 * instruction that runs.  0: it cannot be told. */
uintptr_t pyperf_frame_position(const struct pyperf_layout *layout, const void *frame);

#endif
