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

struct node {
    struct node *parent, *child, *next; /* first child, next sibling */
    unsigned long samples;              /* of this node and everything below it */
    enum frame_kind kind;
    char name[]; /* without "py::": the kind says that */
};

/* An empty tree: one node named "all"; tree_free() it.  NULL: no memory. */
struct node *tree_new(void);

/* The child with this name and kind, made if there is none.  NULL: no memory. */
struct node *tree_child(struct node *node, const char *name, enum frame_kind kind);

/* Frees the node and everything below it.  NULL is allowed. */
void tree_free(struct node *node);

#endif
