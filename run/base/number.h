/* Numbers in text, for the files of /proc and what other programs print. */
#ifndef RUN_BASE_NUMBER_H
#define RUN_BASE_NUMBER_H

#include <ctype.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

/* The number at the start of `text`, blanks skipped; `otherwise` if there is none. */
static inline long number_at(const char *text, long otherwise)
{
    char *end;
    long value = strtol(text, &end, 10);
    return end == text ? otherwise : value;
}

/* The number behind `key` in a line that starts with it; `otherwise` if it does not. */
static inline long number_behind(const char *line, const char *key, long otherwise)
{
    size_t length = strlen(key);
    return strncmp(line, key, length) == 0 ? number_at(line + length, otherwise) : otherwise;
}

/* "MAJOR.MINOR" at the start of `text`. */
static inline bool number_pair(const char *text, int *major, int *minor)
{
    char *dot, *end;
    long first = strtol(text, &dot, 10), second;

    if (!isdigit((unsigned char)*text) || *dot != '.' || !isdigit((unsigned char)dot[1]))
        return false;
    second = strtol(dot + 1, &end, 10);
    if (first > 999 || second > 999)
        return false;
    *major = (int)first;
    *minor = (int)second;
    return true;
}

#endif
