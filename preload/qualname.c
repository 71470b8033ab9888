/* Derives qualified names from bytecode; see qualname.h. */
#include "qualname.h"

#include <string.h>
#include <sys/mman.h>

/* Lib/opcode.py, the same from 3.6 to 3.10.  An instruction is two bytes. */
enum { LOAD_CONST = 100, MAKE_FUNCTION = 132, EXTENDED_ARG = 144, STORE_NAME = 90 };

/*
 * Two generations: new names go to the young one.  When it is full, the old one is dropped and the
 * young one becomes old.  So a program that makes code objects for ever keeps the names of the last
 * 65,536 to 131,072 functions that it could make, in at most 10 MiB and their strings.
 */
enum { GENERATION_SIZE = 131072, GENERATION_MAX = GENERATION_SIZE / 2 };

struct child {
    PyObject *code;     /* borrowed: only compared */
    PyObject *name;     /* owned: its co_name, so that another code object at the same address */
    PyObject *qualname; /* with another name is not taken for it; owned */
    int line;           /* and its co_firstlineno */
};

static struct generation {
    struct child *children;
    size_t used;
} young, old;

static struct child *find(const struct generation *generation, PyObject *code)
{
    size_t at = ((uintptr_t)code >> 4) * 0x9e3779b1U & (GENERATION_SIZE - 1);
    while (generation->children[at].code != NULL && generation->children[at].code != code)
        at = (at + 1) & (GENERATION_SIZE - 1);
    return &generation->children[at];
}

static void drop(const struct pyperf_python *python, struct generation *generation)
{
    for (size_t i = 0; generation->children != NULL && i < GENERATION_SIZE; i++) {
        struct child *child = &generation->children[i];
        if (child->code != NULL) {
            python->decref(child->name);
            python->decref(child->qualname);
        }
    }
    if (generation->children != NULL)
        munmap(generation->children, GENERATION_SIZE * sizeof *generation->children);
    *generation = (struct generation){0};
}

static int line_of(const struct pyperf_python *python, PyObject *code)
{
    int line;
    memcpy(&line, (const char *)code + python->layout->co_firstlineno, sizeof line);
    return line;
}

static void remember(const struct pyperf_python *python, PyObject *code, PyObject *qualname)
{
    if (young.used == GENERATION_MAX) {
        drop(python, &old);
        old = young;
        young = (struct generation){0};
    }
    if (young.children == NULL) {
        void *fresh = mmap(NULL, GENERATION_SIZE * sizeof *young.children, PROT_READ | PROT_WRITE,
                           MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        if (fresh == MAP_FAILED)
            return;
        young.children = fresh;
    }
    struct child *child = find(&young, code);
    struct child dropped = *child;
    PyObject *name = pyperf_pointer_at(code, python->layout->co_name);
    python->incref(name);
    python->incref(qualname);
    *child = (struct child){code, name, qualname, line_of(python, code)};
    if (dropped.code == NULL) {
        young.used++;
        return;
    }
    python->decref(dropped.name);
    python->decref(dropped.qualname);
}

static PyObject *recall(const struct pyperf_python *python, PyObject *code)
{
    const struct generation *generations[] = {&young, &old};
    for (int i = 0; i < 2; i++) {
        if (generations[i]->children == NULL)
            continue;
        const struct child *child = find(generations[i], code);
        if (child->code != NULL && child->code == code && child->line == line_of(python, code) &&
            child->name == pyperf_pointer_at(code, python->layout->co_name))
            return child->qualname;
    }
    return NULL;
}

/* -- Bytecode ------------------------------------------------------------------------------- */

struct bytecode {
    const unsigned char *code;
    ptrdiff_t size, constants;
    PyObject *consts, *names;
};

static bool open_bytecode(const struct pyperf_python *python, PyObject *code,
                          struct bytecode *bytecode)
{
    const struct pyperf_layout *layout = python->layout;
    char *text = NULL;
    if (python->bytes(pyperf_pointer_at(code, layout->co_code), &text, &bytecode->size) != 0) {
        python->error_clear();
        return false;
    }
    bytecode->code = (const unsigned char *)text;
    bytecode->consts = pyperf_pointer_at(code, layout->co_consts);
    bytecode->names = pyperf_pointer_at(code, layout->co_names);
    bytecode->constants = python->tuple_size(bytecode->consts);
    if (bytecode->constants < 0) {
        python->error_clear();
        return false;
    }
    return true;
}

static PyObject *constant(const struct pyperf_python *python, const struct bytecode *bytecode,
                          unsigned index, const void *type)
{
    if ((ptrdiff_t)index >= bytecode->constants)
        return NULL;
    PyObject *value = python->tuple_item(bytecode->consts, (ptrdiff_t)index);
    return value != NULL && pyperf_type_of(value, python->layout) == type ? value : NULL;
}

static bool makes_functions(const struct pyperf_python *python, const struct bytecode *bytecode)
{
    for (ptrdiff_t i = 0; i < bytecode->constants; i++)
        if (constant(python, bytecode, (unsigned)i, python->code_type) != NULL)
            return true;
    return false;
}

/* The constant that the LOAD_CONST before `at` loads; moves `at` to that instruction. */
static PyObject *loaded_before(const struct pyperf_python *python, const struct bytecode *bytecode,
                               ptrdiff_t *at, const void *type)
{
    const unsigned char *code = bytecode->code;
    *at -= 2;
    if (*at < 0 || code[*at] != LOAD_CONST)
        return NULL;
    unsigned index = code[*at + 1];
    for (unsigned shift = 8; *at >= 2 && code[*at - 2] == EXTENDED_ARG && shift < 32; shift += 8) {
        *at -= 2;
        index |= (unsigned)code[*at + 1] << shift;
    }
    return constant(python, bytecode, index, type);
}

static void remember_children(const struct pyperf_python *python, const struct bytecode *bytecode)
{
    if (!makes_functions(python, bytecode))
        return;
    const unsigned char *end = bytecode->code + bytecode->size;
    for (const unsigned char *next = bytecode->code;
         (next = memchr(next, MAKE_FUNCTION, (size_t)(end - next))) != NULL; next++) {
        ptrdiff_t at = next - bytecode->code;
        if (at % 2 != 0) /* an argument */
            continue;
        PyObject *qualname = loaded_before(python, bytecode, &at, python->unicode_type);
        if (qualname == NULL)
            continue;
        PyObject *function = loaded_before(python, bytecode, &at, python->code_type);
        if (function != NULL)
            remember(python, function, qualname);
    }
}

static PyObject *class_name(const struct pyperf_python *python, const struct bytecode *bytecode)
{
    const unsigned char *code = bytecode->code;
    if (bytecode->size < 8 || code[4] != LOAD_CONST || code[6] != STORE_NAME)
        return NULL;
    if (code[7] >= python->tuple_size(bytecode->names))
        return NULL;
    PyObject *target = python->tuple_item(bytecode->names, code[7]);
    if (target == NULL || python->compare_ascii(target, "__qualname__") != 0)
        return NULL;
    return constant(python, bytecode, code[5], python->unicode_type);
}

/* -- Functions older than we are ------------------------------------------------------------ */

static void remember_function(const struct pyperf_python *python, PyObject *object)
{
    const struct pyperf_layout *layout = python->layout;
    PyObject *code = pyperf_pointer_at(object, layout->func_code);
    PyObject *qualname = pyperf_pointer_at(object, layout->func_qualname);
    if (pyperf_type_of(code, layout) == python->code_type &&
        pyperf_type_of(qualname, layout) == python->unicode_type)
        remember(python, code, qualname);
}

static void remember_namespace(const struct pyperf_python *python, PyObject *object, bool nested)
{
    PyObject *namespace = python->attribute(object, "__dict__");
    PyObject *values = namespace != NULL ? python->mapping_values(namespace) : NULL;
    ptrdiff_t size = values != NULL ? python->list_size(values) : 0;
    for (ptrdiff_t i = 0; i < size; i++) {
        PyObject *value = python->list_item(values, i);
        void *type = pyperf_type_of(value, python->layout);
        if (type == python->function_type) {
            remember_function(python, value);
        } else if (type == python->type_type && !nested) {
            remember_namespace(python, value, true);
        } else if (type == python->classmethod_type || type == python->staticmethod_type) {
            PyObject *function = python->attribute(value, "__func__");
            if (function != NULL) {
                if (pyperf_type_of(function, python->layout) == python->function_type)
                    remember_function(python, function);
                python->decref(function);
            }
        }
    }
    python->error_clear();
    if (values != NULL)
        python->decref(values);
    if (namespace != NULL)
        python->decref(namespace);
}

/* The import system ran before we could set an evaluator.  When the first of its functions is
 * called, they are found through their modules. */
static PyObject *recall_importer(const struct pyperf_python *python, PyObject *code)
{
    static const struct {
        const char *file, *module;
    } importers[] = {
        {"<frozen importlib._bootstrap>", "_frozen_importlib"},
        {"<frozen importlib._bootstrap_external>", "_frozen_importlib_external"},
        {"<frozen zipimport>", "zipimport"},
    };
    static unsigned searches[3];
    PyObject *filename = pyperf_pointer_at(code, python->layout->co_filename);
    for (int i = 0; i < 3; i++) {
        if (python->compare_ascii(filename, importers[i].file) != 0 || searches[i] == 4)
            continue;
        searches[i]++;
        PyObject *module = python->dict_item(python->module_dict(), importers[i].module);
        if (module != NULL)
            remember_namespace(python, module, false);
        return recall(python, code);
    }
    return NULL;
}

PyObject *pyperf_qualname_of(const struct pyperf_python *python, PyObject *code)
{
    struct bytecode bytecode;
    bool readable = open_bytecode(python, code, &bytecode);
    PyObject *qualname = readable ? class_name(python, &bytecode) : NULL;
    if (qualname == NULL)
        qualname = recall(python, code);
    if (qualname == NULL)
        qualname = recall_importer(python, code);
    if (qualname == NULL)
        qualname = pyperf_pointer_at(code, python->layout->co_name);
    python->incref(qualname); /* remembering may forget it */
    if (readable)
        remember_children(python, &bytecode);
    return qualname;
}

void pyperf_qualname_reset(void)
{
    /* The strings' owner is gone, and with it the right to release them. */
    young = old = (struct generation){0};
}
