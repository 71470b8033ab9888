/* Ignores sections: Environment= means the same wherever it is allowed ([Service], [Socket]). */
#include "systemd/environment.h"

#include <ctype.h>
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Copies the next word, unquoted, to `word`, which has the line's size, and moves *rest on; false
 * at the end. */
static bool next_word(const char **rest, char *word)
{
    const char *at = *rest + strspn(*rest, " \t");
    char quote = '\0';
    size_t length = 0;

    if (!*at)
        return false;
    for (; *at && (quote || !strchr(" \t", *at)); at++) {
        if (quote ? *at == quote : *at == '"' || *at == '\'')
            quote = quote ? '\0' : *at;
        else if (*at == '\\' && at[1])
            word[length++] = *++at;
        else if (*at == '%' && at[1] == '%')
            word[length++] = *at++;
        else
            word[length++] = *at;
    }
    word[length] = '\0';
    *rest = at;
    return true;
}

static int read_assignments(const char *line, const char *name, char **value)
{
    size_t name_length = strlen(name);
    char *word = malloc(strlen(line) + 1);
    bool any = false;

    if (!word)
        return -ENOMEM;
    while (next_word(&line, word)) {
        any = true;
        if (strncmp(word, name, name_length) != 0 || word[name_length] != '=')
            continue;
        free(*value);
        *value = strdup(word + name_length + 1);
        if (!*value)
            break;
    }
    if (!any) {
        free(*value);
        *value = NULL;
    }
    free(word);
    return 0;
}

/* The next line, joined with its continuation lines; to free().  NULL at the end. */
static char *next_line(const char **text)
{
    char *line = malloc(strlen(*text) + 1), *out = line;

    if (!line || !**text) {
        free(line);
        return NULL;
    }
    while (**text && **text != '\n') {
        if ((*text)[0] == '\\' && (*text)[1] == '\n') {
            *out++ = ' ';
            *text += 2;
        } else {
            *out++ = *(*text)++;
        }
    }
    *text += **text == '\n';
    *out = '\0';
    return line;
}

int environment_read(const char *text, const char *name, char **value)
{
    static const char key[] = "Environment";
    char *line;
    int rc = 0;

    while (rc == 0 && (line = next_line(&text))) {
        const char *at = line + strspn(line, " \t");
        if (strncmp(at, key, sizeof key - 1) == 0) {
            at += sizeof key - 1;
            at += strspn(at, " \t");
            if (*at == '=')
                rc = read_assignments(at + 1, name, value);
        }
        free(line);
    }
    return rc;
}

char *environment_dropin(const char *variable, const char *value)
{
    char *escaped = malloc(2 * strlen(value) + 1), *out = escaped, *text;

    if (!escaped)
        return NULL;
    for (; *value; value++) {
        if (*value == '%')
            *out++ = '%';
        else if (*value == '"' || *value == '\\')
            *out++ = '\\';
        *out++ = *value;
    }
    *out = '\0';
    if (asprintf(&text,
                 "# Written by `pyperf-run systemd enable`; `pyperf-run systemd disable` removes "
                 "it.\n# Lets perf see the Python functions of this service: see libpyperf(7).\n"
                 "[Service]\nEnvironment=\"%s=%s\"\n",
                 variable, escaped) < 0)
        text = NULL;
    free(escaped);
    return text;
}
