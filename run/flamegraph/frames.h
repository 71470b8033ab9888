/* Adds a recording's call chains to a tree, and tells for each frame what it is. */
#ifndef RUN_FLAMEGRAPH_FRAMES_H
#define RUN_FLAMEGRAPH_FRAMES_H

#include "flamegraph/tree.h"
#include "lines/lines.h"
#include "recording/chains.h"

/* Adds one sample: first its command's name, then its frames from the root.  `lines` may be NULL.
 * 0 or -ENOMEM. */
int frames_add(struct node *tree, const struct chain *chain, struct lines *lines);

#endif
