/*
 * A function called at line 42 of the probe is named "L0042", so a frame of the probe with L0042
 * below it is at line 42.  evidence.h has what follows for the address from which the loop called.
 *
 * For the loop interrupted itself no name tells the line.  But each address of the loop belongs to
 * an operation, and the bytecode is known: for the right place, address and operation go together.
 * They also tell whether the position was moved on already; where they do not, a line counts only
 * if that makes no difference (doubtful).
 */
#include "lines/learn.h"
#include "lines/evidence.h"
#include "lines/lines.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    LEAST = EVIDENCE_LEAST,
    LEAF_SAMPLES = 20000, /* the most that are kept */
    LEAF_LEAST = 50,
    NEAR_SAMPLES = 32,
    CALL_LEAST = 6,
    CALL_SAMPLES = 30000,
    LOOPS = 5, /* S1 to S5 */
    OPCODES = 256,
    BYTECODE_MAX = 4096,
};

/* The loop was interrupted at `pc`; offsets[where] of what held a position, else -1. */
struct leaf_sample {
    uint64_t pc;
    int loop;
    short offsets[POSITION_WHERE_MAX];
};

struct learning {
    struct lines *lines;
    struct table sites; /* address + 1 -> struct call_site */
    struct leaf_sample *leaves;
    size_t leaf_count;
    struct leaf_sample *calls; /* the loop called something in C; pc: behind the call */
    size_t call_count;
    unsigned char bytecode[LOOPS][BYTECODE_MAX];
    size_t bytecode_size[LOOPS];
    struct build_id build_id;
};

/* -- The probe ------------------------------------------------------------------------------ */

/* "py::calls:lines.py", "py::statements.<locals>.<listcomp>:lines.py" */
static bool is_of_probe(const char *name)
{
    static const char file[] = ":lines.py";
    size_t length = strlen(name), ending = sizeof file - 1;

    return length > ending && strcmp(name + length - ending, file) == 0;
}

/* A comprehension, generator expression or lambda: at the same line as the function around it. */
static bool is_inside(const char *name)
{
    return is_of_probe(name) && strchr(name, '<');
}

/* The number in "py::L0042:..." or "py::S1:...", after that letter; 0 if it is another name. */
static unsigned number_in(const char *name, char letter)
{
    const char beginning[] = {'p', 'y', ':', ':', letter};
    char *end;
    unsigned long number;

    if (strncmp(name, beginning, sizeof beginning) != 0)
        return 0;
    number = strtoul(name + sizeof beginning, &end, 10);
    return *end == ':' && number <= UINT_MAX ? (unsigned)number : 0;
}

/* The line that frame `i` is at, by the name of what it called; 0 if no name tells. */
static unsigned true_line(const struct chain *chain, size_t i)
{
    while (i-- > chain->recorded) {
        const char *name = chain->frames[i].name;
        unsigned line = name ? number_in(name, 'L') : 0;
        if (!name || strncmp(name, "py::", 4) != 0)
            continue;
        if (line)
            return line;
        if (!is_inside(name))
            return 0;
    }
    return 0;
}

/* The line that frame `i` is at, if the loop keeps book of an exception that is on its way: only
 * one line of "R0042" raises. */
static unsigned raising_line(const struct chain *chain, size_t i)
{
    const char *called = i - 1 > chain->recorded ? chain->frames[i - 2].name : NULL;

    return called && strcmp(called, "PyTraceBack_Here") == 0 ? number_in(chain->frames[i].name, 'R')
                                                             : 0;
}

/* Two hexadecimal digits for each byte. */
static size_t read_hexadecimal(const char *text, unsigned char *bytes, size_t room)
{
    static const char digits[] = "0123456789abcdef";
    size_t size = 0;

    for (; size < room; text += 2) {
        const char *high = *text ? strchr(digits, text[0]) : NULL;
        const char *low = high && text[1] ? strchr(digits, text[1]) : NULL;
        if (!low)
            break;
        bytes[size++] = (unsigned char)((high - digits) << 4 | (low - digits));
    }
    return size;
}

/* "S1 6401...", "S2 6401..." */
static int read_bytecode(struct learning *learning, const char *path)
{
    FILE *in = fopen(path, "re");
    char *line = NULL;
    size_t room = 0;

    if (!in)
        return -errno;
    for (int loop = 0; loop < LOOPS && getline(&line, &room, in) > 3; loop++)
        learning->bytecode_size[loop] =
            read_hexadecimal(line + 3, learning->bytecode[loop], BYTECODE_MAX);
    free(line);
    fclose(in);
    return learning->bytecode_size[LOOPS - 1] ? 0 : -ENODATA;
}

/* -- Samples -------------------------------------------------------------------------------- */

static void free_site(void *value)
{
    evidence_free(value);
    free(value);
}

static struct call_site *site_at(struct learning *learning, uint64_t address)
{
    struct call_site *site = table_get(&learning->sites, address + 1);

    if (site)
        return site;
    site = calloc(1, sizeof *site);
    if (!site || table_set(&learning->sites, address + 1, site) != 0) {
        free(site);
        return NULL;
    }
    site->address = address;
    return site;
}

static int look_at_places(struct learning *learning, const struct chain *chain, size_t i,
                          unsigned truth, struct call_site *site)
{
    struct stack_copy stack;
    struct position_frame frame = lines_loop(chain, i, &stack);
    struct evidence *evidence = evidence_next(site, truth);

    if (!evidence)
        return -ENOMEM;
    for (unsigned where = 0; where < POSITION_WHERE_MAX; where++) {
        const struct code *code;
        uint64_t value;
        if (where == processor_here.pc || where == processor_here.sp ||
            !position_value(&frame, where, &value))
            continue;
        code = lines_code(learning->lines, chain, i, value);
        if (!code)
            continue;
        evidence->held[where] = true;
        for (int a = 0; a < EVIDENCE_ADJUSTMENTS; a++) {
            uint64_t offset = value - code->bytecode + (uint64_t)(int64_t)evidence_adjustments[a];
            evidence->right[a][where] =
                offset < code->length && line_table_find(&code->lines, (uint32_t)offset) == truth;
        }
    }
    return 0;
}

static void keep_offsets(struct learning *learning, const struct chain *chain, size_t i, int loop,
                         uint64_t pc)
{
    struct leaf_sample *leaf;
    struct stack_copy stack;
    struct position_frame frame = lines_loop(chain, i, &stack);

    if (i - 1 == chain->recorded && learning->leaf_count < LEAF_SAMPLES)
        leaf = &learning->leaves[learning->leaf_count++];
    else if (i - 1 != chain->recorded && learning->call_count < CALL_SAMPLES)
        leaf = &learning->calls[learning->call_count++];
    else
        return;
    leaf->pc = pc;
    leaf->loop = loop;
    for (unsigned where = 0; where < POSITION_WHERE_MAX; where++) {
        const struct code *code = NULL;
        uint64_t value;
        leaf->offsets[where] = -1;
        if (where != processor_here.pc && where != processor_here.sp &&
            position_value(&frame, where, &value))
            code = lines_code(learning->lines, chain, i, value);
        if (code && code->length == learning->bytecode_size[loop])
            leaf->offsets[where] = (short)(value - code->bytecode);
    }
}

static int take_chain(void *context, const struct chain *chain)
{
    struct learning *learning = context;

    for (size_t i = 1; i < chain->count; i++) {
        const struct chain_frame *loop = &chain->frames[i - 1];
        const struct module *module;
        unsigned truth, number;
        uint64_t address;
        if (!lines_is_python(chain, i))
            continue;
        module = loop->mapping->module;
        address = module_address(module, loop->mapping, loop->address);
        number = is_of_probe(chain->frames[i].name) ? number_in(chain->frames[i].name, 'S') : 0;
        if (number && number <= LOOPS)
            keep_offsets(learning, chain, i, (int)number - 1, address);
        if (i - 1 == chain->recorded)
            continue;
        /* 3.10 shares the bytecode of comprehensions that differ in lines only. */
        truth = is_of_probe(chain->frames[i].name) && !is_inside(chain->frames[i].name)
                    ? true_line(chain, i)
                    : 0;
        if (!truth)
            truth = raising_line(chain, i);
        if (truth) {
            struct call_site *site = site_at(learning, address);
            if (!site || look_at_places(learning, chain, i, truth, site) != 0)
                return -ENOMEM;
            learning->build_id = module->build_id;
        }
    }
    return 0;
}

/* -- The loop itself ------------------------------------------------------------------------ */

/* The operation at an offset; the inline caches behind it belong to it. */
static int opcode_at(const struct learning *learning, int loop, int offset)
{
    const unsigned char *bytecode = learning->bytecode[loop];

    if (offset < 0 || (size_t)offset >= learning->bytecode_size[loop] || offset & 1)
        return -1;
    while (offset >= 2 && bytecode[offset] == 0)
        offset -= 2;
    return bytecode[offset];
}

static int by_pc(const void *left, const void *right)
{
    const struct leaf_sample *a = left, *b = right;

    return a->pc < b->pc ? -1 : a->pc > b->pc;
}

/* Where the samples end that have the address of the one at `from`. */
static size_t end_of_pc(const struct leaf_sample *samples, size_t count, size_t from)
{
    size_t to = from + 1;

    while (to < count && samples[to].pc == samples[from].pc)
        to++;
    return to;
}

/* The operation that runs by this place; -1: the place holds no position. */
static int operation_of(const struct learning *learning, const struct leaf_sample *sample,
                        unsigned where, int adjust)
{
    return sample->offsets[where] < 0
               ? -1
               : opcode_at(learning, sample->loop, sample->offsets[where] + adjust);
}

static bool holds_any(const struct leaf_sample *sample, const struct position_site *site)
{
    for (size_t p = 0; p < site->count; p++)
        if (sample->offsets[site->places[p].where] >= 0)
            return true;
    return false;
}

/*
 * Of the samples in which none of the site's places holds a position: how many more agree with
 * their neighbours than if the address told nothing.  Those are the ones that have the operation
 * that most samples of the same address have, less those that have the most frequent operation of
 * their loop.  So a place that never changes gains nothing.  *held counts the samples that have a
 * position there.
 */
static unsigned gain_of(const struct learning *learning, const struct position_site *site,
                        unsigned where, int adjust, unsigned *held)
{
    unsigned all[LOOPS][OPCODES] = {{0}}, agreeing = 0, chance = 0;

    *held = 0;
    for (size_t from = 0, to; from < learning->leaf_count; from = to) {
        unsigned counts[OPCODES] = {0}, most = 0;
        to = end_of_pc(learning->leaves, learning->leaf_count, from);
        for (size_t i = from; i < to; i++) {
            const struct leaf_sample *leaf = &learning->leaves[i];
            int opcode = operation_of(learning, leaf, where, adjust);
            if (opcode < 0 || holds_any(leaf, site))
                continue;
            ++*held;
            all[leaf->loop][opcode]++;
            most = ++counts[opcode] > most ? counts[opcode] : most;
        }
        agreeing += most;
    }
    for (int loop = 0; loop < LOOPS; loop++) {
        unsigned frequent = 0;
        for (int i = 0; i < OPCODES; i++)
            frequent = all[loop][i] > frequent ? all[loop][i] : frequent;
        chance += frequent;
    }
    return agreeing > chance ? agreeing - chance : 0;
}

/* A further place is for samples in which those in front of it hold no position. */
static struct position_site choose_leaf(const struct learning *learning)
{
    struct position_site site = {.count = 0};

    while (site.count < POSITION_PLACES) {
        struct position_place best = {.where = 0};
        unsigned most = 0;
        for (unsigned where = 0; where < POSITION_WHERE_MAX; where++)
            for (int a = 0; a < EVIDENCE_ADJUSTMENTS; a++) {
                unsigned held,
                    gain = gain_of(learning, &site, where, evidence_adjustments[a], &held);
                if (held < LEAF_LEAST || gain * 2 < held || gain <= most)
                    continue;
                most = gain;
                best = (struct position_place){.where = (unsigned short)where,
                                               .adjust = evidence_adjustments[a]};
            }
        if (!most)
            break;
        site.places[site.count++] = best;
    }
    return site;
}

/* Of one address's samples, and those of the addresses near by. */
struct near {
    const struct leaf_sample *samples;
    size_t from, to;      /* the address's own */
    size_t first, behind; /* with those near by */
};

static struct near near_of(const struct learning *learning, size_t from, size_t to)
{
    const struct leaf_sample *samples = learning->leaves;
    struct near near = {samples, from, to, from, to};

    while (near.first > 0 && from - near.first < NEAR_SAMPLES &&
           samples[from].pc - samples[near.first - 1].pc <= POSITION_NEAR)
        near.first--;
    while (near.behind < learning->leaf_count && near.behind - to < NEAR_SAMPLES &&
           samples[near.behind].pc - samples[from].pc <= POSITION_NEAR)
        near.behind++;
    return near;
}

/* How many samples of a range have this operation, by one of the adjustments or by any. */
static size_t count_operation(const struct learning *learning, size_t from, size_t to,
                              unsigned where, int opcode, int only)
{
    size_t count = 0;

    for (size_t i = from; i < to; i++)
        for (int a = 0; a < EVIDENCE_ADJUSTMENTS; a++)
            if ((only < 0 || only == a) && operation_of(learning, &learning->leaves[i], where,
                                                        evidence_adjustments[a]) == opcode) {
                count++;
                break;
            }
    return count;
}

/*
 * The code of one operation lies together, and the position is moved on somewhere in it.  So the
 * operation of an address is one that all of its samples have, with or without adjustment, and most
 * of those near by; and then its samples tell the adjustment.  Where no operation fits, the code is
 * shared by several.  False if the samples do not tell.
 */
static bool choose_at(const struct learning *learning, const struct near *near, unsigned where,
                      struct position_place *place)
{
    size_t own = near->to - near->from, most = 0, second = 0;
    int best = -1;

    for (int a = 0; a < EVIDENCE_ADJUSTMENTS; a++) {
        int opcode =
            operation_of(learning, &near->samples[near->from], where, evidence_adjustments[a]);
        size_t count;
        if (opcode < 0 || opcode == best ||
            count_operation(learning, near->from, near->to, where, opcode, -1) < own)
            continue;
        count = count_operation(learning, near->first, near->behind, where, opcode, -1);
        second = count > most ? most : count;
        if (count > most) {
            most = count;
            best = opcode;
        }
    }
    *place = (struct position_place){.where = (unsigned short)where, .doubtful = true};
    if (best < 0)
        return own > 1;
    if (most < LEAST || most < second + 2)
        return false;
    for (int a = 0; a < EVIDENCE_ADJUSTMENTS; a++) {
        bool all = count_operation(learning, near->from, near->to, where, best, a) == own;
        bool others = count_operation(learning, near->from, near->to, where, best, !a) == own;
        if (all && others)
            return false;
        if (all)
            *place = (struct position_place){.where = (unsigned short)where,
                                             .adjust = evidence_adjustments[a]};
    }
    return true;
}

/* What the loop's addresses have that were seen often enough. */
static int choose_addresses(struct learning *learning, struct positions *positions)
{
    int rc = 0;

    for (size_t from = 0, to; rc == 0 && from < learning->leaf_count; from = to) {
        struct position_site site = {.count = 0};
        struct near near;
        to = end_of_pc(learning->leaves, learning->leaf_count, from);
        near = near_of(learning, from, to);
        for (size_t p = 0; p < positions->leaf.count; p++)
            site.count += choose_at(learning, &near, positions->leaf.places[p].where,
                                    &site.places[site.count]);
        if (site.count)
            rc = positions_add_leaf(positions, learning->leaves[from].pc, &site);
    }
    return rc;
}

/* -- Calls of C ----------------------------------------------------------------------------- */

/* Whether all samples have one operation by this place, at several offsets. */
static bool is_one_operation(const struct learning *learning, const struct leaf_sample *samples,
                             size_t count, const struct position_place *place)
{
    int offset = -1, opcode = -1;
    bool varies = false;

    for (size_t i = 0; i < count; i++) {
        int here = samples[i].offsets[place->where] + place->adjust;
        int operation =
            samples[i].offsets[place->where] < 0 ? -1 : opcode_at(learning, samples[i].loop, here);
        if (operation < 0 || (i && operation != opcode))
            return false;
        here = here * LOOPS + samples[i].loop;
        varies = varies || (i && here != offset);
        offset = here;
        opcode = operation;
    }
    return varies;
}

/* Of the places that other sites have, the most usual one by which operation and address agree. */
static struct position_site choose_by_operation(const struct learning *learning,
                                                const struct positions *positions,
                                                const struct leaf_sample *samples, size_t count)
{
    struct position_site site = {.count = 0};
    size_t most = 1;

    for (size_t p = 0; count >= CALL_LEAST && p < positions->known_count; p++)
        if (positions->known_sites[p] > most &&
            is_one_operation(learning, samples, count, &positions->known[p])) {
            most = positions->known_sites[p];
            site.places[0] = positions->known[p];
            site.count = 1;
        }
    return site;
}

/* Sites that never led to a function whose name tells the line. */
static int choose_calls(struct learning *learning, struct positions *positions)
{
    struct positions proved = *positions;
    int rc = 0;

    qsort(learning->calls, learning->call_count, sizeof *learning->calls, by_pc);
    for (size_t from = 0, to; rc == 0 && from < learning->call_count; from = to) {
        const struct leaf_sample *samples = &learning->calls[from];
        struct position_site site;
        for (to = from; to < learning->call_count && learning->calls[to].pc == samples->pc; to++)
            continue;
        if (table_get(&positions->sites, samples->pc + 1))
            continue;
        site = choose_by_operation(learning, &proved, samples, to - from);
        if (site.count)
            rc = positions_add(positions, samples->pc, &site);
    }
    return rc;
}

/* -- The whole ------------------------------------------------------------------------------ */

static int choose_all(struct learning *learning, struct positions *positions)
{
    struct proof proof = {.sites = {{0}}};
    struct position_site leaf;
    int rc;

    qsort(learning->leaves, learning->leaf_count, sizeof *learning->leaves, by_pc);
    leaf = choose_leaf(learning);
    rc = positions_add(positions, 0, &leaf);
    if (rc == 0)
        rc = choose_addresses(learning, positions);
    for (size_t i = 0; i < learning->sites.room; i++)
        if (learning->sites.entries[i].value)
            proof_add(&proof, learning->sites.entries[i].value);
    for (size_t i = 0; rc == 0 && i < learning->sites.room; i++) {
        const struct call_site *called = learning->sites.entries[i].value;
        struct position_site site;
        if (!called)
            continue;
        rc = evidence_choose(called, &proof, &site);
        /* Where nothing was right, it is known that nothing is. */
        if (rc == 0 && (site.count || called->samples >= 2 * LEAST))
            rc = positions_add(positions, called->address, &site);
    }
    if (rc == 0)
        rc = choose_calls(learning, positions);
    return rc == 0 && !positions->sites.count ? -ENODATA : rc;
}

int learn(const char *data, const char *bytecode, const char *cache, struct positions *positions,
          struct build_id *build_id)
{
    struct learning *learning = calloc(1, sizeof *learning);
    int rc = -ENOMEM;

    *positions = (struct positions){.known_count = 0};
    if (!learning)
        return rc;
    learning->lines = lines_new(NULL, NULL, NULL);
    learning->leaves = calloc(LEAF_SAMPLES, sizeof *learning->leaves);
    learning->calls = calloc(CALL_SAMPLES, sizeof *learning->calls);
    if (learning->lines && learning->leaves && learning->calls)
        rc = read_bytecode(learning, bytecode);
    if (rc == 0)
        rc = chains_each(data, cache, take_chain, learning);
    if (rc == 0)
        rc = choose_all(learning, positions);
    *build_id = learning->build_id;
    if (rc)
        positions_free(positions);
    if (learning->lines)
        lines_free(learning->lines);
    table_free(&learning->sites, free_site);
    free(learning->leaves);
    free(learning->calls);
    free(learning);
    return rc;
}
