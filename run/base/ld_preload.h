/* LD_PRELOAD: a list of libraries separated by spaces or colons; it knows no quoting. */
#ifndef RUN_BASE_LD_PRELOAD_H
#define RUN_BASE_LD_PRELOAD_H

#include <stdbool.h>

/* Can LD_PRELOAD hold this path?  Not if there is a space or a colon in it. */
bool ld_preload_accepts(const char *library);

/* Does the list name this very path, or another file called libpyperf.so? */
bool ld_preload_contains(const char *list, const char *library);

/*
 * `list` (NULL or "" for none) with `library` added at the end: some libraries insist on being
 * first (AddressSanitizer does), ours does not.  A list that already has a libpyperf.so stays.
 * Returns a string to free(), or NULL (no memory).
 */
char *ld_preload_merge(const char *list, const char *library);

/* The list without any libpyperf.so.  Returns a string to free(), or NULL (no memory). */
char *ld_preload_remove(const char *list);

#endif
