/* Finds the places of positions from a recording of the probe, whose lines are known. */
#ifndef RUN_LINES_LEARN_H
#define RUN_LINES_LEARN_H

#include "lines/positions.h"
#include "recording/build_id.h"

/*
 * `data` is a recording of probe/probe.py, `bytecode` the file that this wrote, `cache` perf's
 * build-id cache or NULL.  Fills `positions` and tells in `build_id` of which file they are.
 * Returns 0, and positions_free() is due; -ENODATA if there are too few samples to tell; or what
 * chains_each() returned.
 */
int learn(const char *data, const char *bytecode, const char *cache, struct positions *positions,
          struct build_id *build_id);

#endif
