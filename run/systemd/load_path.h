/* Where systemd looks for units: systemd.unit(5), "Unit File Load Path". */
#ifndef RUN_SYSTEMD_LOAD_PATH_H
#define RUN_SYSTEMD_LOAD_PATH_H

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>

enum { LOAD_PATH_MAX = 24 };

struct load_path {
    size_t count;
    char folders[LOAD_PATH_MAX][PATH_MAX]; /* highest priority first */
};

/* The folders for system units or, with `user`, for user units, below `root` ("" for this machine).
 * For another root the user's own folders are left out. */
void load_path_make(struct load_path *path, const char *root, bool user);

/* The folder of the user's own units, where `systemctl --user edit` writes. */
void load_path_own(char folder[PATH_MAX]);

#endif
