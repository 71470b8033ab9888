/* Perf maps, /tmp/perf-PID.map: names for code that is in no file.  Their format is described in
 * Linux tools/perf/Documentation/jit-interface.txt. */
#ifndef RUN_RECORDING_JITMAP_H
#define RUN_RECORDING_JITMAP_H

#include "recording/symbols.h"

/* Adds what the map at `path` names.  As perf, reads only a map of this user or, for root, of any
 * user.  0 or -errno. */
int jitmap_read(struct symbols *symbols, const char *path);

/* Adds all lines of a map, in their order; closes `fd`.  0 or -ENOMEM. */
int jitmap_read_lines(struct symbols *symbols, int fd);

#endif
