/* Notices the death of code objects; see dealloc.h. */
#include "dealloc.h"

#include <errno.h>

#include "codemap.h"
#include "log.h"
#include "qualname.h"

typedef void (*deallocator)(PyObject *);

static const struct pyperf_python *python;
static deallocator original;
static PyObject *probe;

static void forget_and_deallocate(PyObject *code)
{
    const struct pyperf_code_key key = {.identity = PYPERF_BY_ADDRESS,
                                        .spread = pyperf_spreads(python->layout),
                                        .code = (uintptr_t)code};
    pyperf_codemap_forget(&key);
    pyperf_qualname_forget(code);
    if (code == probe)
        probe = NULL;
    original(code);
}

int pyperf_dealloc_watch(const struct pyperf_python *found)
{
    /* struct _typeobject, Include/object.h of 3.6 to 3.11: a header of 24 bytes, tp_name,
     * tp_basicsize, tp_itemsize, and this. */
    enum { TP_DEALLOC = 48 };
    deallocator *place = (deallocator *)((char *)found->code_type + TP_DEALLOC);
    python = found;
    original = *place;
    probe = python->new_empty_code("pyperf", "probe", 1);
    if (probe == NULL) {
        python->error_clear();
        return -ENOTSUP;
    }
    __atomic_store_n(place, forget_and_deallocate, __ATOMIC_RELAXED);
    python->decref(probe);
    if (probe == NULL)
        return 0;
    __atomic_store_n(place, original, __ATOMIC_RELAXED);
    pyperf_log_error("declined: this CPython %s keeps tp_dealloc elsewhere than known builds",
                     python->layout->name);
    return -ENOTSUP;
}
