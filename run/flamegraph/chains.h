/* Reads the output of `perf script -F comm,ip,sym,dso` into a tree. */
#ifndef RUN_FLAMEGRAPH_CHAINS_H
#define RUN_FLAMEGRAPH_CHAINS_H

#include "flamegraph/tree.h"

#include <stdio.h>

/*
 * Adds every sample: first its command's name, then its frames from the root.
 * Returns 0 or -ENOMEM.  Skips lines of any other form.
 */
int chains_read(struct node *tree, FILE *text);

#endif
