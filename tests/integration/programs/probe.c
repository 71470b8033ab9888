/* Another user of CPython's hooks: a frame evaluator that counts, and an extra slot of code
 * objects with a free function.  Called through ctypes.PyDLL by hooks.py, so that it needs
 * no Python header. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stddef.h>

typedef void *(*evaluator)(void *, void *, void *);

static void *interp(void)
{
    void *(*get)(void) = (void *(*)(void))dlsym(RTLD_DEFAULT, "PyInterpreterState_Get");
    return get();
}

static evaluator get_evaluator(void)
{
    evaluator (*get)(void *) =
        (evaluator(*)(void *))dlsym(RTLD_DEFAULT, "_PyInterpreterState_GetEvalFrameFunc");
    return get(interp());
}

static void set_evaluator(evaluator what)
{
    void (*set)(void *, evaluator) =
        (void (*)(void *, evaluator))dlsym(RTLD_DEFAULT, "_PyInterpreterState_SetEvalFrameFunc");
    set(interp(), what);
}

static evaluator before;
static long calls;

static void *counting(void *a, void *b, void *c)
{
    calls++;
    return before(a, b, c);
}

void install(void)
{
    before = get_evaluator();
    set_evaluator(counting);
}

long restore(void)
{
    set_evaluator(before);
    return calls;
}

/* As pydevd does: a direct call of the default evaluator, set back to it afterwards. */
void install_rudely(void)
{
    before = (evaluator)dlsym(RTLD_DEFAULT, "_PyEval_EvalFrameDefault");
    set_evaluator(counting);
}

static long freed, freed_null;

static void free_extra(void *extra)
{
    freed++;
    freed_null += extra == NULL;
}

static void *either(const char *one, const char *other)
{
    void *found = dlsym(RTLD_DEFAULT, one);
    return found != NULL ? found : dlsym(RTLD_DEFAULT, other);
}

long request_index(void)
{
    ptrdiff_t (*request)(void (*)(void *)) = (ptrdiff_t(*)(void (*)(void *)))either(
        "PyUnstable_Eval_RequestCodeExtraIndex", "_PyEval_RequestCodeExtraIndex");
    return request(free_extra);
}

long set_extra(void *code, long index, void *value)
{
    int (*set)(void *, ptrdiff_t, void *) =
        (int (*)(void *, ptrdiff_t, void *))either("PyUnstable_Code_SetExtra", "_PyCode_SetExtra");
    return set(code, index, value);
}

long get_extra(void *code, long index)
{
    int (*get)(void *, ptrdiff_t, void **) =
        (int (*)(void *, ptrdiff_t, void **))either("PyUnstable_Code_GetExtra", "_PyCode_GetExtra");
    void *value = NULL;
    return get(code, index, &value) == 0 ? (long)value : -1;
}

long freed_count(void)
{
    return freed;
}

long freed_null_count(void)
{
    return freed_null;
}
