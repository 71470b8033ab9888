/* Contexts (include/pyperf.h): the callers of frames beyond which a stack's copy was cut off. */
#ifndef RUN_RECORDING_CONTEXTS_H
#define RUN_RECORDING_CONTEXTS_H

#include "recording/module.h"
#include "recording/spaces.h"
#include "recording/table.h"

#include <pyperf.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct context {
    uint64_t id, parent;         /* parent 0: the outermost frame is a root */
    const unsigned char *frames; /* struct pyperf_context_frame each, the innermost first */
    size_t count;
};

/* Those of all processes: an id tells all that a context says, addresses included. */
struct contexts {
    struct table found; /* id -> struct context */
    struct table read;  /* struct module, by its address -> itself: images whose rows are in it */
};

/* The context of this id, by a process's images, which stay open.  NULL: it, or a part of the way
 * to its root, is not known. */
const struct context *contexts_find(struct contexts *contexts, const struct space *space,
                                    const struct module_places *places, uint64_t id);

/* How many frames there are from the context to its root; false: a part of that is not known. */
bool contexts_depth(const struct contexts *contexts, const struct context *context, size_t *depth);

/* The one in which its outermost frame was called; NULL: that is a root. */
const struct context *contexts_outer(const struct contexts *contexts,
                                     const struct context *context);

/* Was `context` left on the stack while `outer` was there, or is it the same? */
bool contexts_is_within(const struct contexts *contexts, const struct context *context,
                        const struct context *outer);

struct pyperf_context_frame contexts_frame(const struct context *context, size_t number);

void contexts_free(struct contexts *contexts);

#endif
