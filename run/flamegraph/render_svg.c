/* The root is at the bottom, each call is one row up, and widths are in proportion to samples. */
#include "flamegraph/render.h"

#include <stdlib.h>
#include <string.h>

enum { WIDTH = 1200, ROW = 17, MARGIN = 10, CHARACTER = 7 };

/* Too narrow to be seen, and callees are narrower still. */
static const double least = 0.3;

struct rectangle {
    double x, width;
    size_t depth;
};

static void write_text(const char *text, size_t most, FILE *out)
{
    for (; *text && most; text++) {
        unsigned char byte = (unsigned char)*text;
        if (byte == '<')
            fputs("&lt;", out);
        else if (byte == '&')
            fputs("&amp;", out);
        else if (byte == '"')
            fputs("&quot;", out);
        else if (byte >= 0x20)
            fputc(byte, out);
        most -= (byte & 0xc0) != 0x80; /* count characters, not UTF-8 continuation bytes */
    }
}

static const char *colour_of(enum frame_kind kind)
{
    switch (kind) {
    case FRAME_PYTHON:
        return "#7cc690";
    case FRAME_INTERPRETER:
        return "#d5d5d5";
    case FRAME_KERNEL:
        return "#9fb4e3";
    default:
        return "#f0c27f";
    }
}

static void write_node(const struct node *node, const struct rectangle *place, size_t rows,
                       double total, FILE *out)
{
    double y = (double)(rows - place->depth - 1) * ROW + MARGIN;
    size_t fits = (size_t)(place->width / CHARACTER);
    size_t length = strlen(node->name);

    fputs("<g><title>", out);
    write_text(node->name, length, out);
    fprintf(out, " (%lu samples, %.2f%%)</title><rect x=\"%.1f\" y=\"%.0f\" width=\"%.1f\" ",
            node->samples, 100.0 * (double)node->samples / total, place->x, y, place->width);
    fprintf(out, "height=\"%d\" fill=\"%s\"/>", ROW - 1, colour_of(node->kind));
    if (fits >= 3) {
        fprintf(out, "<text x=\"%.1f\" y=\"%.0f\">", place->x + 3, y + ROW - 5);
        write_text(node->name, length <= fits ? fits : fits - 2, out);
        fprintf(out, "%s</text>", length <= fits ? "" : "..");
    }
    fputs("</g>\n", out);
}

/* Left edge and width: a node begins where its earlier siblings end. */
static struct rectangle place_of(const struct node *node, const struct node *tree, double total)
{
    struct rectangle place = {.x = MARGIN};
    const double unit = (WIDTH - 2 * MARGIN) / total;

    place.width = (double)node->samples * unit;
    for (; node != tree; node = node->parent) {
        place.depth++;
        for (const struct node *left = node->parent->child; left != node; left = left->next)
            place.x += (double)left->samples * unit;
    }
    return place;
}

/* As render_next(), but skips what is too narrow. */
static const struct node *next_visible(const struct node *node, const struct node *tree,
                                       double total)
{
    const struct node *next;

    if ((double)node->samples * WIDTH / total >= least)
        return render_next(node, tree);
    while (node != tree && !node->next)
        node = node->parent;
    next = node == tree ? NULL : node->next;
    return next;
}

void render_svg(const struct profile *profile, FILE *out)
{
    const struct node *tree = profile->tree;
    const double total = tree->samples ? (double)tree->samples : 1;
    size_t rows = 1;

    for (const struct node *node = tree; node; node = next_visible(node, tree, total)) {
        struct rectangle place = place_of(node, tree, total);
        if (place.width >= least && place.depth + 1 > rows)
            rows = place.depth + 1;
    }
    fprintf(out,
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
            "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"%d\" height=\"%zu\">\n"
            "<style>text{font:12px sans-serif}rect:hover{stroke:#000}</style>\n"
            "<rect width=\"100%%\" height=\"100%%\" fill=\"#fff\"/>\n",
            WIDTH, rows * ROW + 2 * MARGIN);
    for (const struct node *node = tree; node; node = next_visible(node, tree, total)) {
        struct rectangle place = place_of(node, tree, total);
        if (place.width >= least)
            write_node(node, &place, rows, total, out);
    }
    fputs("</svg>\n", out);
}
