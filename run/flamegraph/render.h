/* Writes a tree of call chains.  Errors show in ferror(out). */
#ifndef RUN_FLAMEGRAPH_RENDER_H
#define RUN_FLAMEGRAPH_RENDER_H

#include "flamegraph/tree.h"
#include "lines/hot.h"

#include <stdbool.h>
#include <stdio.h>

struct profile {
    struct node *tree;
    struct hot hot;
    bool sources; /* the page may have the text of source files in it */
};

/* One self-contained page with d3-flame-graph and, if there are lines, the sources with their
 * shares: those of the user's own files, which the reader wants to see and has the right to show.
 */
void render_html(const struct profile *profile, FILE *out);

/* One "root;...;leaf count" line for each distinct chain; kernel frames end in "_[k]". */
void render_folded(const struct profile *profile, FILE *out);

/* A picture without scripts; names and numbers of samples are tooltips. */
void render_svg(const struct profile *profile, FILE *out);

/* Samples whose leaf is this node. */
unsigned long render_self(const struct node *node);

/* The next node in a walk through `tree` that visits parents before children; NULL at the end. */
const struct node *render_next(const struct node *node, const struct node *tree);

#endif
