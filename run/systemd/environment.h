/* Environment= lines of systemd units: see systemd.exec(5), and systemd.syntax(7) for quoting. */
#ifndef RUN_SYSTEMD_ENVIRONMENT_H
#define RUN_SYSTEMD_ENVIRONMENT_H

#include <stddef.h>

/*
 * Reads one unit file's text for the variable's value.  *value is what earlier files gave (NULL or
 * allocated) and is replaced by what this one says; an empty "Environment=" clears it.
 * Returns 0 or -ENOMEM.
 */
int environment_read(const char *text, const char *name, char **value);

/*
 * Our drop-in: `variable=value` with what systemd would expand or unquote escaped.
 * Returns a string to free(), or NULL (no memory).
 */
char *environment_dropin(const char *variable, const char *value);

#endif
