/* Call chains merged into a tree, counted in samples. */
#ifndef RUN_FLAMEGRAPH_TREE_H
#define RUN_FLAMEGRAPH_TREE_H

#include <stddef.h>

enum frame_kind {
    FRAME_PYTHON = 'p',
    FRAME_INTERPRETER = 'i', /* what CPython does to run Python code */
    FRAME_C = 'c',
    FRAME_KERNEL = 'k',
};

/* How many of a node's samples were at a line of its function. */
struct node_line {
    struct node_line *next;
    unsigned line;
    unsigned long samples;
};

struct node {
    struct node *parent, *child, *next; /* first child, next sibling */
    unsigned long samples;              /* of this node and everything below it */
    struct node_line *lines;            /* in no order; samples without a line are in none */
    enum frame_kind kind;
    char name[]; /* without "py::": the kind says that */
};

/* An empty tree: one node named "all"; tree_free() it.  NULL: no memory. */
struct node *tree_new(void);

/* The child with this name and kind, made if there is none.  NULL: no memory. */
struct node *tree_child(struct node *node, const char *name, enum frame_kind kind);

/* Counts a sample of the node for a line.  0 or -ENOMEM. */
int tree_count_line(struct node *node, unsigned line);

/* Frees the node and everything below it.  NULL is allowed. */
void tree_free(struct node *node);

#endif
