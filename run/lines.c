/* pyperf-run lines: the hottest lines, or the source with what each line cost; or a recording of
 * them for other tools. */
#include "base/json.h"
#include "base/path.h"
#include "base/say.h"
#include "commands.h"
#include "lines/hot.h"
#include "lines/probe.h"
#include "lines/source.h"
#include "perf/reading.h"
#include "recording/chains.h"
#include "recording/leaves.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum {
    MOST = 30,  /* lines of the list, unless it is JSON */
    AROUND = 3, /* lines shown before and behind one that has samples */
};

struct request {
    const char *data;
    const char *what; /* a file or function; NULL: all */
    const char *out;  /* a recording to be written; NULL: none */
    bool json;
};

static bool is_option(const char *word, const char *brief, const char *name)
{
    return strcmp(word, brief) == 0 || strcmp(word, name) == 0;
}

static int parse(int argc, char **argv, struct request *request)
{
    for (int i = 1; i < argc; i++) {
        const char **value = is_option(argv[i], "-i", "--input")    ? &request->data
                             : is_option(argv[i], "-o", "--output") ? &request->out
                                                                    : NULL;
        if (value) {
            if (++i == argc) {
                say_error("lines: option '%s' needs a value", argv[i - 1]);
                return EXIT_USAGE;
            }
            *value = argv[i];
        } else if (strcmp(argv[i], "--json") == 0) {
            request->json = true;
        } else if (argv[i][0] == '-' || request->what) {
            say_error("lines: unknown argument '%s'; see pyperf-run(1)", argv[i]);
            return EXIT_USAGE;
        } else {
            request->what = argv[i];
        }
    }
    if (request->out && (request->json || request->what)) {
        say_error("lines: with -o there is nothing to print: leave out %s",
                  request->json ? "--json" : request->what);
        return EXIT_USAGE;
    }
    return 0;
}

/* -- Reading -------------------------------------------------------------------------------- */

struct reading {
    struct hot hot;
    struct lines *lines;
};

static int add(void *context, const struct chain *chain)
{
    struct reading *reading = context;
    return hot_add(&reading->hot, reading->lines, chain);
}

static int read_recording(struct reading *reading, const char *data)
{
    int rc = -ENOMEM;

    reading->lines = lines_here();
    if (reading->lines) {
        rc = reading_each(data, "finding lines", add, reading);
        lines_free(reading->lines);
    }
    hot_sort(&reading->hot);
    return rc;
}

/* -- The list ------------------------------------------------------------------------------- */

static double percent(unsigned long part, unsigned long whole)
{
    return whole ? 100.0 * (double)part / (double)whole : 0;
}

/* One file is read at a time: hot lines come from few, in any order. */
static const char *text_of(struct source *source, char **path, const struct hot_line *line)
{
    const char *text;

    if (!*path || strcmp(*path, line->file) != 0) {
        source_free(source);
        free(*path);
        *path = strdup(line->file);
        if (*path)
            source_read(source, *path);
    }
    text = source_line(source, line->line);
    return text ? text + strspn(text, " \t") : "";
}

static void print_list(const struct hot *hot)
{
    struct source source = {.count = 0};
    char *path = NULL, place[64];

    printf("%7s %7s  %-28s %-24s %s\n", "self", "total", "line", "function", "source");
    for (size_t i = 0; i < hot->count && i < MOST; i++) {
        const struct hot_line *line = hot->list[i];
        if (line->line)
            snprintf(place, sizeof place, "%s:%u", path_base_name(line->file), line->line);
        else
            snprintf(place, sizeof place, "%s:?", path_base_name(line->file));
        printf("%6.2f%% %6.2f%%  %-28s %-24s %.80s\n", percent(line->self, hot->samples),
               percent(line->total, hot->samples), place, line->function,
               text_of(&source, &path, line));
    }
    if (hot->count > MOST)
        printf("... %zu more; --json has all\n", hot->count - MOST);
    source_free(&source);
    free(path);
}

/* -- JSON ----------------------------------------------------------------------------------- */

static void print_json(const struct hot *hot, bool (*wanted)(const struct hot_line *, const char *),
                       const char *what)
{
    struct source source = {.count = 0};
    char *path = NULL;
    const char *comma = "";

    printf(
        "{\"samples\": %lu, \"python_samples\": %lu, \"frames\": %lu, \"frames_with_line\": %lu, "
        "\"lines\": [",
        hot->samples, hot->python, hot->frames, hot->known);
    for (size_t i = 0; i < hot->count; i++) {
        const struct hot_line *line = hot->list[i];
        if (what && !wanted(line, what))
            continue;
        printf("%s\n  {\"file\": ", comma);
        json_string(line->file, stdout);
        printf(", \"line\": %u, \"function\": ", line->line);
        json_string(line->function, stdout);
        printf(", \"self\": %lu, \"total\": %lu, \"source\": ", line->self, line->total);
        json_string(text_of(&source, &path, line), stdout);
        putchar('}');
        comma = ",";
    }
    printf("\n]}\n");
    source_free(&source);
    free(path);
}

/* -- A file or function --------------------------------------------------------------------- */

/* A file by its path or the end of it ("views.py", "app/views.py"), a function by its qualified
 * name or the end of that. */
static bool ends_in(const char *text, const char *ending, char before)
{
    size_t length = strlen(text), wanted = strlen(ending);

    return length >= wanted && strcmp(text + length - wanted, ending) == 0 &&
           (length == wanted || text[length - wanted - 1] == before);
}

static bool is_wanted(const struct hot_line *line, const char *what)
{
    return ends_in(line->file, what, '/') || ends_in(line->function, what, '.');
}

/* What each line of one file has, functions added up. */
struct cost {
    unsigned long self, total;
};

static void print_rows(const struct hot *hot, const struct source *source, const struct cost *costs,
                       unsigned last)
{
    unsigned shown = 0;

    for (unsigned number = 1; number <= last; number++) {
        bool near = false;
        for (unsigned other = number > AROUND ? number - AROUND : 1;
             other <= number + AROUND && other <= last; other++)
            near |= costs[other].total != 0;
        if (!near)
            continue;
        if (shown && number != shown + 1)
            printf("%24s\n", "...");
        shown = number;
        if (costs[number].total)
            printf("%6.2f%% %6.2f%% ", percent(costs[number].self, hot->samples),
                   percent(costs[number].total, hot->samples));
        else
            printf("%16s", "");
        printf("%6u  %s\n", number, source_line(source, number) ? source_line(source, number) : "");
    }
}

static int print_file(const struct hot *hot, const char *what, const char *file)
{
    struct source source;
    struct cost *costs;
    unsigned last = 0;

    for (size_t i = 0; i < hot->count; i++)
        if (strcmp(hot->list[i]->file, file) == 0 && hot->list[i]->line > last)
            last = hot->list[i]->line;
    costs = calloc((size_t)last + 1, sizeof *costs);
    if (!costs)
        return -ENOMEM;
    for (size_t i = 0; i < hot->count; i++) {
        const struct hot_line *line = hot->list[i];
        if (strcmp(line->file, file) != 0 || !is_wanted(line, what))
            continue;
        costs[line->line].self += line->self;
        costs[line->line].total += line->first;
    }
    source_read(&source, file);
    printf("%s\n%7s %7s %6s\n", file, "self", "total", "line");
    print_rows(hot, &source, costs, last);
    if (costs[0].total)
        printf("%6.2f%% %6.2f%%      ?  line not known\n", percent(costs[0].self, hot->samples),
               percent(costs[0].total, hot->samples));
    source_free(&source);
    free(costs);
    return 0;
}

/* Each file once, the hottest first. */
static int print_files(const struct hot *hot, const char *what)
{
    size_t files = 0;
    int rc = 0;

    for (size_t i = 0; rc == 0 && i < hot->count; i++) {
        bool seen = false;
        if (!is_wanted(hot->list[i], what))
            continue;
        for (size_t other = 0; !seen && other < i; other++)
            seen = is_wanted(hot->list[other], what) &&
                   strcmp(hot->list[other]->file, hot->list[i]->file) == 0;
        if (!seen)
            rc = print_file(hot, what, hot->list[i]->file);
        files += !seen;
    }
    return rc ? rc : files ? 0 : -ENOENT;
}

/* -- The command ---------------------------------------------------------------------------- */

static int print(const struct request *request, const struct hot *hot)
{
    int rc = 0;

    if (request->json)
        print_json(hot, is_wanted, request->what);
    else if (request->what)
        rc = print_files(hot, request->what);
    else
        print_list(hot);
    if (rc == -ENOENT)
        say_error("%s: no sample is in a file or function of the name '%s'", request->data,
                  request->what);
    else if (rc)
        say_error("%s", strerror(-rc));
    else if (fflush(stdout) != 0 || ferror(stdout))
        rc = -EIO;
    return rc ? EXIT_FAILURE : EXIT_SUCCESS;
}

static int write_recording(const struct request *request)
{
    size_t moved = 0;
    int rc = leaves_write(request->data, request->out, &moved);

    if (rc == -ENOTSUP || (rc == 0 && !moved)) {
        say_error("%s has no lines for other tools: record with pyperf-run perf record",
                  request->data);
        if (rc == 0)
            unlink(request->out);
        return EXIT_FAILURE;
    }
    if (rc) {
        say_error("%s: %s", rc == -EEXIST ? request->out : request->data, reading_error(rc));
        return EXIT_FAILURE;
    }
    say_note("look at it with: perf annotate -i %s, or: perf report -i %s -s sym,srcline",
             request->out, request->out);
    return EXIT_SUCCESS;
}

int command_lines(int argc, char **argv)
{
    struct request request = {.data = "perf.data"};
    struct reading reading = {.lines = NULL};
    int rc = parse(argc, argv, &request), status = EXIT_FAILURE;

    if (rc)
        return rc;
    if (request.out)
        return write_recording(&request);
    rc = read_recording(&reading, request.data);
    if (rc) {
        say_error("%s: %s", request.data, reading_error(rc));
    } else if (!reading.hot.python) {
        say_error("%s: none of its %lu samples has a Python function: pyperf-run doctor tells why",
                  request.data, reading.hot.samples);
    } else {
        if (!reading.hot.known)
            say_warning("%s: no line could be told: it has neither stack copies nor lines; record "
                        "with pyperf-run perf record",
                        request.data);
        status = print(&request, &reading.hot);
    }
    hot_free(&reading.hot);
    return status;
}
