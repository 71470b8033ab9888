/* Reads the names of code objects; see symbol.h. */
#include "symbol.h"

#include <string.h>

#include "code.h"
#include "qualname.h"
#include "slot.h"

/* Borrowed UTF-8 of a Python string.  `owner` receives what keeps it alive, to be released, or
 * stays NULL when the string itself does. */
static const char *read_string(const struct pyperf_python *python, PyObject *string, size_t *length,
                               PyObject **owner)
{
    ptrdiff_t size = 0;
    const char *text = NULL;
    *owner = NULL;
    if (string != NULL) {
        text = python->utf8(string, &size);
        if (text == NULL) {
            /* Surrogates, as in file names that are no UTF-8: the escapes Python prints. */
            python->error_clear();
            *owner = python->encode(string, "utf-8", "backslashreplace");
            char *bytes = NULL;
            if (*owner != NULL && python->bytes(*owner, &bytes, &size) == 0)
                text = bytes;
            else
                python->error_clear();
        }
    }
    if (text == NULL) {
        text = "?";
        size = 1;
    }
    *length = (size_t)size;
    return text;
}

static pyperf_slot_fn slot_of(const struct pyperf_python *python, PyObject *code)
{
    const struct pyperf_layout *layout = python->layout;
    bool derived = layout->co_qualname == 0;
    PyObject *qualname =
        derived ? pyperf_qualname_of(python, code) : pyperf_pointer_at(code, layout->co_qualname);
    PyObject *owners[2];
    struct pyperf_symbol symbol;
    symbol.qualname = read_string(python, qualname, &symbol.qualname_length, &owners[0]);
    symbol.filename = read_string(python, pyperf_pointer_at(code, layout->co_filename),
                                  &symbol.filename_length, &owners[1]);
    struct pyperf_code read;
    bool readable = pyperf_code_read(python, code, &read);
    pyperf_slot_fn slot = pyperf_slot_for(&symbol, readable ? &read : NULL);
    for (int i = 0; i < 2; i++)
        if (owners[i] != NULL)
            python->decref(owners[i]);
    if (derived)
        python->decref(qualname);
    return slot;
}

pyperf_slot_fn pyperf_symbol_slot(const struct pyperf_python *python, PyObject *code)
{
    if (python->error_occurred() == NULL)
        return slot_of(python, code);

    /* throw() enters a frame with its exception pending. */
    PyObject *type, *value, *traceback;
    python->error_fetch(&type, &value, &traceback);
    pyperf_slot_fn slot = slot_of(python, code);
    python->error_restore(type, value, traceback);
    return slot;
}
