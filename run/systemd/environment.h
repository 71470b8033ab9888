/* Environment= lines of systemd units: systemd.exec(5), and systemd.syntax(7) for quoting. */
#ifndef RUN_SYSTEMD_ENVIRONMENT_H
#define RUN_SYSTEMD_ENVIRONMENT_H

#include <stddef.h>

/*
 * Looks for the variable in the text of one unit file.  *value is its value from earlier files
 * (NULL or allocated); a value in this one replaces it, and an empty "Environment=" clears it.
 * Returns 0 or -ENOMEM.
 */
int environment_read(const char *text, const char *name, char **value);

/*
 * The text of our drop-in: it sets `variable` to `value`, with everything escaped that systemd
 * would expand or unquote.  Returns a string to free(), or NULL (no memory).
 */
char *environment_dropin(const char *variable, const char *value);

#endif
