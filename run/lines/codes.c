/*
 * The newest row that a process has of this slot and address, in whichever of its images (pyperf.h,
 * "The code table"), is the right one where the order is known.  It is not without a common clock;
 * nor in images that a process got by a fork before the recording, where its parent's rows of
 * later are among them; nor between code objects that have one bytecode.  There all rows have to
 * say the same.
 */
#include "lines/codes.h"
#include "perf/image_name.h"

#include <pyperf.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* An image as a process has it. */
struct view {
    const struct module *module;
    const struct code_table *table;
    uint64_t until; /* newer rows are of the process that was forked then; UINT64_MAX: all count */
    bool undated;   /* that was before the recording, if ever */
};

/* Of a process, as far as its mappings told. */
struct process {
    unsigned long changes; /* of its space */
    struct view *views;
    size_t count, room;
    uint64_t end; /* from this time on rows are missing; UINT64_MAX: none is */
};

/* What is asked for. */
struct question {
    const struct chain *chain;
    const struct module *image;
    uint64_t slot, in_process; /* the slot's address in the file, and in the process */
    uint64_t address;
};

/* -- Images --------------------------------------------------------------------------------- */

static void free_table(void *value)
{
    code_table_free(value);
    free(value);
}

static void free_process(void *value)
{
    struct process *process = value;

    free(process->views);
    free(process);
}

void codes_free(struct codes *codes)
{
    table_free(&codes->images, free_table);
    table_free(&codes->processes, free_process);
}

static const struct code_table *table_of(struct codes *codes, const struct module *module)
{
    uint64_t key = (uint64_t)(uintptr_t)module;
    struct code_table *table = table_get(&codes->images, key);

    if (table)
        return table;
    table = calloc(1, sizeof *table);
    if (!table || code_table_read(table, module) != 0 ||
        table_set(&codes->images, key, table) != 0) {
        if (table)
            code_table_free(table);
        free(table);
        return NULL;
    }
    return table;
}

static int add_view(struct process *process, const struct view *view)
{
    if (process->count == process->room) {
        size_t room = process->room ? process->room * 2 : 4;
        struct view *grown = realloc(process->views, room * sizeof *grown);
        if (!grown)
            return -ENOMEM;
        process->views = grown;
        process->room = room;
    }
    process->views[process->count++] = *view;
    return 0;
}

/* From when on an image lacks rows, or all of it is missing. */
static uint64_t end_of(const struct mapping *mapping, const struct view *view)
{
    uint64_t end = view->module->elf ? view->table->end : mapping->since;

    return end <= view->until ? end : UINT64_MAX;
}

/* In a PID namespace the name tells another pid, too: then it is as if it had been forked. */
static bool may_be_forked(const struct mapping *mapping, const struct module *module)
{
    struct image_name name;

    return !mapping->since &&
           !(image_name_parse(&name, module->path) && name.pid == (long)mapping->pid);
}

static int look_at_images(struct codes *codes, struct process *process, const struct chain *chain)
{
    const struct space *space = chain->space;

    process->count = 0;
    process->end = UINT64_MAX;
    for (size_t i = 0; i < space->count; i++) {
        const struct mapping *mapping = &space->mappings[i];
        struct module *module = mapping->module;
        struct view view = {.module = module,
                            .until =
                                chain->monotonic && mapping->forked ? mapping->forked : UINT64_MAX};
        if (!module->is_image)
            continue;
        module_open(module, chain->places);
        view.table = table_of(codes, module);
        view.undated = may_be_forked(mapping, module);
        if (!view.table || add_view(process, &view) != 0)
            return -ENOMEM;
        if (end_of(mapping, &view) < process->end)
            process->end = end_of(mapping, &view);
    }
    process->changes = space->changes;
    return 0;
}

static const struct process *process_of(struct codes *codes, const struct chain *chain)
{
    uint64_t key = (uint64_t)(uintptr_t)chain->space;
    struct process *process = table_get(&codes->processes, key);

    if (process && process->changes == chain->space->changes)
        return process;
    if (!process) {
        process = calloc(1, sizeof *process);
        if (!process || table_set(&codes->processes, key, process) != 0) {
            free(process);
            return NULL;
        }
    }
    return look_at_images(codes, process, chain) == 0 ? process : NULL;
}

/* -- Code objects --------------------------------------------------------------------------- */

static const struct code *rows_of(const struct view *view, const struct question *question)
{
    return view->module == question->image
               ? table_get(&view->table->own, question->slot)
               : table_get(&view->table->elsewhere, question->in_process);
}

/* The first of these rows, from `code` on to the oldest, that may be meant. */
static const struct code *first_that_counts(const struct code *code, const struct view *view,
                                            const struct question *question)
{
    const struct chain *chain = question->chain;
    uint64_t until = view->until < chain->sample->time ? view->until : chain->sample->time;

    while (code && (question->address < code->bytecode ||
                    question->address - code->bytecode > code->length ||
                    (chain->monotonic && code->since > until)))
        code = code->older;
    return code;
}

static bool have_one_bytecode(const struct code *a, const struct code *b)
{
    return a->bytecode == b->bytecode && a->length == b->length;
}

static bool are_alike(const struct code *a, const struct code *b)
{
    return have_one_bytecode(a, b) && a->lines.first_line == b->lines.first_line &&
           a->lines.size == b->lines.size &&
           memcmp(a->lines.bytes, b->lines.bytes, a->lines.size) == 0;
}

/* Up to 3.10 bytecode is an object of its own, which code objects can share: 3.10 lets those of one
 * file that are equal, code.replace() any. */
static bool can_share(const struct code *code)
{
    return code->lines.format != PYPERF_LINES_3_11;
}

/* Whether another code object than the newest may have been there. */
static bool is_doubtful(const struct process *process, const struct question *question,
                        const struct code *newest, bool ordered)
{
    for (size_t i = 0; i < process->count; i++) {
        const struct view *view = &process->views[i];
        const struct code *code = first_that_counts(rows_of(view, question), view, question);
        for (; code; code = first_that_counts(code->older, view, question))
            if (!are_alike(code, newest) && (!ordered || have_one_bytecode(code, newest)))
                return true;
    }
    return false;
}

static const struct code *find_newest(const struct process *process,
                                      const struct question *question)
{
    const struct code *newest = NULL;
    bool ordered = question->chain->monotonic;

    for (size_t i = 0; i < process->count; i++) {
        const struct view *view = &process->views[i];
        const struct code *code = first_that_counts(rows_of(view, question), view, question);
        if (!code)
            continue;
        ordered = ordered && !view->undated;
        if (!newest || code->since > newest->since)
            newest = code;
    }
    if (!newest || (ordered && !can_share(newest)))
        return newest;
    return is_doubtful(process, question, newest, ordered) ? NULL : newest;
}

static const struct symbol *slot_of(const struct chain_frame *frame)
{
    const struct module *image = frame->mapping->module;

    return symbols_find(&image->symbols, module_address(image, frame->mapping, frame->lookup));
}

const struct code *codes_find(struct codes *codes, const struct chain *chain, size_t i,
                              uint64_t address)
{
    const struct chain_frame *frame = &chain->frames[i];
    struct question question = {
        .chain = chain, .image = frame->mapping->module, .address = address};
    const struct symbol *slot = slot_of(frame);
    const struct process *process = slot && chain->space ? process_of(codes, chain) : NULL;

    if (!process ||
        (process->end != UINT64_MAX && !(chain->monotonic && process->end > chain->sample->time)))
        return NULL;
    question.slot = slot->start;
    question.in_process =
        frame->lookup -
        (module_address(question.image, frame->mapping, frame->lookup) - slot->start);
    return find_newest(process, &question);
}

const struct code *codes_newest(struct codes *codes, const struct chain_frame *frame)
{
    const struct code_table *table = table_of(codes, frame->mapping->module);
    const struct symbol *slot = slot_of(frame);

    return table && slot ? table_get(&table->own, slot->start) : NULL;
}
