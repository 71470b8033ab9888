#include "recording/contexts.h"
#include "recording/bytes.h"
#include "recording/code_rows.h"

#include <stdlib.h>
#include <string.h>

enum { FRAME = sizeof(struct pyperf_context_frame), PARENT = sizeof(uint64_t) };

static const struct context *known(const struct contexts *contexts, uint64_t id)
{
    return id ? table_get(&contexts->found, id) : NULL;
}

static void take(struct contexts *contexts, const struct code_row *row)
{
    uint64_t id = row->head.bytecode;
    struct context *context;

    if (row->head.slot != PYPERF_CODE_CONTEXT || !id || known(contexts, id) ||
        row->head.length > PYPERF_CONTEXT_FRAMES ||
        row->head.lines_size != PARENT + row->head.length * FRAME)
        return;
    context = malloc(sizeof *context);
    if (!context)
        return;
    *context = (struct context){.id = id,
                                .parent = bytes_u64(row->behind),
                                .frames = row->behind + PARENT,
                                .count = row->head.length};
    if (table_set(&contexts->found, id, context) != 0)
        free(context);
}

static void read_image(struct contexts *contexts, struct module *image,
                       const struct module_places *places)
{
    uint64_t key = (uint64_t)(uintptr_t)image;
    struct code_rows rows;
    struct code_row row;

    if (table_get(&contexts->read, key) || table_set(&contexts->read, key, image) != 0)
        return;
    module_open(image, places);
    rows = code_rows_of(image->elf);
    while (code_rows_next(&rows, &row))
        take(contexts, &row);
}

/* A damaged table may lead in a circle: there are no more steps than contexts. */
bool contexts_depth(const struct contexts *contexts, const struct context *context, size_t *depth)
{
    *depth = 0;
    for (size_t step = 0; context && step < contexts->found.count; step++) {
        *depth += context->count;
        if (!context->parent)
            return true;
        context = known(contexts, context->parent);
    }
    return false;
}

const struct context *contexts_find(struct contexts *contexts, const struct space *space,
                                    const struct module_places *places, uint64_t id)
{
    const struct context *context = known(contexts, id);
    size_t depth;

    if (contexts_depth(contexts, context, &depth))
        return context;
    for (size_t i = 0; space && i < space->count; i++) {
        struct module *module = space->mappings[i].module;
        if (module->is_image)
            read_image(contexts, module, places);
    }
    context = known(contexts, id);
    return contexts_depth(contexts, context, &depth) ? context : NULL;
}

const struct context *contexts_outer(const struct contexts *contexts, const struct context *context)
{
    return known(contexts, context->parent);
}

bool contexts_is_within(const struct contexts *contexts, const struct context *context,
                        const struct context *outer)
{
    for (size_t step = 0; context && context != outer && step < contexts->found.count; step++)
        context = contexts_outer(contexts, context);
    return context == outer;
}

struct pyperf_context_frame contexts_frame(const struct context *context, size_t number)
{
    struct pyperf_context_frame frame;

    memcpy(&frame, context->frames + number * FRAME, FRAME);
    return frame;
}

void contexts_free(struct contexts *contexts)
{
    table_free(&contexts->found, free);
    table_free(&contexts->read, NULL);
}
