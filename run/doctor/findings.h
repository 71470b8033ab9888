/* What the doctor found: one line for each check. */
#ifndef RUN_DOCTOR_FINDINGS_H
#define RUN_DOCTOR_FINDINGS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

enum verdict {
    VERDICT_OK,
    VERDICT_NOTE, /* worth knowing, but names will show */
    VERDICT_BAD,  /* with this, names will not show */
};

struct finding {
    enum verdict verdict;
    const char *subject; /* static */
    const char *remedy;  /* static; NULL if there is nothing to do */
    char *text;
};

struct findings {
    struct finding *list;
    size_t count;
};

/* Adds a finding; drops it if there is no memory. */
void findings_add(struct findings *findings, enum verdict verdict, const char *subject,
                  const char *remedy, const char *format, ...)
    __attribute__((format(printf, 5, 6)));

/* Is no finding VERDICT_BAD? */
bool findings_good(const struct findings *findings);

void findings_print(const struct findings *findings, FILE *out);
void findings_print_json(const struct findings *findings, FILE *out);
void findings_free(struct findings *findings);

#endif
