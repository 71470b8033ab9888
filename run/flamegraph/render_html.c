/* The page is page/page.html with its @WORDS@ replaced. */
#include "base/json.h"
#include "flamegraph/render.h"
#include "lines/source.h"

#include <string.h>

extern const char page_html[], page_html_end[];
extern const char page_style[], page_style_end[];
extern const char page_selection[], page_selection_end[];
extern const char page_flamegraph[], page_flamegraph_end[];

/* The JSON stands in a <script>, so "<" is escaped too: no name can end the script. */
static void write_text(const char *text, FILE *out)
{
    json_text(text, "<", out);
}

static void write_lines(const struct node *node, FILE *out)
{
    const char *before = ",\"l\":[";

    for (const struct node_line *at = node->lines; at; at = at->next, before = ",")
        fprintf(out, "%s%u,%lu", before, at->line, at->samples);
    if (node->lines)
        fputc(']', out);
}

static void write_tree(const struct node *tree, FILE *out)
{
    const struct node *node = tree;

    while (node) {
        fputs("{\"n\":\"", out);
        write_text(node->name, out);
        fprintf(out, "\",\"k\":\"%c\",\"v\":%lu", node->kind, node->samples);
        write_lines(node, out);
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

/* -- Sources -------------------------------------------------------------------------------- */

enum { SOURCES_MAX = 4 << 20 }; /* bytes of text in a page */

/* Not the interpreter's and not what was installed: those are long, and the same everywhere. */
static bool is_own(const char *path)
{
    return path[0] != '<' && !strstr(path, "/lib/python") && !strstr(path, "/site-packages/") &&
           !strstr(path, "/dist-packages/");
}

static bool is_first_of_file(const struct hot *hot, size_t i)
{
    for (size_t other = 0; other < i; other++)
        if (strcmp(hot->list[other]->file, hot->list[i]->file) == 0)
            return false;
    return true;
}

/* {"f": path, "t": [line, ...], "h": [line, self, total, ...]}, the counts of functions that share
 * a line one after the other. */
static void write_source(const struct hot *hot, const char *file, const struct source *source,
                         FILE *out)
{
    const char *comma = "";

    fputs("{\"f\":\"", out);
    write_text(file, out);
    fputs("\",\"t\":[", out);
    for (size_t line = 1; line <= source->count; line++) {
        fputs(line > 1 ? ",\"" : "\"", out);
        write_text(source_line(source, (unsigned)line), out);
        fputc('"', out);
    }
    fputs("],\"h\":[", out);
    for (size_t i = 0; i < hot->count; i++) {
        const struct hot_line *line = hot->list[i];
        if (strcmp(line->file, file) != 0 || !line->line)
            continue;
        fprintf(out, "%s%u,%lu,%lu", comma, line->line, line->self, line->first);
        comma = ",";
    }
    fputs("]}", out);
}

static void write_sources(const struct profile *profile, FILE *out)
{
    const struct hot *hot = &profile->hot;
    const char *comma = "";
    size_t bytes = 0;

    fputc('[', out);
    for (size_t i = 0; profile->sources && i < hot->count; i++) {
        struct source source;
        if (!hot->list[i]->line || !is_own(hot->list[i]->file) || !is_first_of_file(hot, i))
            continue;
        source_read(&source, hot->list[i]->file);
        for (size_t line = 0; line < source.count; line++)
            bytes += strlen(source.lines[line]) + 1;
        if (source.count && bytes <= SOURCES_MAX) {
            fputs(comma, out);
            write_source(hot, hot->list[i]->file, &source, out);
            comma = ",\n";
        }
        source_free(&source);
    }
    fputc(']', out);
}

/* -- The page ------------------------------------------------------------------------------- */

void render_html(const struct profile *profile, FILE *out)
{
    static const struct {
        const char *word, *start, *end;
        bool sources;
    } parts[] = {
        {"@STYLE@", page_style, page_style_end, false},
        {"@SELECTION@", page_selection, page_selection_end, false},
        {"@FLAMEGRAPH@", page_flamegraph, page_flamegraph_end, false},
        {"@DATA@", NULL, NULL, false},
        {"@SOURCES@", NULL, NULL, true},
    };
    const char *rest = page_html;

    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) {
        const char *word = strstr(rest, parts[i].word);
        fwrite(rest, 1, (size_t)(word - rest), out);
        rest = word + strlen(parts[i].word);
        if (parts[i].start)
            fwrite(parts[i].start, 1, (size_t)(parts[i].end - parts[i].start), out);
        else if (parts[i].sources)
            write_sources(profile, out);
        else
            write_tree(profile->tree, out);
    }
    fwrite(rest, 1, (size_t)(page_html_end - rest), out);
}
