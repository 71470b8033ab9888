/*
 * The CPython in this process: its version, its layout, its functions.
 *
 * interp_rows.h is the only place that knows what differs between versions; this module picks
 * a row, resolves the functions that it needs, and checks it against a real code object before
 * anything relies on it.  A version that we do not know is declined, never guessed at.
 */
#ifndef PYPERF_INTERP_H
#define PYPERF_INTERP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "trampoline.h"

typedef void PyObject; /* Python's objects are opaque here; no Python header is included */

/* How we know that a cached slot still belongs to the code object (codemap.h). */
enum pyperf_identity { PYPERF_BY_ADDRESS, PYPERF_BY_VERSION, PYPERF_BY_VERSION_AT_ONCE };

/* Which part of the recursion state needs our care (deep_stack.h). */
enum pyperf_guard { PYPERF_GUARD_NONE, PYPERF_GUARD_STACK, PYPERF_GUARD_STACK_AND_UNITS };

/*
 * 3.9 to 3.12 free an interpreter while daemon threads may still wake and use it
 * (python/cpython#110052).  Each millisecond until the process is gone makes a crash more likely.
 */
static inline bool pyperf_threads_outlive_interpreter(int minor)
{
    return minor >= 9 && minor <= 12;
}

/* Opcodes of the instructions, other than plain calls, whose Python callee runs within the caller's
 * loop; 0: there is none. */
struct pyperf_inlining {
    uint8_t for_iter, send, load_attr, subscript, call_unpacking;
};

/* Offsets in bytes, LP64. */
struct pyperf_layout {
    const char *name;
    int minor;
    bool free_threaded;
    bool tstate_argument; /* evaluator(tstate, frame, throw) rather than (frame, throw) */
    enum pyperf_identity identity;
    enum pyperf_guard guard;
    size_t frame_code;  /* the code object in a frame ... */
    uintptr_t code_tag; /* ... and the bits of that word which are not address */
    size_t co_filename, co_name, co_qualname, co_firstlineno;
    size_t co_version;                   /* 3.12+ */
    size_t co_code, co_consts, co_names; /* up to 3.10: to derive qualified names, and lines */
    size_t co_bytecode;                  /* 3.11+: co_code_adaptive, where instructions are */
    size_t co_lines;                     /* a bytes object: co_linetable, before 3.10 co_lnotab */
    size_t func_code, func_qualname;     /* of a function, likewise */
    size_t eval_frame;                   /* in the interpreter; up to 3.8, which has no setter */
    /* 3.11+, for frames.h: in the thread state the current frame, which before 3.13 is at
     * cframe_frame of what tstate_cframe points to; in a frame its caller, and who owns it; and
     * without a GIL which copy of the bytecode it runs (3.14+), and where the code has these */
    size_t tstate_frame, tstate_cframe, cframe_frame;
    size_t frame_previous, frame_owner, frame_tlbc, co_tlbc;
    /* 3.12 and 3.13, for units.h: in the thread state units left; in the code object, its flags */
    size_t c_recursion_remaining, co_flags;
    struct pyperf_inlining inlines;
    size_t co_adaptive;          /* the same as co_bytecode; 3.11+ with a GIL */
    uint8_t adaptive_opcodes[4]; /* not offsets: what specialize.h is about */
    size_t jit_stack;            /* not an offset: what the JIT's optimizer needs */
};

/* `struct _inittab` (Include/import.h), the same in every version. */
struct pyperf_inittab {
    const char *name;
    PyObject *(*init)(void);
};

struct pyperf_python {
    const struct pyperf_layout *layout;
    pyperf_evaluator_fn default_evaluator;
    struct pyperf_inittab **inittab;

    void *(*current_tstate)(void);                               /* NULL without one */
    void (*set_evaluator)(void *interp, pyperf_evaluator_fn);    /* 3.9+ */
    pyperf_evaluator_fn (*get_evaluator)(void *interp);          /* 3.9+ */
    int64_t (*interp_id)(void *interp);                          /* 3.7+ */
    void *(*next_interp)(void *interp);                          /* 3.6 */
    int (*recursion_limit)(void);                                /* Py_GetRecursionLimit */
    const char *(*utf8)(PyObject *string, ptrdiff_t *size);      /* PyUnicode_AsUTF8AndSize */
    PyObject *(*encode)(PyObject *, const char *, const char *); /* PyUnicode_AsEncodedString */
    int (*bytes)(PyObject *, char **, ptrdiff_t *);              /* PyBytes_AsStringAndSize */
    void (*incref)(PyObject *);
    void (*decref)(PyObject *);
    PyObject *(*error_occurred)(void);
    void (*error_clear)(void);
    void (*error_fetch)(PyObject **, PyObject **, PyObject **);
    void (*error_restore)(PyObject *, PyObject *, PyObject *);
    PyObject *(*new_empty_code)(const char *file, const char *function, int line);
    PyObject *(*sys_object)(const char *);            /* borrowed */
    PyObject *(*dict_item)(PyObject *, const char *); /* borrowed */
    PyObject *(*attribute)(PyObject *, const char *); /* PyObject_GetAttrString */
    PyObject *(*module_dict)(void);                   /* borrowed */
    int (*is_true)(PyObject *);
    PyObject *(*call)(PyObject *, PyObject *arguments); /* PyObject_CallObject */
    PyObject *(*thread_frame)(void *tstate);            /* PyThreadState_GetFrame; 3.11+ */
    PyObject *(*frame_back)(PyObject *frame);           /* PyFrame_GetBack; 3.11+ */
    PyObject *(*frame_code)(PyObject *frame);           /* PyFrame_GetCode; 3.11+ */
    PyObject *(*code_bytes)(PyObject *code);            /* PyCode_GetCode; 3.11+ */
    void *generic_getattr;                              /* PyObject_GenericGetAttr; 3.12, 3.13 */
    int (*compare_ascii)(PyObject *, const char *);     /* up to 3.13 */
    void *code_type, *definition_type;
    void *cfunction_type; /* 3.12+ */

    /* up to 3.10, for qualified names */
    ptrdiff_t (*tuple_size)(PyObject *);
    PyObject *(*tuple_item)(PyObject *, ptrdiff_t);
    PyObject *(*mapping_values)(PyObject *);
    ptrdiff_t (*list_size)(PyObject *);
    PyObject *(*list_item)(PyObject *, ptrdiff_t);
    void *unicode_type, *function_type, *type_type, *classmethod_type, *staticmethod_type;
};

/* Whether any Python is among the loaded objects. */
bool pyperf_interp_present(void *handle);

/*
 * Looks for CPython among the loaded objects (`handle` as for dlsym) and fills `python` in.
 * Returns 0; -ENOENT if this process is not Python at all (nothing is logged); -ENOTSUP, after one
 * log line, if we do not know this one.  Works before there is an interpreter.
 */
int pyperf_interp_find(struct pyperf_python *python, void *handle);

/* Compares the row with the running interpreter.  GIL held.  -ENOTSUP after one log line. */
int pyperf_interp_verify(const struct pyperf_python *python);

/* Thread state to interpreter: at this offset in every version from 3.6 to 3.15. */
static inline void *pyperf_interp_of(void *tstate)
{
    return *(void **)((char *)tstate + 16);
}

/* The main interpreter has number 0; on 3.6, which has no numbers, it is the last of the list. */
static inline bool pyperf_interp_is_main(const struct pyperf_python *python, void *interp)
{
    return python->interp_id != NULL ? python->interp_id(interp) == 0
                                     : python->next_interp(interp) == NULL;
}

static inline void *pyperf_pointer_at(const void *object, size_t offset)
{
    return *(void *const *)((const char *)object + offset);
}

static inline PyObject *pyperf_type_of(PyObject *object, const struct pyperf_layout *layout)
{
    /* ob_type follows ob_refcnt, and on free-threaded builds three words (Include/object.h) */
    return pyperf_pointer_at(object, layout->free_threaded ? 24 : 8);
}

/* What an evaluator was called for: the code object of the frame in its arguments. */
static inline __attribute__((always_inline)) uintptr_t
pyperf_code_of(const struct pyperf_layout *layout, void *a, void *b)
{
    void *frame = layout->tstate_argument ? b : a;
    return (uintptr_t)pyperf_pointer_at(frame, layout->frame_code) & ~layout->code_tag;
}

static inline __attribute__((always_inline)) uint32_t
pyperf_version_of(const struct pyperf_layout *layout, uintptr_t code)
{
    return *(const uint32_t *)(code + layout->co_version);
}

/* Whether code objects, of one size, lie at regular distances: up to 3.10 (codemap.h). */
static inline __attribute__((always_inline)) bool pyperf_spreads(const struct pyperf_layout *layout)
{
    return layout->minor <= 10;
}

#endif
