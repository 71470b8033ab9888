/*
 * A chain has the kernel's frames first, as perf followed them, then the user's: from the copy of
 * the stack, or as the kernel followed frame pointers.
 */
#include "recording/chains.h"
#include "recording/bytes.h"
#include "recording/kernel.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    HEADER = sizeof(struct perf_event_header),
    /* struct perf_record_header_build_id: pid, 20 bytes of id, its size (Linux 5.10), 3 bytes */
    BUILD_ID_BYTES = HEADER + 4,
    BUILD_ID_SIZE = BUILD_ID_BYTES + BUILD_ID_MAX,
    BUILD_ID_NAME = BUILD_ID_BYTES + 24,
    MISC_BUILD_ID_SIZE = 1 << 15,
    FRAMES_MAX = 2 * UNWIND_FRAMES_MAX,
};

struct reader {
    struct spaces spaces;
    struct module_places places;
    struct table modules;   /* hash of path and build-id -> struct module */
    struct table build_ids; /* hash of path -> struct build_id, of a file's header */
    struct kernel kernel;
    bool kernel_known;
    struct build_id kernel_id;
    chains_visit *visit;
    void *context;
    struct unwound *unwound;
    struct chain_frame *frames;
    size_t count;
};

/* -- Modules -------------------------------------------------------------------------------- */

static void *find_module(void *context, uint32_t pid, const char *path,
                         const struct build_id *build_id)
{
    struct reader *reader = context;
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
        const struct build_id *given = table_get(&reader->build_ids, table_hash(0, path));
        known = given ? given : known;
    }
    build_id_text(known, id);
    key = table_hash(table_hash(0, path), id);
    module = table_get(&reader->modules, key);
    if (module)
        return module;
    module = module_new(path, kind, known);
    if (module && table_set(&reader->modules, key, module) != 0) {
        module_free(module);
        module = NULL;
    }
    return module;
}

static int take_build_id(struct reader *reader, const struct record *record)
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
        reader->kernel_id = *id;
    old = table_get(&reader->build_ids, table_hash(0, path));
    if (table_set(&reader->build_ids, table_hash(0, path), id) != 0) {
        free(id);
        return -ENOMEM;
    }
    free(old);
    return 0;
}

/* -- Frames --------------------------------------------------------------------------------- */

static void add_user(struct reader *reader, uint64_t address, uint64_t lookup,
                     const struct mapping *mapping, const struct registers *registers)
{
    struct chain_frame frame = {
        .address = address, .lookup = lookup, .mapping = mapping, .registers = registers};

    if (reader->count == FRAMES_MAX)
        return;
    if (mapping) {
        struct module *module = mapping->module;
        const struct symbol *symbol;
        module_open(module, &reader->places);
        symbol = symbols_find(&module->symbols, module_address(module, mapping, lookup));
        frame.file = module->path;
        frame.name = symbol ? symbol->name : NULL;
    }
    reader->frames[reader->count++] = frame;
}

static void add_kernel(struct reader *reader, uint64_t address)
{
    struct chain_frame frame = {.address = address, .lookup = address, .kernel = true};

    if (reader->count == FRAMES_MAX)
        return;
    if (!reader->kernel_known) {
        reader->kernel_known = true;
        kernel_read(&reader->kernel, &reader->kernel_id, reader->places.cache);
    }
    frame.name = kernel_name(&reader->kernel, address, &frame.file);
    reader->frames[reader->count++] = frame;
}

/* Markers say whose the entries behind them are. */
static void add_recorded(struct reader *reader, const struct sample *sample, uint16_t misc)
{
    uint16_t mode = misc & PERF_RECORD_MISC_CPUMODE_MASK;
    bool kernel = mode == PERF_RECORD_MISC_KERNEL, leaf = true;

    for (uint64_t i = 0; i < sample->chain_count; i++) {
        uint64_t entry = bytes_u64(sample->chain + i * 8), lookup;
        if (entry >= (uint64_t)PERF_CONTEXT_MAX) {
            kernel = entry == (uint64_t)PERF_CONTEXT_KERNEL;
            continue;
        }
        /* Behind a call that never returns the next function may begin. */
        lookup = leaf ? entry : entry - 1;
        leaf = false;
        if (kernel)
            add_kernel(reader, entry);
        else
            add_user(reader, entry, lookup, spaces_mapping(&reader->spaces, sample->pid, lookup),
                     NULL);
    }
}

static int take_sample(struct reader *reader, const struct record *record)
{
    struct sample sample;
    struct chain chain = {.sample = &sample, .frames = reader->frames};
    char room[16];
    int rc = sample_read(&sample, record);

    if (rc)
        return rc;
    reader->count = 0;
    add_recorded(reader, &sample, record->misc);
    if (sample.stack) {
        size_t count = unwind_sample(&reader->spaces, &reader->places, &sample, reader->unwound);
        for (size_t i = 0; i < count; i++) {
            const struct unwound *frame = &reader->unwound[i];
            add_user(reader, frame->registers.values[processor_here.pc], frame->lookup,
                     frame->mapping, &frame->registers);
        }
    }
    if (!reader->count && sample.ip) {
        if ((record->misc & PERF_RECORD_MISC_CPUMODE_MASK) == PERF_RECORD_MISC_KERNEL)
            add_kernel(reader, sample.ip);
        else
            add_user(reader, sample.ip, sample.ip,
                     spaces_mapping(&reader->spaces, sample.pid, sample.ip), NULL);
    }
    chain.count = reader->count;
    chain.command = spaces_thread_name(&reader->spaces, sample.tid, room);
    return reader->visit(reader->context, &chain);
}

static int take(void *context, const struct record *record)
{
    struct reader *reader = context;

    switch (record->type) {
    case RECORDS_HEADER_BUILD_ID:
        return take_build_id(reader, record);
    case PERF_RECORD_SAMPLE:
        return take_sample(reader, record);
    default:
        return spaces_take(&reader->spaces, record);
    }
}

int chains_each(const char *path, const char *cache, chains_visit *visit, void *context)
{
    struct reader reader = {.places = {.cache = cache}, .visit = visit, .context = context};
    struct records *records;
    int rc = records_open(&records, path);

    if (rc)
        return rc;
    reader.spaces.found = find_module;
    reader.spaces.context = &reader;
    reader.unwound = malloc(UNWIND_FRAMES_MAX * sizeof *reader.unwound);
    reader.frames = malloc(FRAMES_MAX * sizeof *reader.frames);
    rc = reader.unwound && reader.frames ? records_each(records, take, &reader) : -ENOMEM;
    records_close(records);
    spaces_free(&reader.spaces);
    table_free(&reader.modules, module_free);
    table_free(&reader.build_ids, free);
    kernel_free(&reader.kernel);
    free(reader.unwound);
    free(reader.frames);
    return rc;
}
