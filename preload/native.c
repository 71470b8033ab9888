/* Makes room for Python's own perf support; see native.h. */
#include "native.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "evaluator.h"

/* PyMethodDef and its flags: Include/methodobject.h, the same in every version. */
struct method_definition {
    const char *name;
    PyObject *(*function)(PyObject *self, PyObject *arguments, PyObject *keywords);
    int flags;
    const char *doc;
};
enum { METH_VARARGS_KEYWORDS = 3 };

static const struct pyperf_python *python;

bool pyperf_native_is_asked_for(const struct pyperf_python *found)
{
    static const char *const options[] = {"perf", "perf_jit"};
    static const char *const variables[] = {"PYTHONPERFSUPPORT", "PYTHON_PERF_JIT_SUPPORT"};
    if (found->layout->minor < 12)
        return false;
    PyObject *given = found->sys_object("_xoptions");
    for (size_t i = 0; i < 2; i++) {
        const char *variable = getenv(variables[i]);
        if ((given != NULL && found->dict_item(given, options[i]) != NULL) ||
            (variable != NULL && strcmp(variable, "1") == 0))
            return true;
    }
    return false;
}

/* `self` is the function that ours stands for. */
static PyObject *activate(PyObject *self, PyObject *arguments, PyObject *keywords)
{
    bool ours = pyperf_evaluator_installed();
    if (ours)
        pyperf_evaluator_remove();
    PyObject *result = python->call(self, arguments, keywords);
    if (ours && result == NULL)
        pyperf_evaluator_install(); /* it was called wrongly, or cannot work here */
    return result;
}

static PyObject *deactivate(PyObject *self, PyObject *arguments, PyObject *keywords)
{
    PyObject *result = python->call(self, arguments, keywords);
    if (result != NULL)
        pyperf_evaluator_install();
    return result;
}

static struct method_definition wrappers[] = {
    {"activate_stack_trampoline", activate, METH_VARARGS_KEYWORDS, NULL},
    {"deactivate_stack_trampoline", deactivate, METH_VARARGS_KEYWORDS, NULL},
};

void pyperf_native_wrap(const struct pyperf_python *found)
{
    if (found->layout->minor < 12)
        return;
    python = found;
    for (size_t i = 0; i < sizeof wrappers / sizeof wrappers[0]; i++) {
        PyObject *original = found->sys_object(wrappers[i].name);
        PyObject *wrapper =
            original != NULL ? found->new_function(&wrappers[i], original, NULL) : NULL;
        if (wrapper == NULL || found->set_sys_object(wrappers[i].name, wrapper) != 0)
            found->error_clear();
        if (wrapper != NULL)
            found->decref(wrapper);
    }
}
