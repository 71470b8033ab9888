/* A tree of call chains, written out.  Errors show in ferror(out). */
#ifndef RUN_FLAMEGRAPH_RENDER_H
#define RUN_FLAMEGRAPH_RENDER_H

#include "flamegraph/tree.h"

#include <stdio.h>

/* One self-contained page with d3-flame-graph. */
void render_html(const struct node *tree, FILE *out);

/* One "root;...;leaf count" line for each distinct chain; kernel frames end in "_[k]". */
void render_folded(const struct node *tree, FILE *out);

/* A picture without scripts; names and figures as tooltips. */
void render_svg(const struct node *tree, FILE *out);

/* Samples that ended in this very node. */
unsigned long render_self(const struct node *node);

/* The node that follows in a walk from parents to children; NULL at the end. */
const struct node *render_next(const struct node *node, const struct node *tree);

#endif
