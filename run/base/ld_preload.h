/* LD_PRELOAD: a list of libraries, separated by spaces or colons, that cannot be quoted. */
#ifndef RUN_BASE_LD_PRELOAD_H
#define RUN_BASE_LD_PRELOAD_H

#include <stdbool.h>

/* Can a path stand in LD_PRELOAD?  Not with a space or a colon in it. */
bool ld_preload_accepts(const char *library);

/* Does the list name this very path, or another file called libpyperf.so? */
bool ld_preload_contains(const char *list, const char *library);

/*
 * `list` (NULL or "" for none) with `library` behind what was there: others may insist on being
 * first (AddressSanitizer does), we do not.  A list that has a libpyperf.so keeps it.
 * Returns a string to free(), or NULL (no memory).
 */
char *ld_preload_merge(const char *list, const char *library);

/* The list without any libpyperf.so.  Returns a string to free(), or NULL (no memory). */
char *ld_preload_remove(const char *list);

#endif
