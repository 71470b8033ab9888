/*
 * libstdc++ has the demangler that perf uses too (libiberty's).  It is loaded when the first
 * mangled name turns up: most recordings have none, and pyperf-run must not need it.
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

/* -- Without parameters ---------------------------------------------------------------------- */

/* Where the bracket that closes at `end` opens; NULL if none does. */
static char *opening(char *name, char *end)
{
    int depth = 0;

    for (char *at = end; at >= name; at--) {
        depth += *at == ')';
        depth -= *at == '(';
        if (depth == 0)
            return at;
    }
    return NULL;
}

static bool cut_end(char *name, const char *end)
{
    size_t length = strlen(name), cut = strlen(end);

    if (length < cut || strcmp(name + length - cut, end) != 0)
        return false;
    name[length - cut] = '\0';
    return true;
}

/* The end of a return type: the last space outside all brackets, but for one within the name of an
 * operator. */
static const char *behind_type(const char *name)
{
    const char *begin = name;
    int depth = 0;

    for (const char *at = name; *at; at++) {
        if (strncmp(at, "operator", 8) == 0 && (at == name || strchr(" :", at[-1])))
            break; /* whatever follows, it may have brackets and spaces */
        depth += *at == '(' || *at == '<' || *at == '{' || *at == '[';
        depth -= *at == ')' || *at == '>' || *at == '}' || *at == ']';
        if (*at == ' ' && depth == 0)
            begin = at + 1;
    }
    return begin;
}

/* As libiberty writes a function's name if it is not asked for parameters, and perf does not ask:
 * nor has it qualifiers of `this`, the type that a template returns, and what the compiler says of
 * clones.  A function around a local one keeps all of it. */
static void shorten(char *name, const char *mangled)
{
    static const char *const qualifiers[] = {" const", " volatile", " &&", " &"};
    const char *begin;
    char *bracket = strstr(name, " [clone ");

    if (bracket)
        *bracket = '\0';
    for (size_t i = 0; i < sizeof qualifiers / sizeof *qualifiers;)
        i = cut_end(name, qualifiers[i]) ? 0 : i + 1;
    if (!*name || name[strlen(name) - 1] != ')')
        return; /* a variable's, or not known how */
    bracket = opening(name, name + strlen(name) - 1);
    if (!bracket || bracket == name)
        return;
    *bracket = '\0';
    begin = strncmp(mangled, "_ZZ", 3) == 0 ? name : behind_type(name);
    memmove(name, begin, strlen(begin) + 1);
}

char *demangle(const char *mangled)
{
    cxa_demangle *demangler;
    char *name;
    int status;

    if (strncmp(mangled, "_Z", 2) != 0)
        return NULL;
    demangler = find_demangler();
    name = demangler ? demangler(mangled, NULL, NULL, &status) : NULL;
    /* Of special names, such as thunks, perf writes all. */
    if (name && mangled[2] != 'T' && mangled[2] != 'G')
        shorten(name, mangled);
    return name;
}
