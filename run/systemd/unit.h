/* systemd units as files: where they are, what they say, and where our drop-in goes. */
#ifndef RUN_SYSTEMD_UNIT_H
#define RUN_SYSTEMD_UNIT_H

#include <limits.h>
#include <stdbool.h>

struct unit {
    char name[256];        /* with its suffix: "web.service" */
    char folder[PATH_MAX]; /* UNIT.d, where the drop-in goes */
    char dropin[PATH_MAX]; /* UNIT.d/pyperf.conf */
    char *preload;         /* LD_PRELOAD that the unit sets without us; NULL: none */
    bool found;            /* a unit file exists */
    char
        overridden[PATH_MAX]; /* the drop-in read after ours that sets LD_PRELOAD again; "": none */
};

/*
 * Looks at a unit of the system, or with `user` of user services, below `root` ("" for this
 * machine).  A name without suffix is a service's.
 * Returns 0; -EINVAL (no unit name), -ENAMETOOLONG or -ENOMEM.  unit_free() afterwards.
 */
int unit_open(struct unit *unit, const char *name, const char *root, bool user);

/* Writes the drop-in in one step.  Returns 0 or -errno. */
int unit_write(const struct unit *unit, const char *text);

/* Removes the drop-in, and its folder if nothing else is in it.  Returns 0 or -errno. */
int unit_remove(const struct unit *unit);

void unit_free(struct unit *unit);

#endif
