/*
 * libstdc++ has the demangler that perf 7 uses too; perf 6 asked libiberty for names without
 * parameters, which this one always writes.  It is loaded when the first mangled name turns up:
 * most recordings have none, and pyperf-run must not need it.
 */
#include "recording/demangle.h"

#include <dlfcn.h>
#include <stdbool.h>
#include <stddef.h>
#include <string.h>

/* Itanium C++ ABI, 3.4. */
typedef char *cxa_demangle(const char *name, char *room, size_t *size, int *status);

static cxa_demangle *find_demangler(void)
{
    static cxa_demangle *found;
    static bool looked;
    void *library;

    if (looked)
        return found;
    looked = true;
    library = dlopen("libstdc++.so.6", RTLD_LAZY);
    if (library)
        *(void **)&found = dlsym(library, "__cxa_demangle");
    return found;
}

char *demangle(const char *name)
{
    cxa_demangle *demangler;
    int status;

    if (strncmp(name, "_Z", 2) != 0)
        return NULL;
    demangler = find_demangler();
    return demangler ? demangler(name, NULL, NULL, &status) : NULL;
}
