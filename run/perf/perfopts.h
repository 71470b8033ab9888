/* The options of `perf record` and of perf itself: which of them take a value. */
#ifndef RUN_PERF_PERFOPTS_H
#define RUN_PERF_PERFOPTS_H

#include <stddef.h>

enum perfopt_value {
    VALUE_NONE,
    VALUE_REQUIRED, /* "-F 99", "-F99", "--freq 99", "--freq=99" */
    VALUE_OPTIONAL, /* "-z3", "--compression-level=3": only attached, never the next word */
};

struct perfopt {
    const char *name; /* NULL: no long form */
    enum perfopt_value value;
    char letter; /* 0: no short form */
};

/* By letter; NULL if there is none. */
const struct perfopt *perfopts_record_letter(char letter);

/*
 * By long name of `length` bytes, or by an unambiguous beginning of one.  A leading "no-" is
 * understood: *negated tells.  NULL: unknown, or several fit.
 */
const struct perfopt *perfopts_record_name(const char *name, size_t length, int *negated);

/* perf's own options, which stand before the subcommand; these cannot be shortened. */
const struct perfopt *perfopts_global_name(const char *name, size_t length);

#endif
