/* Derives qualified names from bytecode; see qualname.h. */
#include "qualname.h"

#include <string.h>
#include <sys/mman.h>

#include "pyperf.h"

/* Lib/opcode.py, the same from 3.6 to 3.10.  An instruction is two bytes. */
enum { LOAD_CONST = 100, MAKE_FUNCTION = 132, EXTENDED_ARG = 144, STORE_NAME = 90 };

/*
 * Two generations: new names go to the young one.  When it is full, the old one is dropped and the
 * young one becomes old.  So a program that makes code objects for ever keeps the names of the last
 * 65,536 to 131,072 functions that it could make (fewer if their names are longer than 64 bytes),
 * in at most 14 MiB.
 */
enum { GENERATION_SIZE = 131072, GENERATION_MAX = GENERATION_SIZE / 2 };
enum { NAMES_SIZE = GENERATION_MAX * 64 };

struct child {
    const PyObject *code; /* only compared */
    uint32_t name;        /* where it begins in `names`: a copy, for a reference would be seen */
    uint32_t length;      /* bytes; 0: none any more, for the code object is dead */
    uint32_t room;        /* bytes from `name` on that are this child's */
};

static struct generation {
    struct child children[GENERATION_SIZE];
    char names[NAMES_SIZE];
    size_t used, names_used;
} * young, *old;

static struct child *find(struct generation *generation, const PyObject *code)
{
    size_t at = ((uintptr_t)code >> 4) * 0x9e3779b1U & (GENERATION_SIZE - 1);
    while (generation->children[at].code != NULL && generation->children[at].code != code)
        at = (at + 1) & (GENERATION_SIZE - 1);
    return &generation->children[at];
}

static void drop(struct generation *generation)
{
    if (generation != NULL)
        munmap(generation, sizeof *generation);
}

/* The young generation, with room for a name of this length, or NULL. */
static struct generation *make_room(size_t length)
{
    if (young != NULL && young->used < GENERATION_MAX && young->names_used + length <= NAMES_SIZE)
        return young;
    void *fresh =
        mmap(NULL, sizeof *young, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (fresh == MAP_FAILED)
        return NULL;
    drop(old);
    old = young;
    young = fresh;
    return young;
}

static void remember(const struct pyperf_python *python, const PyObject *code, PyObject *qualname)
{
    struct pyperf_text text = pyperf_text_of(python, qualname);
    /* What is longer is cut anyway (name.h). */
    uint32_t length = text.length < PYPERF_NAME_MAX ? (uint32_t)text.length : PYPERF_NAME_MAX;
    struct generation *generation = make_room(length);
    if (generation != NULL) {
        struct child *child = find(generation, code);
        if (child->code == NULL)
            generation->used++;
        child->code = code;
        if (child->room < length) {
            child->name = (uint32_t)generation->names_used;
            child->room = length;
            generation->names_used += length;
        }
        child->length = length;
        memcpy(generation->names + child->name, text.start, length);
    }
    pyperf_text_release(python, &text);
}

static bool recall(const PyObject *code, struct pyperf_text *qualname)
{
    struct generation *generations[] = {young, old};
    for (int i = 0; i < 2; i++) {
        if (generations[i] == NULL)
            continue;
        const struct child *child = find(generations[i], code);
        if (child->length == 0)
            continue;
        *qualname = (struct pyperf_text){generations[i]->names + child->name, child->length, NULL};
        return true;
    }
    return false;
}

void pyperf_qualname_forget(const PyObject *code)
{
    struct generation *generations[] = {young, old};
    for (int i = 0; i < 2; i++) {
        struct child *child = generations[i] != NULL ? find(generations[i], code) : NULL;
        if (child != NULL && child->code != NULL)
            child->length = 0;
    }
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
static bool recall_importer(const struct pyperf_python *python, PyObject *code,
                            struct pyperf_text *qualname)
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
        return recall(code, qualname);
    }
    return false;
}

struct pyperf_text pyperf_qualname_of(const struct pyperf_python *python, PyObject *code)
{
    struct bytecode bytecode;
    struct pyperf_text qualname;
    PyObject *name = NULL;
    if (open_bytecode(python, code, &bytecode))
        name = class_name(python, &bytecode);
    if (name == NULL && (recall(code, &qualname) || recall_importer(python, code, &qualname)))
        return qualname;
    if (name == NULL)
        name = pyperf_pointer_at(code, python->layout->co_name);
    return pyperf_text_of(python, name);
}

void pyperf_qualname_learn(const struct pyperf_python *python, PyObject *code)
{
    struct bytecode bytecode;
    if (open_bytecode(python, code, &bytecode))
        remember_children(python, &bytecode);
}

void pyperf_qualname_reset(void)
{
    drop(young);
    drop(old);
    young = old = NULL;
}
