/* The options of `perf record` and of perf itself, and which of them take a value. */
#ifndef RUN_PERF_PERFOPTS_H
#define RUN_PERF_PERFOPTS_H

#include <stddef.h>

enum perfopt_value {
    VALUE_NONE,
    VALUE_REQUIRED, /* "-F 99", "-F99", "--freq 99", "--freq=99" */
    VALUE_OPTIONAL, /* "-z3", "--compression-level=3": attached, never the next word */
};

struct perfopt {
    const char *name; /* NULL: no long form */
    enum perfopt_value value;
    char letter; /* 0: no short form */
};

/* Finds an option by its letter; NULL if there is none. */
const struct perfopt *perfopts_record_letter(char letter);

/*
 * Finds an option by its long name of `length` bytes, or by the beginning of one.  *negated is 1 if
 * the name begins with "no-".  NULL if none fits, or several do.
 */
const struct perfopt *perfopts_record_name(const char *name, size_t length, int *negated);

/* The same for perf's own options, before the subcommand; they cannot be shortened. */
const struct perfopt *perfopts_global_name(const char *name, size_t length);

#endif
