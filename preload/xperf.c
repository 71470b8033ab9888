/* Stands aside for CPython's own perf support; see xperf.h. */
#include "xperf.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "hook.h"
#include "log.h"

/* PyMethodDef (Include/methodobject.h), the same from 3.12 to 3.15. */
struct method {
    const char *name;
    PyObject *(*function)(PyObject *, PyObject *);
    int flags;
    const char *doc;
};

static const struct pyperf_python *python;
static PyObject *(*xperf_activate)(PyObject *, PyObject *);
static PyObject *(*xperf_deactivate)(PyObject *, PyObject *);
static void *displaced; /* the interpreter where CPython's own took our place */

/* -- At start-up ---------------------------------------------------------------------------- */

/* As Python reads it: any number but 0 (Python/initconfig.c). */
static bool is_set(const char *variable)
{
    const char *value = getenv(variable);
    if (value == NULL || value[0] == '\0')
        return false;
    char *end;
    return strtol(value, &end, 10) != 0 && *end == '\0';
}

static bool environment_counts(const struct pyperf_python *found)
{
    PyObject *flags = found->sys_object("flags");
    PyObject *ignored = flags != NULL ? found->attribute(flags, "ignore_environment") : NULL;
    if (ignored == NULL) {
        found->error_clear();
        return true;
    }
    bool counts = found->is_true(ignored) == 0;
    found->decref(ignored);
    return counts;
}

bool pyperf_xperf_is_asked_for(const struct pyperf_python *found)
{
    static const char *const names[] = {"perf", "perf_jit"};
    if (found->layout->minor < 12)
        return false;
    PyObject *options = found->sys_object("_xoptions");
    for (size_t i = 0; options != NULL && i < sizeof names / sizeof names[0]; i++)
        if (found->dict_item(options, names[i]) != NULL)
            return true;
    return (is_set("PYTHONPERFSUPPORT") || is_set("PYTHON_PERF_JIT_SUPPORT")) &&
           environment_counts(found);
}

/* -- At run time ---------------------------------------------------------------------------- */

static PyObject *activate(PyObject *module, PyObject *backend)
{
    bool was_ours = pyperf_hook_remove();
    PyObject *result = xperf_activate(module, backend);
    if (result == NULL && was_ours)
        pyperf_hook_install(true);
    if (result != NULL && was_ours) {
        __atomic_store_n(&displaced, pyperf_interp_of(python->current_tstate()), __ATOMIC_RELAXED);
        pyperf_log_info("sys.activate_stack_trampoline(): Python's own trampolines serve");
    }
    return result;
}

static PyObject *deactivate(PyObject *module, PyObject *unused)
{
    void *interp = pyperf_interp_of(python->current_tstate());
    bool was_ours = pyperf_hook_remove();
    PyObject *result = xperf_deactivate(module, unused);
    bool is_displaced = __atomic_load_n(&displaced, __ATOMIC_RELAXED) == interp;
    if (was_ours || (result != NULL && is_displaced)) {
        pyperf_hook_install(was_ours);
        if (is_displaced)
            __atomic_store_n(&displaced, NULL, __ATOMIC_RELAXED);
    }
    return result;
}

/* The definition behind one of sys's functions, NULL when it is not what we know. */
static struct method *method_of(const char *name)
{
    PyObject *function = python->sys_object(name);
    if (function == NULL || pyperf_type_of(function, python->layout) != python->cfunction_type)
        return NULL;
    /* PyCFunctionObject: m_ml follows the object header (Include/cpython/methodobject.h) */
    struct method *method = pyperf_pointer_at(function, python->layout->free_threaded ? 32 : 16);
    return strcmp(method->name, name) == 0 ? method : NULL;
}

static void wrap(const char *name, PyObject *(*ours)(PyObject *, PyObject *),
                 PyObject *(**original)(PyObject *, PyObject *))
{
    struct method *method = method_of(name);
    if (method == NULL || method->function == ours)
        return;
    *original = method->function;
    __atomic_store_n(&method->function, ours, __ATOMIC_RELEASE);
}

void pyperf_xperf_give_way(const struct pyperf_python *found)
{
    if (found->layout->minor < 12)
        return;
    python = found;
    wrap("activate_stack_trampoline", activate, &xperf_activate);
    wrap("deactivate_stack_trampoline", deactivate, &xperf_deactivate);
}
