/* Ends the waits between attempts to specialise; see specialize.h. */
#include "specialize.h"

#include <stdbool.h>
#include <string.h>

/* Callers to look at: recursion through more functions than that is rare. */
enum { CYCLE = 16 };

/* Counter 0, so that the next execution tries, and the shortest wait after a failure.  The wait is
 * in the low 4 bits, in 3.15 the low 3 (Include/internal/pycore_backoff.h; up to 3.12
 * pycore_code.h, "adaptive counter"). */
static const uint16_t EXPIRED = 1;

static bool waits(const struct pyperf_layout *layout, uint8_t opcode)
{
    return memchr(layout->adaptive_opcodes, opcode, sizeof layout->adaptive_opcodes) != NULL;
}

/* An instruction is an opcode and an argument, a byte each; behind it are its cache entries, which
 * in the copy that PyCode_GetCode() makes are all 0, CACHE.  The first is the counter. */
static void end_waits(const struct pyperf_python *python, PyObject *code)
{
    PyObject *copy = python->code_bytes(code);
    char *plain;
    ptrdiff_t size;
    if (copy == NULL || python->bytes(copy, &plain, &size) != 0) {
        python->error_clear();
        size = 0;
    }
    uint8_t *adaptive = (uint8_t *)code + python->layout->co_adaptive;
    for (ptrdiff_t i = 0; i + 3 < size; i += 2) {
        if (plain[i] != 0 && plain[i + 2] == 0 && waits(python->layout, adaptive[i]))
            memcpy(adaptive + i + 2, &EXPIRED, sizeof EXPIRED);
    }
    if (copy != NULL)
        python->decref(copy);
}

/* Fills `found` with the code of the callers, the nearest first, up to `code` itself; false if that
 * is not among them.  The caller releases the `count` found in either case. */
static bool find_cycle(const struct pyperf_python *python, void *tstate, PyObject *code,
                       PyObject *found[CYCLE], int *count)
{
    bool closed = false;
    PyObject *frame = python->thread_frame(tstate);
    for (*count = 0; frame != NULL && *count < CYCLE && !closed;) {
        PyObject *caller = python->frame_code(frame);
        found[(*count)++] = caller;
        closed = caller == code;
        PyObject *next = closed ? NULL : python->frame_back(frame);
        python->decref(frame);
        frame = next;
    }
    if (frame != NULL)
        python->decref(frame);
    return closed;
}

void pyperf_specialize_recursion(const struct pyperf_python *python, void *tstate, PyObject *code)
{
    if (python->layout->co_adaptive == 0)
        return;
    PyObject *type, *value, *traceback;
    python->error_fetch(&type, &value, &traceback);
    PyObject *cycle[CYCLE];
    int count;
    bool recursion = find_cycle(python, tstate, code, cycle, &count);
    for (int i = 0; i < count; i++) {
        if (recursion)
            end_waits(python, cycle[i]);
        python->decref(cycle[i]);
    }
    python->error_restore(type, value, traceback);
}
