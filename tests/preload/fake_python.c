/*
 * The dynamic symbols of an interpreter, and nothing behind them.  Built several times; FAKE_*
 * says what is odd about each (CMakeLists.txt).
 */
#include <stdint.h>

#define EXPORTED __attribute__((visibility("default")))

#define SYMBOL(name)                                                                               \
    EXPORTED void name(void);                                                                      \
    void name(void)                                                                                \
    {                                                                                              \
    }

#ifndef FAKE_NO_PYTHON
EXPORTED void *PyImport_Inittab;
#endif
#ifdef FAKE_PYPY
SYMBOL(PyPy_GetVersion)
#endif
#ifdef FAKE_DEBUG_BUILD
SYMBOL(_Py_GetRefTotal)
#endif
#ifndef FAKE_LACKS_A_SYMBOL
SYMBOL(PyUnicode_AsUTF8AndSize)
#endif

/* What the tests set before they look. */
EXPORTED const char *fake_version = "3.8.18 (default)";
#ifndef FAKE_NO_VERSION
EXPORTED const char *Py_GetVersion(void);
const char *Py_GetVersion(void)
{
    return fake_version;
}
#endif

/* Include/internal/pycore_debug_offsets.h: how it starts. */
EXPORTED struct {
    char cookie[8];
    uint64_t version, free_threaded;
} _PyRuntime;

SYMBOL(_PyEval_EvalFrameDefault)
SYMBOL(_PyThreadState_UncheckedGet)
SYMBOL(PyThreadState_GetUnchecked)
SYMBOL(_PyInterpreterState_SetEvalFrameFunc)
SYMBOL(_PyInterpreterState_GetEvalFrameFunc)
SYMBOL(PyInterpreterState_GetID)
SYMBOL(PyInterpreterState_Next)
SYMBOL(PyUnicode_AsEncodedString)
SYMBOL(PyBytes_AsStringAndSize)
SYMBOL(Py_IncRef)
SYMBOL(Py_DecRef)
SYMBOL(PyErr_Occurred)
SYMBOL(Py_GetRecursionLimit)
SYMBOL(PyThreadState_GetFrame)
SYMBOL(PyFrame_GetBack)
SYMBOL(PyFrame_GetCode)
SYMBOL(PyCode_GetCode)
SYMBOL(PyObject_GenericGetAttr)
SYMBOL(PyErr_Clear)
SYMBOL(PyErr_Fetch)
SYMBOL(PyErr_Restore)
SYMBOL(PyCode_NewEmpty)
SYMBOL(PySys_GetObject)
SYMBOL(PyDict_GetItemString)
SYMBOL(PyCFunction_Type)
SYMBOL(PyCode_Type)
SYMBOL(PyModuleDef_Type)
SYMBOL(PyTuple_Size)
SYMBOL(PyTuple_GetItem)
SYMBOL(PyUnicode_CompareWithASCIIString)
SYMBOL(PyImport_GetModuleDict)
SYMBOL(PyObject_GetAttrString)
SYMBOL(PyObject_CallObject)
SYMBOL(PyObject_IsTrue)
SYMBOL(PyMapping_Values)
SYMBOL(PyList_Size)
SYMBOL(PyList_GetItem)
SYMBOL(PyUnicode_Type)
SYMBOL(PyFunction_Type)
SYMBOL(PyType_Type)
SYMBOL(PyClassMethod_Type)
SYMBOL(PyStaticMethod_Type)
