/* The page is page/page.html with its @WORDS@ replaced. */
#include "flamegraph/render.h"

#include <string.h>

extern const char page_html[], page_html_end[];
extern const char page_style[], page_style_end[];
extern const char page_selection[], page_selection_end[];
extern const char page_flamegraph[], page_flamegraph_end[];

/* The JSON stands in a <script>, so "<" is escaped too: no name can end the script. */
static void write_name(const char *name, FILE *out)
{
    for (; *name; name++) {
        unsigned char byte = (unsigned char)*name;
        if (byte == '"' || byte == '\\')
            fprintf(out, "\\%c", byte);
        else if (byte < 0x20 || byte == '<' || byte == 0x7f)
            fprintf(out, "\\u%04x", byte);
        else
            fputc(byte, out);
    }
}

static void write_tree(const struct node *tree, FILE *out)
{
    const struct node *node = tree;

    while (node) {
        fputs("{\"n\":\"", out);
        write_name(node->name, out);
        fprintf(out, "\",\"k\":\"%c\",\"v\":%lu", node->kind, node->samples);
        if (node->child) {
            fputs(",\"c\":[", out);
            node = node->child;
            continue;
        }
        fputc('}', out);
        while (node != tree && !node->next) {
            fputs("]}", out);
            node = node->parent;
        }
        if (node == tree)
            return;
        fputc(',', out);
        node = node->next;
    }
}

void render_html(const struct node *tree, FILE *out)
{
    static const struct {
        const char *word, *start, *end;
    } parts[] = {
        {"@STYLE@", page_style, page_style_end},
        {"@SELECTION@", page_selection, page_selection_end},
        {"@FLAMEGRAPH@", page_flamegraph, page_flamegraph_end},
        {"@DATA@", NULL, NULL},
    };
    const char *rest = page_html;

    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) {
        const char *word = strstr(rest, parts[i].word);
        fwrite(rest, 1, (size_t)(word - rest), out);
        rest = word + strlen(parts[i].word);
        if (parts[i].start)
            fwrite(parts[i].start, 1, (size_t)(parts[i].end - parts[i].start), out);
        else
            write_tree(tree, out);
    }
    fwrite(rest, 1, (size_t)(page_html_end - rest), out);
}
