/* Names of units: systemd.unit(5), "NAME@INSTANCE.TYPE". */
#ifndef RUN_SYSTEMD_UNIT_NAME_H
#define RUN_SYSTEMD_UNIT_NAME_H

#include <stdbool.h>

/* As in systemd, UNIT_NAME_MAX, with the terminating zero. */
enum { UNIT_NAME_SIZE = 256 };

/* Completes a name ("web" is "web.service").  Returns 0, -EINVAL (no unit name) or
 * -ENAMETOOLONG. */
int unit_name_make(char out[UNIT_NAME_SIZE], const char *name);

/* The template of an instance: "web@.service" for "web@7.service".  False if it is no instance. */
bool unit_name_template(char out[UNIT_NAME_SIZE], const char *name);

/* The next shorter prefix: "a-b-.service" for "a-b-c.service", then "a-.service", then none.  An
 * instance stays in the name, a template's "@" does not.  False if there is none. */
bool unit_name_prefix(char out[UNIT_NAME_SIZE], const char *name);

#endif
