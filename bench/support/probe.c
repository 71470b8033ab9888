/*
 * What the benchmarks need inside an interpreter and Python cannot do itself.
 *
 * Loaded by ctypes, in every mode alike, so that all modes run under equal conditions.
 */
#include <dlfcn.h>
#include <stddef.h>
#include <stdint.h>

typedef void PyObject;
typedef void *(*evaluator_fn)(void *, void *, void *);

extern PyObject *PyObject_CallObject(PyObject *, PyObject *);
extern void *_PyEval_EvalFrameDefault(void *, void *, void *);
extern void *PyThreadState_Get(void);

/* -- The floor: the least an evaluator can do ----------------------------------------------- */

static evaluator_fn next;

/* Compiles to a landing pad, a load and a jump. */
static void *pass_through(void *a, void *b, void *c)
{
    return next(a, b, c);
}

/* Before 3.9 the interpreter has no setter: find the word that holds the default evaluator.
 * 4 KiB is more than the distance in any of those (3.6 to 3.8: 112 to 568 bytes). */
static int set_by_scanning(void *interp)
{
    evaluator_fn *word = interp;
    for (size_t i = 0; i < 4096 / sizeof *word; i++) {
        if (word[i] == next) {
            word[i] = pass_through;
            return 0;
        }
    }
    return -1;
}

/* Sets the pass-through evaluator on the current interpreter; 0 or -1.  GIL held. */
int probe_install_floor(void)
{
    next = _PyEval_EvalFrameDefault;
    void *interp = *(void **)((char *)PyThreadState_Get() + 16); /* tstate->interp, 3.6 to 3.15 */
    void (*set)(void *, evaluator_fn) =
        (void (*)(void *, evaluator_fn))dlsym(RTLD_DEFAULT, "_PyInterpreterState_SetEvalFrameFunc");
    if (set == NULL)
        return set_by_scanning(interp);
    set(interp, pass_through);
    return 0;
}

/* -- Measuring ------------------------------------------------------------------------------ */

/* Calls `callable`.  valgrind counts what happens between entry and return, and knows the
 * function by its name. */
__attribute__((noinline)) PyObject *probe_counted(PyObject *callable)
{
    PyObject *result = PyObject_CallObject(callable, NULL);
    __asm__ volatile("" ::: "memory"); /* no tail call: the region would end before it began */
    return result;
}

/* libffi switches stacks, which hides from valgrind that it calls: so one more call, in C. */
PyObject *probe_region(PyObject *callable)
{
    PyObject *result = probe_counted(callable);
    __asm__ volatile("" ::: "memory");
    return result;
}

/* The address of this call's frame: how deep the C stack is. */
uintptr_t probe_stack_pointer(void)
{
    return (uintptr_t)__builtin_frame_address(0);
}
