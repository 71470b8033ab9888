/* Reads numbers from text: files in /proc, other programs' output. */
#ifndef RUN_BASE_NUMBER_H
#define RUN_BASE_NUMBER_H

#include <ctype.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

/* The number at the start of `text`, after any blanks; `otherwise` if there is none. */
static inline long number_at(const char *text, long otherwise)
{
    char *end;
    long value = strtol(text, &end, 10);
    return end == text ? otherwise : value;
}

/* The number after `key` in a line that starts with `key`; `otherwise` if there is none. */
static inline long number_behind(const char *line, const char *key, long otherwise)
{
    size_t length = strlen(key);
    return strncmp(line, key, length) == 0 ? number_at(line + length, otherwise) : otherwise;
}

/* Reads "MAJOR.MINOR", each at most 999, at the start of `text`; false if it is not there. */
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
