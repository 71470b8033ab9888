/* The child found last goes to the front of the list, because successive samples are alike. */
#include "flamegraph/tree.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static struct node *node_new(const char *name, enum frame_kind kind)
{
    size_t length = strlen(name) + 1;
    struct node *node = calloc(1, sizeof *node + length);

    if (!node)
        return NULL;
    node->kind = kind;
    memcpy(node->name, name, length);
    return node;
}

struct node *tree_new(void)
{
    return node_new("all", FRAME_C);
}

struct node *tree_child(struct node *node, const char *name, enum frame_kind kind)
{
    struct node **link = &node->child, *found;

    while (*link && ((*link)->kind != kind || strcmp((*link)->name, name) != 0))
        link = &(*link)->next;
    found = *link;
    if (found)
        *link = found->next;
    else
        found = node_new(name, kind);
    if (!found)
        return NULL;
    found->parent = node;
    found->next = node->child;
    node->child = found;
    return found;
}

int tree_count_line(struct node *node, unsigned line)
{
    struct node_line *at = node->lines;

    while (at && at->line != line)
        at = at->next;
    if (!at) {
        at = malloc(sizeof *at);
        if (!at)
            return -ENOMEM;
        *at = (struct node_line){.next = node->lines, .line = line};
        node->lines = at;
    }
    at->samples++;
    return 0;
}

static void free_lines(struct node *node)
{
    while (node->lines) {
        struct node_line *next = node->lines->next;
        free(node->lines);
        node->lines = next;
    }
}

/* No recursion: a chain may be eight thousand calls deep. */
void tree_free(struct node *node)
{
    struct node *top = node ? node->parent : NULL;

    while (node && node != top) {
        struct node *next = node->child;
        if (next) {
            node->child = next->next;
            node = next;
            continue;
        }
        next = node->parent;
        free_lines(node);
        free(node);
        node = next;
    }
}
