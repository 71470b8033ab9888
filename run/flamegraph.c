/* pyperf-run flamegraph: a recording's call chains as a page, a picture or folded lines. */
#include "base/say.h"
#include "commands.h"
#include "flamegraph/frames.h"
#include "flamegraph/render.h"
#include "lines/probe.h"
#include "perf/reading.h"

#include <errno.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const struct format {
    const char *ending;
    bool has_lines;
    void (*render)(const struct profile *, FILE *);
} formats[] = {
    {".html", true, render_html},
    {".folded", false, render_folded},
    {".svg", false, render_svg},
};

static const struct format *format_of(const char *path)
{
    size_t length = strlen(path);

    for (size_t i = 0; i < sizeof formats / sizeof *formats; i++) {
        size_t ending = strlen(formats[i].ending);
        if (length > ending && strcmp(path + length - ending, formats[i].ending) == 0)
            return &formats[i];
    }
    return NULL;
}

static int parse(int argc, char **argv, const char **data, const char **out, bool *sources)
{
    for (int i = 1; i < argc; i++) {
        const char **value = strcmp(argv[i], "-i") == 0 || strcmp(argv[i], "--input") == 0 ? data
                             : strcmp(argv[i], "-o") == 0 || strcmp(argv[i], "--output") == 0
                                 ? out
                                 : NULL;
        if (strcmp(argv[i], "--no-source") == 0) {
            *sources = false;
            continue;
        }
        if (!value) {
            say_error("flamegraph: unknown argument '%s'; see pyperf-run(1)", argv[i]);
            return EXIT_USAGE;
        }
        if (++i == argc) {
            say_error("flamegraph: option '%s' needs a value", argv[i - 1]);
            return EXIT_USAGE;
        }
        *value = argv[i];
    }
    if (!*out || !format_of(*out)) {
        say_error("flamegraph: needs -o FILE, ending in .html, .svg or .folded");
        return EXIT_USAGE;
    }
    return 0;
}

struct reading {
    struct profile *profile;
    struct lines *lines;
};

static int add(void *context, const struct chain *chain)
{
    const struct reading *reading = context;
    int rc = frames_add(reading->profile->tree, chain, reading->lines);

    return rc || !reading->lines ? rc : hot_add(&reading->profile->hot, reading->lines, chain);
}

/* Fills the profile with the chains of `data`.  0, or an exit status after a message. */
static int read_chains(struct profile *profile, const char *data, bool with_lines)
{
    struct reading reading = {profile, with_lines ? lines_here() : NULL};
    int rc = -ENOMEM;

    profile->tree = tree_new();
    if (profile->tree && (reading.lines || !with_lines))
        rc = reading_each(data, "reading call chains", add, &reading);
    if (reading.lines)
        lines_free(reading.lines);
    hot_sort(&profile->hot);
    if (rc == 0 && profile->tree->samples)
        return 0;
    say_error("%s: %s", data, rc ? reading_error(rc) : "it has no samples");
    return EXIT_FAILURE;
}

/* Writes to a temporary file, which replaces an earlier one only when it is complete. */
static int write_file(const struct profile *profile, const char *path)
{
    char fresh[PATH_MAX];
    FILE *out;
    int rc;

    if (snprintf(fresh, sizeof fresh, "%s.writing", path) >= (int)sizeof fresh)
        return -ENAMETOOLONG;
    out = fopen(fresh, "we");
    if (!out)
        return -errno;
    format_of(path)->render(profile, out);
    rc = ferror(out) ? -EIO : 0;
    if (fclose(out) != 0)
        rc = -errno;
    if (rc == 0 && rename(fresh, path) != 0)
        rc = -errno;
    if (rc)
        unlink(fresh);
    return rc;
}

int command_flamegraph(int argc, char **argv)
{
    const char *data = "perf.data", *path = NULL;
    struct profile profile = {.sources = true};
    int rc = parse(argc, argv, &data, &path, &profile.sources);

    if (rc)
        return rc;
    rc = read_chains(&profile, data, format_of(path)->has_lines);
    if (rc == 0) {
        rc = write_file(&profile, path);
        if (rc)
            say_error("%s: %s", path, strerror(-rc));
        else
            say_note("%s: %lu samples", path, profile.tree->samples);
    }
    tree_free(profile.tree);
    hot_free(&profile.hot);
    return rc ? EXIT_FAILURE : EXIT_SUCCESS;
}
