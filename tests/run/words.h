/* Command lines as one string, for tables of cases: words are separated by single spaces. */
#ifndef TESTS_RUN_WORDS_H
#define TESTS_RUN_WORDS_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct words {
    int argc;
    char *argv[64];
    char text[1024];
};

static inline struct words *words_split(struct words *words, const char *line)
{
    char *rest = words->text;

    snprintf(words->text, sizeof words->text, "%s", line);
    words->argc = 0;
    while (rest && *rest && words->argc < 63)
        words->argv[words->argc++] = strsep(&rest, " ");
    words->argv[words->argc] = NULL;
    return words;
}

static inline const char *words_join(char *out, size_t size, char *const *argv)
{
    size_t used = 0;

    out[0] = '\0';
    for (; *argv && used < size; argv++)
        used += (size_t)snprintf(out + used, size - used, "%s%s", used ? " " : "", *argv);
    return out;
}

#endif
