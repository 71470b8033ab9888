#include "lines/hot.h"

#include <pyperf.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum { PREFIX = sizeof PYPERF_NAME_PREFIX - 1 };

/* "py::qualname:file" becomes two strings. */
static struct hot_line *new_line(struct hot *hot, const char *name, unsigned number)
{
    struct hot_line *line = calloc(1, sizeof *line), **grown;
    char *colon;

    if (hot->count == hot->room) {
        size_t room = hot->room ? hot->room * 2 : 256;
        grown = realloc(hot->list, room * sizeof(struct hot_line *));
        if (!grown)
            goto fail;
        hot->list = grown;
        hot->room = room;
    }
    if (!line || !(line->function = strdup(name + PREFIX)))
        goto fail;
    colon = strchr(line->function, ':');
    if (colon)
        *colon = '\0';
    line->file = colon ? colon + 1 : "";
    line->line = number;
    hot->list[hot->count++] = line;
    return line;
fail:
    free(line);
    return NULL;
}

static struct hot_place *find_place(struct hot *hot, const struct hot_line *line)
{
    uint64_t key = table_hash(line->line, line->file);
    struct hot_place *place = table_get(&hot->places, key);

    if (place)
        return place;
    place = calloc(1, sizeof *place);
    if (place && table_set(&hot->places, key, place) != 0) {
        free(place);
        return NULL;
    }
    return place;
}

static struct hot_line *find_line(struct hot *hot, const char *name, unsigned number)
{
    uint64_t key = table_hash(number, name);
    struct hot_line *line = table_get(&hot->by_name, key);

    if (line)
        return line;
    line = new_line(hot, name, number);
    if (!line || table_set(&hot->by_name, key, line) != 0)
        return NULL;
    line->place = find_place(hot, line);
    return line->place ? line : NULL;
}

int hot_add(struct hot *hot, struct lines *lines, const struct chain *chain)
{
    bool top = true;

    hot->samples++;
    for (size_t i = 0; i < chain->count; i++) {
        const char *name = chain->frames[i].name;
        struct hot_line *line;
        unsigned number;
        if (!name || strncmp(name, PYPERF_NAME_PREFIX, PREFIX) != 0)
            continue;
        number = lines_find(lines, chain, i).line;
        line = find_line(hot, name, number);
        if (!line)
            return -ENOMEM;
        hot->frames++;
        hot->known += number != 0;
        line->self += top;
        line->total += line->latest != hot->samples;
        line->first += line->place->latest != hot->samples;
        line->latest = line->place->latest = hot->samples;
        hot->python += top;
        top = false;
    }
    return 0;
}

static int by_samples(const void *left, const void *right)
{
    const struct hot_line *a = *(struct hot_line *const *)left;
    const struct hot_line *b = *(struct hot_line *const *)right;
    int names;

    if (a->self != b->self)
        return a->self > b->self ? -1 : 1;
    if (a->total != b->total)
        return a->total > b->total ? -1 : 1;
    names = strcmp(a->file, b->file);
    return names ? names : a->line < b->line ? -1 : a->line > b->line;
}

void hot_sort(struct hot *hot)
{
    if (hot->count)
        qsort(hot->list, hot->count, sizeof(struct hot_line *), by_samples);
}

void hot_free(struct hot *hot)
{
    for (size_t i = 0; i < hot->count; i++) {
        free(hot->list[i]->function);
        free(hot->list[i]);
    }
    free(hot->list);
    table_free(&hot->by_name, NULL);
    table_free(&hot->places, free);
}
