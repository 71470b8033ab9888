/* The format of FlameGraph's stackcollapse programs; speedscope and others read it too. */
#include "flamegraph/render.h"

#include <stdlib.h>

unsigned long render_self(const struct node *node)
{
    unsigned long below = 0;

    for (const struct node *child = node->child; child; child = child->next)
        below += child->samples;
    return node->samples - below;
}

const struct node *render_next(const struct node *node, const struct node *tree)
{
    if (node->child)
        return node->child;
    while (node != tree && !node->next)
        node = node->parent;
    return node == tree ? NULL : node->next;
}

static void write_frame(const struct node *node, FILE *out)
{
    if (node->kind == FRAME_PYTHON)
        fputs("py::", out);
    for (const char *c = node->name; *c; c++)
        fputc(*c == ';' ? ':' : *c, out); /* ";" separates frames */
    if (node->kind == FRAME_KERNEL)
        fputs("_[k]", out);
}

static void write_chain(const struct node *leaf, const struct node *tree, FILE *out)
{
    size_t depth = 0;
    const struct node **chain;

    for (const struct node *node = leaf; node != tree; node = node->parent)
        depth++;
    chain = calloc(depth + 1, sizeof(const struct node *));
    if (!chain)
        return;
    for (const struct node *node = leaf; node != tree; node = node->parent)
        chain[--depth] = node;
    for (size_t i = 0; chain[i]; i++) {
        if (i)
            fputc(';', out);
        write_frame(chain[i], out);
    }
    fprintf(out, " %lu\n", render_self(leaf));
    free(chain);
}

void render_folded(const struct profile *profile, FILE *out)
{
    const struct node *tree = profile->tree;

    for (const struct node *node = tree->child; node; node = render_next(node, tree))
        if (render_self(node))
            write_chain(node, tree, out);
}
