/* The files of systemd units: where they are, what they say, and where our drop-in goes. */
#ifndef RUN_SYSTEMD_UNIT_H
#define RUN_SYSTEMD_UNIT_H

#include <limits.h>
#include <stdbool.h>

struct unit {
    char name[256];        /* with its suffix: "web.service" */
    char folder[PATH_MAX]; /* UNIT.d, where the drop-in goes */
    char dropin[PATH_MAX]; /* UNIT.d/pyperf.conf */
    char *preload;         /* LD_PRELOAD as the unit sets it without our drop-in; NULL: not set */
    bool found;            /* a unit file exists */
    /* The drop-in that is read after ours and sets LD_PRELOAD again; "" if there is none. */
    char overridden[PATH_MAX];
};

/*
 * Reads a system unit or, with `user`, a user unit, below `root` ("" for this machine).  A name
 * without a suffix is a service's.
 * Returns 0; -EINVAL (no unit name), -ENAMETOOLONG or -ENOMEM.  unit_free() afterwards in any case.
 */
int unit_open(struct unit *unit, const char *name, const char *root, bool user);

/* Writes the drop-in; readers see the old file or the new one.  Returns 0 or -errno. */
int unit_write(const struct unit *unit, const char *text);

/* Removes the drop-in, and its folder if nothing else is in it.  Returns 0 or -errno. */
int unit_remove(const struct unit *unit);

void unit_free(struct unit *unit);

#endif
