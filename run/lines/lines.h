/* The line that each Python frame of a call chain was executing. */
#ifndef RUN_LINES_LINES_H
#define RUN_LINES_LINES_H

#include "lines/codes.h"
#include "lines/positions.h"
#include "recording/chains.h"

#include <stdbool.h>
#include <stddef.h>

struct lines;

/*
 * `folder` is where what probes found is kept (probe_folder()); it is copied.  `learn` (may be
 * NULL) is called when a build of CPython turns up that is not there yet; it may run a probe of
 * `program`, which is what ran this build, and add a file.  NULL: no memory.
 */
typedef void lines_learn(void *context, const char *program, const struct build_id *build_id);
struct lines *lines_new(const char *folder, lines_learn *learn, void *context);
void lines_free(struct lines *lines);

/* Is frame `i` a slot, and the one in front of it the evaluation loop that runs its code? */
bool lines_is_python(const struct chain *chain, size_t i);

/* What is known of the place in the source where a Python frame was. */
struct line {
    unsigned line;        /* 0: it cannot be told */
    unsigned first, last; /* of its code object, or one in the same slot; 0: not known */
};

/* The line of frame `i`; without one for frames of other kinds.  Never a wrong one. */
struct line lines_find(struct lines *lines, const struct chain *chain, size_t i);

/* For the probe: codes_find(). */
const struct code *lines_code(struct lines *lines, const struct chain *chain, size_t i,
                              uint64_t address);

/* The loop's frame under Python frame `i`. */
struct position_frame lines_loop(const struct chain *chain, size_t i, struct stack_copy *stack);

#endif
