/*
 * A chain has the kernel's frames first, as perf followed them, then the user's: from the copy of
 * the stack, or as the kernel followed frame pointers.
 */
#include "recording/chains.h"
#include "recording/bytes.h"
#include "recording/contexts.h"
#include "recording/kernel.h"

#include <pyperf.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum {
    HEADER = sizeof(struct perf_event_header),
    /* struct perf_record_header_build_id: pid, 20 bytes of id, its size (Linux 5.10), 3 bytes */
    BUILD_ID_BYTES = HEADER + 4,
    BUILD_ID_SIZE = BUILD_ID_BYTES + BUILD_ID_MAX,
    BUILD_ID_NAME = BUILD_ID_BYTES + 24,
    MISC_BUILD_ID_SIZE = 1 << 15,
    FRAMES_MAX = 2 * UNWIND_FRAMES_MAX,
};

struct chains {
    struct spaces spaces;
    struct module_places places;
    struct locations locations;
    struct table modules;   /* hash of path and build-id -> struct module */
    struct table build_ids; /* hash of path -> struct build_id, of a file's header */
    struct kernel kernel;
    bool kernel_known;
    struct build_id kernel_id;
    struct contexts contexts;
    struct unwound *unwound;
    struct chain_frame *frames;
    size_t count;
    struct sample sample;
    char command[16];
    char *cache;
};

/* -- Modules -------------------------------------------------------------------------------- */

static void *find_module(void *context, uint32_t pid, const char *path,
                         const struct build_id *build_id)
{
    struct chains *chains = context;
    enum module_kind kind = module_is_memory(path)        ? MODULE_MAP
                            : strcmp(path, "[vdso]") == 0 ? MODULE_VDSO
                                                          : MODULE_FILE;
    char map[64], id[BUILD_ID_TEXT];
    const struct build_id *known = build_id;
    struct module *module;
    uint64_t key;

    if (kind == MODULE_MAP) {
        snprintf(map, sizeof map, "/tmp/perf-%u.map", pid);
        path = map;
    }
    if (!known->size) {
        const struct build_id *given = table_get(&chains->build_ids, table_hash(0, path));
        known = given ? given : known;
    }
    build_id_text(known, id);
    key = table_hash(table_hash(0, path), id);
    module = table_get(&chains->modules, key);
    if (module)
        return module;
    module = module_new(path, kind, known, pid);
    if (module && table_set(&chains->modules, key, module) != 0) {
        module_free(module);
        module = NULL;
    }
    return module;
}

static int take_build_id(struct chains *chains, const struct record *record)
{
    const char *path = (const char *)record->bytes + BUILD_ID_NAME;
    struct build_id *id, *old;

    if (record->size <= BUILD_ID_NAME || !memchr(path, '\0', record->size - (size_t)BUILD_ID_NAME))
        return -EBADMSG;
    id = calloc(1, sizeof *id);
    if (!id)
        return -ENOMEM;
    id->size = BUILD_ID_MAX;
    if (record->misc & MISC_BUILD_ID_SIZE && record->bytes[BUILD_ID_SIZE] <= BUILD_ID_MAX)
        id->size = record->bytes[BUILD_ID_SIZE];
    memcpy(id->bytes, record->bytes + BUILD_ID_BYTES, id->size);
    if (strcmp(path, "[kernel.kallsyms]") == 0)
        chains->kernel_id = *id;
    old = table_get(&chains->build_ids, table_hash(0, path));
    if (table_set(&chains->build_ids, table_hash(0, path), id) != 0) {
        free(id);
        return -ENOMEM;
    }
    free(old);
    return 0;
}

/* -- Frames --------------------------------------------------------------------------------- */

static const struct module *module_of(const struct mapping *mapping)
{
    return mapping->module;
}

static void add_frame(struct chains *chains, struct chain_frame frame, const struct symbol *symbol)
{
    if (chains->count == FRAMES_MAX)
        return;
    if (frame.mapping)
        frame.file = module_of(frame.mapping)->path;
    if (symbol)
        frame.name = symbol->name;
    chains->frames[chains->count++] = frame;
}

static void add_one(struct chains *chains, const struct unwound *frame)
{
    add_frame(chains,
              (struct chain_frame){.address = frame->registers.values[processor_here.pc],
                                   .lookup = frame->lookup,
                                   .mapping = frame->mapping,
                                   .registers = &frame->registers},
              frame->symbol);
}

static void add_user(struct chains *chains, const struct space *space, uint64_t address,
                     uint64_t lookup)
{
    const struct location *location = locations_find(&chains->locations, space, lookup);

    add_frame(
        chains,
        (struct chain_frame){.address = address, .lookup = lookup, .mapping = location->mapping},
        location->symbol);
}

static void add_kernel(struct chains *chains, uint64_t address)
{
    struct chain_frame frame = {.address = address, .lookup = address, .kernel = true};

    if (!chains->kernel_known) {
        chains->kernel_known = true;
        kernel_read(&chains->kernel, &chains->kernel_id, chains->places.cache);
    }
    frame.name = kernel_name(&chains->kernel, address, &frame.file);
    add_frame(chains, frame, NULL);
}

/* Markers say whose the entries behind them are; the first of these was interrupted, not called. */
static void add_recorded(struct chains *chains, const struct space *space,
                         const struct sample *sample, uint16_t misc)
{
    uint16_t mode = misc & PERF_RECORD_MISC_CPUMODE_MASK;
    bool kernel = mode == PERF_RECORD_MISC_KERNEL, leaf = true;

    for (uint64_t i = 0; i < sample->chain_count; i++) {
        uint64_t entry = bytes_u64(sample->chain + i * 8), lookup;
        if (entry >= (uint64_t)PERF_CONTEXT_MAX) {
            kernel = entry == (uint64_t)PERF_CONTEXT_KERNEL;
            leaf = true;
            continue;
        }
        if (!kernel && sample->stack)
            continue; /* unwinding tells more */
        /* Behind a call that never returns the next function may begin. */
        lookup = leaf ? entry : entry - 1;
        leaf = false;
        if (kernel)
            add_kernel(chains, entry);
        else
            add_user(chains, space, entry, lookup);
    }
}

/* -- Contexts ------------------------------------------------------------------------------- */

/* The context that frame `i` of the unwound ones is the mark of; NULL: none that is known. */
static const struct context *context_at(struct chains *chains, const struct chain *chain, size_t i)
{
    const struct unwound *frame = &chains->unwound[i];
    struct stack_copy stack = unwind_stack(chain->sample, &chains->unwound[0].registers);
    uint64_t sp = frame->registers.values[processor_here.sp], id, again;

    if (i == 0 || !frame->mapping || !module_of(frame->mapping)->is_library ||
        frame->lookup == frame->registers.values[processor_here.pc]) /* not at its call */
        return NULL;
    if (!frame->symbol || strcmp(frame->symbol->name, PYPERF_CONTEXT_SYMBOL) != 0 ||
        !stack_read(&stack, sp, &id) || !stack_read(&stack, sp + 8, &again) || id != again)
        return NULL;
    return contexts_find(&chains->contexts, chain->space, &chains->places, id);
}

/* From frame `end` on the chain is what the context tells. */
static void complete(struct chains *chains, struct chain *chain, size_t end,
                     const struct context *context)
{
    size_t depth;

    if (!contexts_depth(&chains->contexts, context, &depth) || depth + 1 > FRAMES_MAX - end)
        return;
    chain->completed = chains->count = end;
    for (; context; context = contexts_outer(&chains->contexts, context))
        for (size_t i = 0; i < context->count; i++) {
            struct pyperf_context_frame frame = contexts_frame(context, i);
            add_user(chains, chain->space, frame.slot, frame.slot);
            chains->frames[chains->count - 1].position = frame.position;
        }
    chains->frames[chains->count++] = (struct chain_frame){.name = CHAIN_COMPLETED};
}

/* Is this the library on its way from the interpreter to a slot?  A sample may also be taken in it.
 */
static bool is_between(const struct chains *chains, const struct unwound *frame)
{
    const struct mapping *before = chains->count ? chains->frames[chains->count - 1].mapping : NULL;

    return frame->mapping && module_of(frame->mapping)->is_library && before &&
           module_of(before)->is_image;
}

/*
 * Where the copy of the stack ends before its root, the outermost context within it tells the rest.
 * Unwinding may have gone on in another stack (a greenlet's first frame has no real caller: behind
 * it is whatever now lies there): so only as far as greenlet's own frames, and as each context was
 * left within the next.
 */
static void add_unwound(struct chains *chains, struct chain *chain)
{
    const struct context *context = NULL;
    bool whole, followed = true;
    size_t end = 0, unwound = unwind_sample(&chains->locations, chain->space, chain->sample,
                                            chains->unwound, &whole);

    for (size_t i = 0; i < unwound; i++) {
        const struct unwound *frame = &chains->unwound[i];
        if (frame->mapping && module_of(frame->mapping)->is_greenlet)
            followed = false;
        const struct context *outer = whole || !followed ? NULL : context_at(chains, chain, i);
        if (outer) {
            followed = !context || contexts_is_within(&chains->contexts, context, outer);
            context = followed ? outer : context;
            end = followed ? chains->count : end;
        }
        if (!is_between(chains, frame))
            add_one(chains, frame);
    }
    if (context)
        complete(chains, chain, end, context);
}

static int take_sample(struct chains *chains, const struct record *record, struct chain *chain)
{
    struct sample *sample = &chains->sample;
    const struct space *space;
    int rc = sample_read(sample, record);

    if (rc)
        return rc;
    space = spaces_find(&chains->spaces, sample->pid);
    chains->count = 0;
    add_recorded(chains, space, sample, record->misc);
    *chain = (struct chain){
        .sample = sample,
        .places = &chains->places,
        .space = space,
        .monotonic =
            record->attribute->use_clockid && record->attribute->clockid == CLOCK_MONOTONIC,
        .command = spaces_thread_name(&chains->spaces, sample->tid, chains->command),
        .frames = chains->frames,
        .recorded = chains->count,
    };
    chain->completed = SIZE_MAX;
    if (sample->stack)
        add_unwound(chains, chain);
    if (!chains->count && sample->ip) {
        if ((record->misc & PERF_RECORD_MISC_CPUMODE_MASK) == PERF_RECORD_MISC_KERNEL)
            add_kernel(chains, sample->ip);
        else
            add_user(chains, space, sample->ip, sample->ip);
    }
    chain->count = chains->count;
    if (chain->completed > chain->count)
        chain->completed = chain->count;
    return 1;
}

int chains_take(struct chains *chains, const struct record *record, struct chain *chain)
{
    switch (record->type) {
    case RECORDS_HEADER_BUILD_ID:
        return take_build_id(chains, record);
    case PERF_RECORD_SAMPLE:
        return take_sample(chains, record, chain);
    default:
        kernel_take(&chains->kernel, record);
        return spaces_take(&chains->spaces, record);
    }
}

struct chains *chains_new(const char *cache)
{
    struct chains *chains = calloc(1, sizeof *chains);

    if (!chains)
        return NULL;
    chains->spaces.found = find_module;
    chains->spaces.context = chains;
    chains->cache = cache ? strdup(cache) : NULL;
    chains->places.cache = chains->cache;
    chains->unwound = malloc(UNWIND_FRAMES_MAX * sizeof *chains->unwound);
    chains->frames = malloc(FRAMES_MAX * sizeof *chains->frames);
    if (locations_init(&chains->locations, &chains->places) == 0 && chains->unwound &&
        chains->frames && (chains->cache || !cache))
        return chains;
    chains_free(chains);
    return NULL;
}

void chains_free(struct chains *chains)
{
    locations_free(&chains->locations);
    spaces_free(&chains->spaces);
    table_free(&chains->modules, module_free);
    table_free(&chains->build_ids, free);
    contexts_free(&chains->contexts);
    kernel_free(&chains->kernel);
    free(chains->unwound);
    free(chains->frames);
    free(chains->cache);
    free(chains);
}

/* -- The whole ------------------------------------------------------------------------------ */

struct visitor {
    struct chains *chains;
    chains_visit *visit;
    void *context;
};

static int visit_record(void *context, const struct record *record)
{
    const struct visitor *visitor = context;
    struct chain chain;
    int rc = chains_take(visitor->chains, record, &chain);

    return rc == 1 ? visitor->visit(visitor->context, &chain) : rc;
}

int chains_each(const char *path, const char *cache, chains_visit *visit, void *context)
{
    struct visitor visitor = {.visit = visit, .context = context};
    struct records *records;
    int rc = records_open(&records, path);

    if (rc)
        return rc;
    visitor.chains = chains_new(cache);
    rc = visitor.chains ? records_each(records, visit_record, &visitor) : -ENOMEM;
    if (visitor.chains)
        chains_free(visitor.chains);
    records_close(records);
    return rc;
}
