/* Writes a tree of call chains.  Errors show in ferror(out). */
#ifndef RUN_FLAMEGRAPH_RENDER_H
#define RUN_FLAMEGRAPH_RENDER_H

#include "flamegraph/tree.h"

#include <stdio.h>

/* One self-contained page with d3-flame-graph. */
void render_html(const struct node *tree, FILE *out);

/* One "root;...;leaf count" line for each distinct chain; kernel frames end in "_[k]". */
void render_folded(const struct node *tree, FILE *out);

/* A picture without scripts; names and numbers of samples are tooltips. */
void render_svg(const struct node *tree, FILE *out);

/* Samples whose leaf is this node. */
unsigned long render_self(const struct node *node);

/* The next node in a walk through `tree` that visits parents before children; NULL at the end. */
const struct node *render_next(const struct node *node, const struct node *tree);

#endif
