/*
 * Finds a unit's drop-ins as systemd does: systemd.unit(5).  Of files with the same name in several
 * folders only the one with the highest priority counts, even if it is empty or a link to
 * /dev/null.  Those that count are applied in the order of their names, whatever folders they are
 * in.
 */
#ifndef RUN_SYSTEMD_DROPINS_H
#define RUN_SYSTEMD_DROPINS_H

#include "systemd/load_path.h"

#include <stddef.h>

struct dropins {
    char **paths; /* in the order in which they are applied */
    size_t count;
};

/*
 * `names` are the unit's own name and those of its aliases, NULL-terminated.
 * Returns 0 or -ENOMEM; dropins_free() afterwards in any case.
 */
int dropins_find(struct dropins *dropins, const struct load_path *path, char *const *names);

void dropins_free(struct dropins *dropins);

#endif
