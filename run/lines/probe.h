/* Runs the probe: a Python program whose lines are known, under perf. */
#ifndef RUN_LINES_PROBE_H
#define RUN_LINES_PROBE_H

#include "lines/lines.h"
#include "recording/build_id.h"

#include <limits.h>

/* Where what probes found is kept: $XDG_CACHE_HOME/pyperf/positions, or in ~/.cache.  Makes it.
 * 0 or -errno. */
int probe_folder(char folder[PATH_MAX]);

/*
 * Probes the interpreter `program`, and adds a file to `folder` for the build that is in it.  Takes
 * some three seconds, and longer where samples come slowly.  0; -ENOEXEC if it is no Python
 * program; -ESTALE if it is another build than `build_id`; -ENODATA if the probe did not tell,
 * -ETIME if it did not end within minutes; or another -errno.
 */
int probe_build(const char *program, const struct build_id *build_id, const char *folder);

/* For recordings made here: lines_new() with that folder, and a probe of each build that is not
 * known yet, which a message tells of.  NULL: no memory. */
struct lines *lines_here(void);

#endif
