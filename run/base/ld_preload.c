/* Separators as in ld.so(8): "The items of the list can be separated by spaces or colons". */
#include "base/ld_preload.h"

#include <pyperf.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char separators[] = " :";
static const char own_name[] = PYPERF_LIBRARY;

bool ld_preload_accepts(const char *library)
{
    return *library && !strpbrk(library, separators);
}

static bool is_own(const char *item, size_t length)
{
    const size_t own = sizeof own_name - 1;

    return length >= own && memcmp(item + length - own, own_name, own) == 0 &&
           (length == own || item[length - own - 1] == '/');
}

/* The next item at or behind *rest, which moves on; NULL at the end. */
static const char *next_item(const char **rest, size_t *length)
{
    const char *item = *rest + strspn(*rest, separators);

    *length = strcspn(item, separators);
    *rest = item + *length;
    return *length ? item : NULL;
}

bool ld_preload_contains(const char *list, const char *library)
{
    const char *item;
    size_t length;

    while (list && (item = next_item(&list, &length)))
        if (is_own(item, length) ||
            (strlen(library) == length && memcmp(item, library, length) == 0))
            return true;
    return false;
}

char *ld_preload_merge(const char *list, const char *library)
{
    char *merged;

    if (!list || !*list)
        return strdup(library);
    if (ld_preload_contains(list, library))
        return strdup(list);
    return asprintf(&merged, "%s:%s", list, library) < 0 ? NULL : merged;
}

char *ld_preload_remove(const char *list)
{
    char *kept = calloc(1, strlen(list) + 1), *out = kept;
    const char *item;
    size_t length;

    while (kept && (item = next_item(&list, &length))) {
        if (is_own(item, length))
            continue;
        if (out != kept)
            *out++ = ':';
        out = mempcpy(out, item, length);
    }
    return kept;
}
