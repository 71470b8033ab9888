/* Reads the names of code objects; see symbol.h. */
#include "symbol.h"

#include "code.h"
#include "qualname.h"
#include "slot.h"
#include "text.h"

static pyperf_slot_fn slot_of(const struct pyperf_python *python, PyObject *code)
{
    const struct pyperf_layout *layout = python->layout;
    bool derived = layout->co_qualname == 0;
    struct pyperf_text qualname =
        derived ? pyperf_qualname_of(python, code)
                : pyperf_text_of(python, pyperf_pointer_at(code, layout->co_qualname));
    struct pyperf_text file = pyperf_text_of(python, pyperf_pointer_at(code, layout->co_filename));
    const struct pyperf_symbol symbol = {.qualname = qualname.start,
                                         .qualname_length = qualname.length,
                                         .filename = file.start,
                                         .filename_length = file.length};
    struct pyperf_code read;
    bool readable = pyperf_code_read(python, code, &read);
    pyperf_slot_fn slot = pyperf_slot_for(&symbol, readable ? &read : NULL);
    pyperf_text_release(python, &qualname);
    pyperf_text_release(python, &file);
    if (derived)
        pyperf_qualname_learn(python, code);
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
