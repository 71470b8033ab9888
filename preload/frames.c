/* Reads CPython's frames; see frames.h. */
#include "frames.h"

#include <string.h>

#include "log.h"

enum { OWNED_BY_GENERATOR = 1 };
enum { UNIT = 2 }; /* bytes of an instruction */

void *pyperf_frame_current(const struct pyperf_layout *layout, void *tstate)
{
    if (layout->tstate_cframe != 0)
        return pyperf_pointer_at(pyperf_pointer_at(tstate, layout->tstate_cframe),
                                 layout->cframe_frame);
    return pyperf_pointer_at(tstate, layout->tstate_frame);
}

static PyObject *code_of(const struct pyperf_layout *layout, const void *frame)
{
    return (PyObject *)((uintptr_t)pyperf_pointer_at(frame, layout->frame_code) &
                        ~layout->code_tag);
}

/* Where the bytecode that the frame runs begins; NULL: not known.  Without a GIL each thread may
 * have its own (struct _PyCodeArray: how many, then where each is). */
static const char *bytecode_of(const struct pyperf_layout *layout, const void *frame)
{
    PyObject *code = code_of(layout, frame);
    if (layout->co_tlbc == 0)
        return (const char *)code + layout->co_bytecode;
    const void *copies = pyperf_pointer_at(code, layout->co_tlbc);
    int32_t index;
    memcpy(&index, (const char *)frame + layout->frame_tlbc, sizeof index);
    if (copies == NULL || index < 0 || (size_t)index >= (size_t)pyperf_pointer_at(copies, 0))
        return NULL;
    return pyperf_pointer_at(copies, sizeof(void *) * (1 + (size_t)index));
}

/* _co_firsttraceable, the last int but for a pointer, or two, in front of the bytecode. */
static int first_traceable(const struct pyperf_layout *layout, const PyObject *code)
{
    size_t end = layout->co_tlbc != 0 ? layout->co_tlbc : layout->co_bytecode;
    int first;
    memcpy(&first, (const char *)code + end - 16, sizeof first);
    return first;
}

/* _PyFrame_IsIncomplete() of the same file. */
static bool is_incomplete(const struct pyperf_layout *layout, const void *frame)
{
    if (pyperf_frame_is_entry(layout, frame))
        return true;
    if (pyperf_frame_owner(layout, frame) == OWNED_BY_GENERATOR)
        return false;
    const char *bytecode = bytecode_of(layout, frame);
    const char *instruction = pyperf_frame_instruction(frame);
    return bytecode != NULL &&
           instruction <
               bytecode + (ptrdiff_t)first_traceable(layout, code_of(layout, frame)) * UNIT;
}

void *pyperf_frame_complete(const struct pyperf_layout *layout, void *frame)
{
    while (frame != NULL && is_incomplete(layout, frame))
        frame = pyperf_frame_caller(layout, frame);
    return frame;
}

uintptr_t pyperf_frame_position(const struct pyperf_layout *layout, const void *frame)
{
    enum { OB_SIZE = 16, FREE_THREADED_HEADER = 16 }; /* of a code object: units of bytecode */
    const char *bytecode = bytecode_of(layout, frame);
    const char *instruction = pyperf_frame_instruction(frame);
    PyObject *code = code_of(layout, frame);
    size_t size = (size_t)pyperf_pointer_at(
        code, OB_SIZE + (layout->free_threaded ? FREE_THREADED_HEADER : 0));
    if (bytecode == NULL || instruction < bytecode || instruction >= bytecode + size * UNIT)
        return 0;
    return (uintptr_t)code + layout->co_bytecode + (uintptr_t)(instruction - bytecode);
}

/* -- Verification --------------------------------------------------------------------------- */

/* PyFrameObject: f_back, f_frame (Include/internal/pycore_frame.h) */
static void *frame_of(const struct pyperf_python *python, PyObject *object)
{
    return pyperf_pointer_at(object, python->layout->free_threaded ? 40 : 24);
}

static bool is_right(const struct pyperf_python *python, void *tstate, PyObject *object)
{
    const struct pyperf_layout *layout = python->layout;
    void *frame = pyperf_frame_current(layout, tstate);
    if (frame_of(python, object) != pyperf_frame_complete(layout, frame))
        return false;
    frame = frame_of(python, object);
    PyObject *code = python->frame_code(object);
    bool right = code == code_of(layout, frame);
    python->decref(code);
    PyObject *back = python->frame_back(object);
    void *caller = pyperf_frame_complete(layout, pyperf_frame_caller(layout, frame));
    right = right && caller == (back != NULL ? frame_of(python, back) : NULL);
    if (back != NULL)
        python->decref(back);
    return right;
}

bool pyperf_frames_are_known(const struct pyperf_python *python, void *tstate)
{
    enum { UNKNOWN, RIGHT, WRONG };
    static int state = UNKNOWN;
    int known = __atomic_load_n(&state, __ATOMIC_RELAXED);
    if (known != UNKNOWN)
        return known == RIGHT;
    PyObject *object = python->thread_frame(tstate);
    if (object == NULL)
        return false; /* no Python yet */
    known = is_right(python, tstate, object) ? RIGHT : WRONG;
    python->decref(object);
    if (known == WRONG)
        pyperf_log_error("this CPython %s keeps its frames elsewhere than known builds: recursion "
                         "through C may go deeper than usual, and stacks that are cut off have no "
                         "root",
                         python->layout->name);
    __atomic_store_n(&state, known, __ATOMIC_RELAXED);
    return known == RIGHT;
}
