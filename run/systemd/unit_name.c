/* The rules for prefixes are what systemd 252 was seen to do. */
#include "systemd/unit_name.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

int unit_name_make(char out[UNIT_NAME_SIZE], const char *name)
{
    static const char allowed[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
                                  ":_.\\@-";
    const char *dot = strrchr(name, '.');

    if (!*name || *name == '.' || strspn(name, allowed) != strlen(name))
        return -EINVAL;
    return snprintf(out, UNIT_NAME_SIZE, "%s%s", name,
                    dot && strcmp(dot, ".service") == 0 ? "" : ".service") < UNIT_NAME_SIZE
               ? 0
               : -ENAMETOOLONG;
}

/* Where the instance and the type begin; there may be dots in an instance. */
static void split(const char *name, const char **at, const char **dot)
{
    *dot = strrchr(name, '.');
    *at = strchr(name, '@');
    if (!*at || *at > *dot)
        *at = *dot;
}

bool unit_name_template(char out[UNIT_NAME_SIZE], const char *name)
{
    const char *at, *dot;

    split(name, &at, &dot);
    if (at == dot || at + 1 == dot)
        return false;
    snprintf(out, UNIT_NAME_SIZE, "%.*s%s", (int)(at + 1 - name), name, dot);
    return true;
}

bool unit_name_prefix(char out[UNIT_NAME_SIZE], const char *name)
{
    const char *at, *dot, *end;

    split(name, &at, &dot);
    end = at;
    if (end > name && end[-1] == '-')
        end--;
    while (end > name && end[-1] != '-')
        end--;
    if (end <= name + 1)
        return false;
    if (at + 1 == dot)
        at = dot;
    snprintf(out, UNIT_NAME_SIZE, "%.*s%s", (int)(end - name), name, at);
    return true;
}
