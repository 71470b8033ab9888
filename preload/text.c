/* Reads Python's strings; see text.h. */
#include "text.h"

struct pyperf_text pyperf_text_of(const struct pyperf_python *python, PyObject *string)
{
    ptrdiff_t size = 0;
    const char *start = NULL;
    PyObject *owner = NULL;
    if (string != NULL) {
        start = python->utf8(string, &size);
        if (start == NULL) {
            python->error_clear();
            owner = python->encode(string, "utf-8", "backslashreplace");
            char *bytes = NULL;
            if (owner != NULL && python->bytes(owner, &bytes, &size) == 0)
                start = bytes;
            else
                python->error_clear();
        }
    }
    if (start == NULL) {
        start = "?";
        size = 1;
    }
    return (struct pyperf_text){start, (size_t)size, owner};
}

void pyperf_text_release(const struct pyperf_python *python, const struct pyperf_text *text)
{
    if (text->owner != NULL)
        python->decref(text->owner);
}
