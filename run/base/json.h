/* Strings in JSON. */
#ifndef RUN_BASE_JSON_H
#define RUN_BASE_JSON_H

#include <stdio.h>

/* Writes what stands between the quotes of a string; `also` are characters to be escaped besides
 * those that must be. */
void json_text(const char *text, const char *also, FILE *out);

/* Writes the string with its quotes. */
void json_string(const char *text, FILE *out);

#endif
