/* Finds CPython, picks its row, resolves what the row needs; see interp.h. */
#include "interp.h"

#include <dlfcn.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "interp_layouts.h"
#include "log.h"
#include "pyperf.h"

static const struct pyperf_layout *const layouts[] = {
#define ROW(id, name, minor, ...) &layout_##id,
#include "interp_rows.h"
};

#define ROW(id, name, minor, ...) | 1U << (minor)
enum {
    KNOWN = 0U
#include "interp_rows.h"
};
_Static_assert(KNOWN == (2U << PYPERF_LAST_MINOR) - (1U << PYPERF_FIRST_MINOR),
               "pyperf.h names other versions than interp_rows.h");

/* -- Version -------------------------------------------------------------------------------- */

static const struct pyperf_layout *layout_for(int minor, bool free_threaded)
{
    for (size_t i = 0; i < sizeof layouts / sizeof layouts[0]; i++)
        if (layouts[i]->minor == minor && layouts[i]->free_threaded == free_threaded)
            return layouts[i];
    return NULL;
}

/* 3.13+ describes itself: _PyRuntime starts with the cookie "xdebugpy", a u64 version, and a u64
 * that says free-threaded (Include/internal/pycore_debug_offsets.h). */
static int read_free_threaded(void *handle, bool *free_threaded)
{
    const char *runtime = dlsym(handle, "_PyRuntime");
    if (runtime == NULL || memcmp(runtime, "xdebugpy", 8) != 0)
        return -ENOTSUP;
    uint64_t flag;
    memcpy(&flag, runtime + 16, sizeof flag);
    *free_threaded = flag != 0;
    return flag <= 1 ? 0 : -ENOTSUP;
}

static int pick_layout(struct pyperf_python *python, void *handle)
{
    const char *(*get_version)(void) = (const char *(*)(void))dlsym(handle, "Py_GetVersion");
    if (get_version == NULL) {
        pyperf_log_error("declined: an interpreter without Py_GetVersion");
        return -ENOTSUP;
    }
    const char *version = get_version();
    int shown = (int)strcspn(version, " ");
    int minor = -1;
    if (strncmp(version, "3.", 2) == 0)
        minor = (int)strtol(version + 2, NULL, 10);

    bool free_threaded = false;
    if (minor >= 13 && read_free_threaded(handle, &free_threaded) != 0)
        minor = -1;
    if (dlsym(handle, "_Py_RefTotal") != NULL || dlsym(handle, "_Py_GetRefTotal") != NULL ||
        dlsym(handle, "_Py_GetGlobalRefTotal") != NULL) {
        pyperf_log_error("declined: CPython %.*s is a debug build; use a release build", shown,
                         version);
        return -ENOTSUP;
    }
    python->layout = layout_for(minor, free_threaded);
    if (python->layout == NULL) {
        pyperf_log_error("declined: CPython %.*s is not known to libpyperf; " PYPERF_VERSIONS
                         " are",
                         shown, version);
        return -ENOTSUP;
    }
    return 0;
}

/* -- Functions ------------------------------------------------------------------------------ */

/* First and last minor version that must have the symbol; 0: no bound. */
struct requirement {
    const char *symbol;
    size_t offset; /* in struct pyperf_python */
    int first, last;
};

#define NEED(field, symbol, first, last)                                                           \
    {                                                                                              \
        symbol, offsetof(struct pyperf_python, field), first, last                                 \
    }

static const struct requirement requirements[] = {
    NEED(default_evaluator, "_PyEval_EvalFrameDefault", 0, 0),
    NEED(current_tstate, "_PyThreadState_UncheckedGet", 0, 12),
    NEED(current_tstate, "PyThreadState_GetUnchecked", 13, 0),
    NEED(set_evaluator, "_PyInterpreterState_SetEvalFrameFunc", 9, 0),
    NEED(get_evaluator, "_PyInterpreterState_GetEvalFrameFunc", 9, 0),
    NEED(interp_id, "PyInterpreterState_GetID", 7, 0),
    NEED(next_interp, "PyInterpreterState_Next", 0, 6),
    NEED(recursion_limit, "Py_GetRecursionLimit", 11, 0),
    NEED(utf8, "PyUnicode_AsUTF8AndSize", 0, 0),
    NEED(encode, "PyUnicode_AsEncodedString", 0, 0),
    NEED(bytes, "PyBytes_AsStringAndSize", 0, 0),
    NEED(incref, "Py_IncRef", 0, 0),
    NEED(decref, "Py_DecRef", 0, 0),
    NEED(error_occurred, "PyErr_Occurred", 0, 0),
    NEED(error_clear, "PyErr_Clear", 0, 0),
    NEED(error_fetch, "PyErr_Fetch", 0, 0),
    NEED(error_restore, "PyErr_Restore", 0, 0),
    NEED(new_empty_code, "PyCode_NewEmpty", 0, 0),
    NEED(sys_object, "PySys_GetObject", 12, 0),
    NEED(dict_item, "PyDict_GetItemString", 0, 0),
    NEED(attribute, "PyObject_GetAttrString", 0, 0),
    NEED(module_dict, "PyImport_GetModuleDict", 0, 0),
    NEED(is_true, "PyObject_IsTrue", 12, 0),
    NEED(call, "PyObject_CallObject", 14, 0),
    NEED(thread_frame, "PyThreadState_GetFrame", 11, 0),
    NEED(frame_back, "PyFrame_GetBack", 11, 0),
    NEED(frame_code, "PyFrame_GetCode", 11, 0),
    NEED(code_bytes, "PyCode_GetCode", 11, 0),
    NEED(generic_getattr, "PyObject_GenericGetAttr", 12, 13),
    NEED(code_type, "PyCode_Type", 0, 0),
    NEED(definition_type, "PyModuleDef_Type", 0, 0),
    NEED(cfunction_type, "PyCFunction_Type", 12, 0),
    NEED(tuple_size, "PyTuple_Size", 0, 10),
    NEED(tuple_item, "PyTuple_GetItem", 0, 10),
    NEED(compare_ascii, "PyUnicode_CompareWithASCIIString", 0, 13),
    NEED(mapping_values, "PyMapping_Values", 0, 10),
    NEED(list_size, "PyList_Size", 0, 10),
    NEED(list_item, "PyList_GetItem", 0, 10),
    NEED(unicode_type, "PyUnicode_Type", 0, 10),
    NEED(function_type, "PyFunction_Type", 0, 10),
    NEED(type_type, "PyType_Type", 0, 10),
    NEED(classmethod_type, "PyClassMethod_Type", 0, 10),
    NEED(staticmethod_type, "PyStaticMethod_Type", 0, 10),
};

static int resolve(struct pyperf_python *python, void *handle)
{
    int minor = python->layout->minor;
    for (size_t i = 0; i < sizeof requirements / sizeof requirements[0]; i++) {
        const struct requirement *need = &requirements[i];
        if (minor < need->first || (need->last != 0 && minor > need->last))
            continue;
        void *found = dlsym(handle, need->symbol);
        if (found == NULL) {
            pyperf_log_error("declined: CPython %s without the symbol %s", python->layout->name,
                             need->symbol);
            return -ENOTSUP;
        }
        memcpy((char *)python + need->offset, &found, sizeof found);
    }
    return 0;
}

bool pyperf_interp_present(void *handle)
{
    return dlsym(handle, "PyImport_Inittab") != NULL || dlsym(handle, "PyPy_GetVersion") != NULL;
}

int pyperf_interp_find(struct pyperf_python *python, void *handle)
{
    *python = (struct pyperf_python){0};
    if (dlsym(handle, "PyPy_GetVersion") != NULL) {
        pyperf_log_error(
            "declined: PyPy has no frame evaluator to hook; use CPython " PYPERF_VERSIONS);
        return -ENOTSUP;
    }
    python->inittab = (struct pyperf_inittab **)dlsym(handle, "PyImport_Inittab");
    if (python->inittab == NULL)
        return -ENOENT;
    int status = pick_layout(python, handle);
    return status != 0 ? status : resolve(python, handle);
}

/* -- Verification --------------------------------------------------------------------------- */

static bool string_is(const struct pyperf_python *python, PyObject *string, const char *expected)
{
    ptrdiff_t size;
    if (string == NULL)
        return false;
    const char *text = python->utf8(string, &size);
    return text != NULL && strcmp(text, expected) == 0;
}

/* What was never run is not specialised yet; only the cache entries, 0 in the copy, may differ. */
static bool is_adaptive_code(const struct pyperf_python *python, PyObject *code)
{
    PyObject *copy = python->code_bytes(code);
    char *plain;
    ptrdiff_t size;
    if (copy == NULL || python->bytes(copy, &plain, &size) != 0)
        return false;
    const char *adaptive = (const char *)code + python->layout->co_adaptive;
    bool same = size > 0;
    for (ptrdiff_t i = 0; i + 1 < size; i += 2)
        same = same && (plain[i] == 0 || memcmp(adaptive + i, plain + i, 2) == 0);
    python->decref(copy);
    return same;
}

static bool is_attribute_at(const struct pyperf_python *python, PyObject *code, const char *name,
                            size_t offset)
{
    PyObject *value = python->attribute(code, name);
    if (value == NULL) {
        python->error_clear();
        return false;
    }
    bool same = value == pyperf_pointer_at(code, offset);
    python->decref(value);
    return same;
}

/* A wrong offset may hold anything, so each is followed only where the one before proved right:
 * the line first (a number), then the type's own word, then the strings. */
static const char *find_mismatch(const struct pyperf_python *python, PyObject *code)
{
    const struct pyperf_layout *layout = python->layout;
    int line;
    memcpy(&line, (const char *)code + layout->co_firstlineno, sizeof line);
    if (line != 4242)
        return "co_firstlineno";
    if (pyperf_type_of(code, layout) != python->code_type)
        return "ob_type";
    if (!string_is(python, pyperf_pointer_at(code, layout->co_filename), "pyperf"))
        return "co_filename";
    if (!string_is(python, pyperf_pointer_at(code, layout->co_name), "probe"))
        return "co_name";
    if (layout->co_qualname != 0 &&
        !string_is(python, pyperf_pointer_at(code, layout->co_qualname), "probe"))
        return "co_qualname";
    if (layout->co_adaptive != 0 && !is_adaptive_code(python, code))
        return "co_code_adaptive";
    if (layout->co_code != 0 && !is_attribute_at(python, code, "co_code", layout->co_code))
        return "co_code";
    return NULL;
}

static uint32_t version_of(const struct pyperf_python *python, PyObject *code)
{
    uint32_t version;
    memcpy(&version, (const char *)code + python->layout->co_version, sizeof version);
    return version;
}

int pyperf_interp_verify(const struct pyperf_python *python)
{
    PyObject *first = python->new_empty_code("pyperf", "probe", 4242);
    PyObject *second = python->new_empty_code("pyperf", "probe", 4242);
    const char *mismatch = "PyCode_NewEmpty";
    if (first != NULL && second != NULL) {
        mismatch = find_mismatch(python, first);
        /* co_version counts the code objects of an interpreter (Objects/codeobject.c). */
        if (mismatch == NULL && python->layout->identity != PYPERF_BY_ADDRESS) {
            uint32_t a = version_of(python, first);
            uint32_t b = version_of(python, second);
            if (a == 0 || b <= a || b - a > 1000)
                mismatch = "co_version";
        }
    } else {
        python->error_clear();
    }
    if (first != NULL)
        python->decref(first);
    if (second != NULL)
        python->decref(second);
    if (mismatch == NULL)
        return 0;
    pyperf_log_error("declined: this CPython %s keeps %s elsewhere than known builds",
                     python->layout->name, mismatch);
    return -ENOTSUP;
}
