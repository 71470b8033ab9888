/*
 * Chains have the loop's frame in front of the slot's: the slot called it.  What the loop's frame
 * holds is looked up by the address from which the loop called (positions.h), must lie in bytecode
 * of that slot (codes.h), and names a line by that code object's table.
 */
#include "lines/lines.h"
#include "base/path.h"

#include <pyperf.h>

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { PYTHON_PREFIX = sizeof PYPERF_NAME_PREFIX - 1 };

struct build {
    const struct module *module;
    struct positions positions;
    bool known;
};

struct lines {
    struct codes codes;
    struct table builds; /* struct module, by its address -> struct build */
    char *folder;
    lines_learn *learn;
    void *context;
};

static uint64_t key_of(const struct module *module)
{
    return (uint64_t)(uintptr_t)module;
}

struct lines *lines_new(const char *folder, lines_learn *learn, void *context)
{
    struct lines *lines = calloc(1, sizeof *lines);

    if (!lines)
        return NULL;
    lines->folder = folder ? strdup(folder) : NULL;
    lines->learn = learn;
    lines->context = context;
    return lines;
}

static void free_build(void *value)
{
    struct build *build = value;

    positions_free(&build->positions);
    free(build);
}

void lines_free(struct lines *lines)
{
    codes_free(&lines->codes);
    table_free(&lines->builds, free_build);
    free(lines->folder);
    free(lines);
}

/* Near the end of the stack the library stands between, to watch it. */
bool lines_is_python(const struct chain *chain, size_t i)
{
    const struct chain_frame *frame = &chain->frames[i];
    const struct module *callee;

    if (i <= chain->recorded || !frame->name || !frame->mapping || !frame->registers ||
        strncmp(frame->name, PYPERF_NAME_PREFIX, PYTHON_PREFIX) != 0 || !frame[-1].mapping ||
        !frame[-1].registers)
        return false;
    callee = frame[-1].mapping->module;
    return !callee->is_library;
}

const struct code *lines_code(struct lines *lines, const struct chain *chain, size_t i,
                              uint64_t address)
{
    return codes_find(&lines->codes, chain, i, address);
}

/* -- Builds --------------------------------------------------------------------------------- */

static bool read_positions(const struct lines *lines, struct build *build)
{
    char path[PATH_MAX], id[BUILD_ID_TEXT];
    FILE *in;
    bool known;

    build_id_text(&build->module->build_id, id);
    if (!lines->folder || !id[0] ||
        snprintf(path, sizeof path, "%s/%s", lines->folder, id) >= (int)sizeof path)
        return false;
    in = fopen(path, "re");
    if (!in)
        return false;
    known = positions_read(&build->positions, in) == 0;
    fclose(in);
    return known;
}

/* The program is what is mapped lowest and is not a library. */
static const char *program_of(const struct chain *chain)
{
    for (size_t i = 0; chain->space && i < chain->space->count; i++) {
        const struct module *module = chain->space->mappings[i].module;
        if (module->kind == MODULE_FILE && !strstr(path_base_name(module->path), ".so"))
            return module->path;
    }
    return NULL;
}

/* Other code may stand between slot and loop: ours, a debugger's evaluator. */
static bool has_loop(const struct module *module)
{
    for (size_t i = 0; i < module->symbols.count; i++)
        if (strcmp(module->symbols.list[i].name, "_PyEval_EvalFrameDefault") == 0)
            return true;
    return false;
}

static struct build *build_of(struct lines *lines, const struct chain *chain, size_t i)
{
    const struct module *module = chain->frames[i - 1].mapping->module;
    struct build *build = table_get(&lines->builds, key_of(module));
    const char *program;

    if (build)
        return build;
    build = calloc(1, sizeof *build);
    if (!build || table_set(&lines->builds, key_of(module), build) != 0) {
        free(build);
        return NULL;
    }
    build->module = module;
    if (!has_loop(module))
        return build;
    build->known = read_positions(lines, build);
    program = program_of(chain);
    if (!build->known && lines->learn && program) {
        lines->learn(lines->context, program, &module->build_id);
        build->known = read_positions(lines, build);
    }
    return build;
}

/* -- Lines ---------------------------------------------------------------------------------- */

struct position_frame lines_loop(const struct chain *chain, size_t i, struct stack_copy *stack)
{
    *stack = unwind_stack(chain->sample, chain->frames[chain->recorded].registers);
    return (struct position_frame){
        .registers = chain->frames[i - 1].registers,
        .stack = stack,
        .end = chain->frames[i].registers->values[processor_here.sp],
    };
}

/* The line that this place names; 0: it holds no position of this slot's bytecode. */
static struct line line_at(struct lines *lines, const struct chain *chain, size_t i,
                           const struct position_frame *frame, const struct position_place *place)
{
    struct line line = {.line = 0};
    const struct code *code;
    uint64_t value, offset;

    if (!position_value(frame, place->where, &value))
        return line;
    code = lines_code(lines, chain, i, value);
    if (!code)
        return line;
    offset = value - code->bytecode + (uint64_t)(int64_t)place->adjust;
    if (offset < code->length)
        line.line = line_table_find(&code->lines, (uint32_t)offset);
    if (line.line) {
        line.first = code->lines.first_line;
        line.last = code->last_line;
    }
    return line;
}

/* The same, if the instructions at both sides of the value have that line. */
static struct line line_around(struct lines *lines, const struct chain *chain, size_t i,
                               const struct position_frame *frame,
                               const struct position_place *place)
{
    struct position_place other = {.where = place->where, .adjust = place->adjust ? 0 : -2};
    struct line line = line_at(lines, chain, i, frame, place);

    return line.line == line_at(lines, chain, i, frame, &other).line ? line
                                                                     : (struct line){.line = 0};
}

/* It holds a position, but none of the instructions at both sides of it has that line. */
static bool contradicts(struct lines *lines, const struct chain *chain, size_t i,
                        const struct position_frame *frame, const struct position_place *place,
                        unsigned line)
{
    bool held = false;

    for (int adjust = -2; adjust <= 0; adjust += 2) {
        struct position_place here = {.where = place->where, .adjust = (signed char)adjust};
        unsigned other = line_at(lines, chain, i, frame, &here).line;
        if (other == line)
            return false;
        held = held || other;
    }
    return held;
}

static struct line line_at_site(struct lines *lines, const struct chain *chain, size_t i,
                                const struct position_frame *frame,
                                const struct position_site *site)
{
    struct line line = {.line = 0};
    size_t p = 0;

    for (; p < site->count && !line.line && !site->places[p].rival; p++)
        line = site->places[p].doubtful ? line_around(lines, chain, i, frame, &site->places[p])
                                        : line_at(lines, chain, i, frame, &site->places[p]);
    for (; p < site->count && line.line; p++)
        if (site->places[p].rival &&
            contradicts(lines, chain, i, frame, &site->places[p], line.line))
            line.line = 0;
    return line.line ? line : (struct line){.line = 0};
}

/* A site that the probe did not see: what nearly all others have, or two places must agree, and
 * none disagree. */
static struct line line_by_all(struct lines *lines, const struct chain *chain, size_t i,
                               const struct position_frame *frame,
                               const struct positions *positions)
{
    const struct position_place *usual = positions_usual(positions);
    struct line line = {.line = 0};
    unsigned agreeing = 0;

    if (usual)
        return line_around(lines, chain, i, frame, usual);
    for (size_t p = 0; p < positions->known_count; p++) {
        struct line other = line_at(lines, chain, i, frame, &positions->known[p]);
        if (other.line && line.line && other.line != line.line)
            return (struct line){.line = 0};
        line = other.line ? other : line;
        agreeing += other.line != 0;
    }
    return agreeing > 1 ? line : (struct line){.line = 0};
}

static struct line line_of_frame(struct lines *lines, const struct chain *chain, size_t i)
{
    struct line line = {.line = 0};
    const struct chain_frame *loop;
    const struct position_site *site;
    struct position_site leaf;
    struct position_frame frame;
    struct stack_copy stack;
    struct build *build;
    uint64_t address;

    if (!lines_is_python(chain, i))
        return line;
    build = build_of(lines, chain, i);
    if (!build || !build->known)
        return line;
    loop = &chain->frames[i - 1];
    frame = lines_loop(chain, i, &stack);
    address = module_address(build->module, loop->mapping, loop->address);
    if (i - 1 == chain->recorded) {
        leaf = positions_leaf(&build->positions, address);
        site = &leaf;
    } else {
        site = table_get(&build->positions.sites, address + 1);
    }
    if (!site)
        return line_by_all(lines, chain, i, &frame, &build->positions);
    return line_at_site(lines, chain, i, &frame, site);
}

/* A context tells the position itself. */
static struct line line_of_position(struct lines *lines, const struct chain *chain, size_t i)
{
    struct line line = {.line = 0};
    uint64_t position = chain->frames[i].position;
    const struct code *code = position ? lines_code(lines, chain, i, position) : NULL;

    if (!code || position - code->bytecode >= code->length)
        return line;
    line.line = line_table_find(&code->lines, (uint32_t)(position - code->bytecode));
    line.first = line.line ? code->lines.first_line : 0;
    line.last = line.line ? code->last_line : 0;
    return line;
}

/* What a converted recording's addresses say, by the line file's own .debug_line. */
static struct line line_of_address(const struct chain_frame *frame)
{
    struct module *module = frame->mapping->module;
    struct line line = {.line = 0};
    Dwarf_Addr address = module_address(module, frame->mapping, frame->lookup);
    Dwarf_Die unit;
    Dwarf_Line *row;
    int number;

    if (module->dwarf && dwarf_addrdie(module->dwarf, address, &unit) &&
        (row = dwarf_getsrc_die(&unit, address)) && dwarf_lineno(row, &number) == 0 && number > 0)
        line.line = (unsigned)number;
    return line;
}

static bool is_name_of_python(const struct chain_frame *frame)
{
    return frame->name && frame->mapping &&
           strncmp(frame->name, PYPERF_NAME_PREFIX, PYTHON_PREFIX) == 0;
}

struct line lines_find(struct lines *lines, const struct chain *chain, size_t i)
{
    struct line line = {.line = 0};
    const struct code *code;

    if (!is_name_of_python(&chain->frames[i]))
        return line;
    if (i < chain->recorded)
        return line_of_address(&chain->frames[i]);
    line =
        i < chain->completed ? line_of_frame(lines, chain, i) : line_of_position(lines, chain, i);
    code = line.line ? NULL : codes_newest(&lines->codes, &chain->frames[i]);
    if (code) {
        line.first = code->lines.first_line;
        line.last = code->last_line;
    }
    return line;
}
