/*
 * Rules read from this very program, whose assembled part has one for each kind; what follows from
 * them; and real stacks of this program, also from below a signal handler.
 */
#include "recorded.h"
#include "recording/bytes.h"
#include "recording/rule.h"
#include "recording/unwind.h"
#include "suite.h"

#include <dwarf.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <ucontext.h>
#include <unistd.h>

#if defined(__x86_64__)
#define RA    "16"
#define SP    "7"
#define FP    "6"
#define OTHER "3"
enum { PLACE_OTHER = 3, HANDLERS_RETURN_BY_TABLE = 1 };
#elif defined(__aarch64__)
#define RA    "30"
#define SP    "31"
#define FP    "29"
#define OTHER "19"
/* Since 5.8 Linux has no table for what handlers return to: arch/arm64/kernel/vdso/sigreturn.S. */
enum { PLACE_OTHER = 19, HANDLERS_RETURN_BY_TABLE = 0 };
#endif

/* Never run: each label has its rule at the instruction behind it.  Escapes are
 * DW_CFA_expression (0x10), DW_CFA_val_expression (0x16) and DW_CFA_def_cfa_expression (0x0f) with
 * DW_OP_lit0 + n (0x30 + n), DW_OP_plus (0x22) or DW_OP_breg0 + n (0x70 + n). */
__asm__(".text\n"
        ".globl probe, probe_lost, probe_register, probe_offset, probe_expression, probe_value\n"
        ".globl probe_cfa, probe_outermost, probe_shrinking, probe_signal, probe_untabled\n"
        ".globl probe_untabled_too\n"
        ".type probe, %function\n"
        "probe:\n"
        ".cfi_startproc\n"
        ".cfi_def_cfa " SP ", 16\n"
        ".cfi_offset " RA ", -8\n"
        ".cfi_offset " FP ", -16\n"
        "nop\n"
        "nop\n"
        "probe_lost:\n"
        ".cfi_remember_state\n"
        ".cfi_undefined 1\n"
        "nop\n"
        "nop\n"
        ".cfi_restore_state\n"
        "probe_register:\n"
        ".cfi_remember_state\n"
        ".cfi_register " OTHER ", " FP "\n"
        "nop\n"
        "nop\n"
        ".cfi_restore_state\n"
        "probe_offset:\n"
        ".cfi_remember_state\n"
        ".cfi_escape 0x14, " OTHER ", 3\n" /* DW_CFA_val_offset, times data alignment */
        "nop\n"
        "nop\n"
        ".cfi_restore_state\n"
        "probe_expression:\n"
        ".cfi_remember_state\n"
        ".cfi_escape 0x10, " OTHER ", 2, 0x38, 0x22\n" /* at CFA + 8 */
        "nop\n"
        "nop\n"
        ".cfi_restore_state\n"
        "probe_value:\n"
        ".cfi_remember_state\n"
        ".cfi_escape 0x16, " OTHER ", 2, 0x38, 0x22\n" /* is CFA + 8 */
        "nop\n"
        "nop\n"
        ".cfi_restore_state\n"
        "probe_cfa:\n"
        ".cfi_remember_state\n"
        ".cfi_escape 0x0f, 2, 0x70 + " SP ", 24\n"
        "nop\n"
        "nop\n"
        ".cfi_restore_state\n"
        "probe_outermost:\n"
        ".cfi_remember_state\n"
        ".cfi_undefined " RA "\n"
        "nop\n"
        "nop\n"
        ".cfi_restore_state\n"
        "probe_shrinking:\n"
        ".cfi_def_cfa " SP ", -8\n"
        ".cfi_offset " RA ", 8\n"
        "nop\n"
        "nop\n"
        ".cfi_endproc\n"
        ".size probe, . - probe\n"
        "nop\n"
        ".cfi_startproc\n"
        ".cfi_signal_frame\n"
        ".cfi_def_cfa " SP ", 16\n"
        ".cfi_offset " RA ", -8\n"
        "nop\n" /* as in glibc, for those who look up return addresses */
        "probe_signal:\n"
        "nop\n"
        "nop\n"
        ".cfi_endproc\n"
        "nop\n"
        "probe_untabled:\n"
        "nop\n"
        "nop\n"
        "nop\n"
        "nop\n"
        "probe_untabled_too:\n"
        "nop\n"
        "nop\n"
        "nop\n"
        "nop\n");
extern const char probe[], probe_lost[], probe_register[], probe_offset[], probe_expression[],
    probe_value[], probe_cfa[], probe_outermost[], probe_shrinking[], probe_signal[],
    probe_untabled[], probe_untabled_too[];

enum { WORDS = 8192, BASE = 0x7000, ALL = -1 };

static const struct processor *const processor = &processor_here;
static const struct module_places places = {.cache = NULL};
static struct locations locations;
static uint64_t words[WORDS]; /* the copy of a stack that begins at BASE */
static struct spaces spaces;
static struct module *modules[32];
static size_t module_count;
static struct unwound frames[UNWIND_FRAMES_MAX];
static struct module *own;

/* -- This program's mappings ---------------------------------------------------------------- */

static void *find_module(void *context, uint32_t pid, const char *path, const struct build_id *id)
{
    (void)context, (void)pid;
    for (size_t i = 0; i < module_count; i++)
        if (strcmp(modules[i]->path, path) == 0)
            return modules[i];
    modules[module_count] =
        module_new(path, strcmp(path, "[vdso]") == 0 ? MODULE_VDSO : MODULE_FILE, id, 0);
    return modules[module_count++];
}

static void map_ourselves(void)
{
    static struct recorded record;
    FILE *maps = fopen("/proc/self/maps", "re");
    char line[4096];

    while (fgets(line, sizeof line, maps)) {
        char *at, *path = strpbrk(line, "/["); /* START-END r-xp OFFSET DEVICE INODE PATH */
        uint64_t start = strtoull(line, &at, 16), end = strtoull(at + 1, &at, 16), offset;
        struct record taken;
        if (!path || at[3] != 'x' || strncmp(path, "[vsys", 5) == 0)
            continue;
        offset = strtoull(at + 5, NULL, 16);
        path[strcspn(path, "\n")] = '\0';
        record.size = 0;
        recorded_mapping(&record, 1, 1, start, end - start, offset, path);
        taken = (struct record){
            .type = PERF_RECORD_MMAP, .size = (uint16_t)record.size, .bytes = record.bytes};
        ck_assert_int_eq(spaces_take(&spaces, &taken), 0);
    }
    fclose(maps);
    own = space_mapping(spaces_find(&spaces, 1), (uintptr_t)probe)->module;
    module_open(own, &places);
}

static void set_up(void)
{
    spaces = (struct spaces){.found = find_module};
    module_count = 0;
    ck_assert_int_eq(locations_init(&locations, &places), 0);
    map_ourselves();
    for (size_t i = 0; i < WORDS; i++)
        words[i] = 1000 + i;
}

static void tear_down(void)
{
    locations_free(&locations);
    spaces_free(&spaces);
    for (size_t i = 0; i < module_count; i++)
        module_free(modules[i]);
}

/* -- Rules ---------------------------------------------------------------------------------- */

static struct rule *rule_of(const char *at)
{
    const struct mapping *mapping = space_mapping(spaces_find(&spaces, 1), (uintptr_t)at);
    struct rule *rule = rule_read(own->cfi, module_address(own, mapping, (uintptr_t)at), processor);

    ck_assert_ptr_nonnull(rule);
    return rule;
}

/* All registers known: 100 + their number, SP at the stack's first word. */
static struct registers registers_here(void)
{
    struct registers registers = {.known = 0};

    for (unsigned i = 0; i < processor->count; i++)
        registers_set(&registers, i, 100 + i);
    registers_set(&registers, processor->sp, BASE);
    return registers;
}

static const struct stack_copy stack = {
    .start = BASE, .bytes = (const unsigned char *)words, .size = sizeof words};

static bool apply(const char *at, struct registers *caller)
{
    struct registers frame = registers_here();
    struct rule *rule = rule_of(at);
    bool done = rule_apply(rule, &frame, &stack, processor, caller);

    rule_free(rule);
    return done;
}

START_TEST(test_usual_rule)
{
    struct registers caller;
    struct rule *rule = rule_of(probe);

    ck_assert(rule->known && !rule->signal_frame && !rule->outermost);
    rule_free(rule);
    ck_assert(apply(probe, &caller));
    ck_assert_uint_eq(caller.values[processor->pc], 1001);
    ck_assert_uint_eq(caller.values[processor->fp], 1000);
    ck_assert_uint_eq(caller.values[processor->sp], BASE + 16);
    ck_assert_uint_eq(caller.values[PLACE_OTHER], 100 + PLACE_OTHER);
    ck_assert(registers_has(&caller, PLACE_OTHER));
}
END_TEST

START_TEST(test_kinds_of_places)
{
    struct registers caller;

    ck_assert(apply(probe_lost, &caller));
    ck_assert(!registers_has(&caller, 1));
    ck_assert_uint_eq(caller.values[processor->pc], 1001);
    ck_assert(apply(probe_register, &caller));
    ck_assert_uint_eq(caller.values[PLACE_OTHER], 100 + processor->fp);
    ck_assert(apply(probe_offset, &caller));
    ck_assert_uint_eq(caller.values[PLACE_OTHER], BASE + 16 - 24); /* data alignment -8 */
    ck_assert(apply(probe_expression, &caller));
    ck_assert_uint_eq(caller.values[PLACE_OTHER], 1003);
    ck_assert(apply(probe_value, &caller));
    ck_assert_uint_eq(caller.values[PLACE_OTHER], BASE + 24);
    ck_assert(apply(probe_cfa, &caller));
    ck_assert_uint_eq(caller.values[processor->pc], 1002);
    ck_assert_uint_eq(caller.values[processor->sp], BASE + 24);
}
END_TEST

START_TEST(test_kinds_of_rules)
{
    struct registers caller;
    struct rule *rule = rule_of(probe_signal);

    ck_assert(rule->known && rule->signal_frame);
    rule_free(rule);
    rule = rule_of(probe_outermost);
    ck_assert(rule->known && rule->outermost);
    rule_free(rule);
    ck_assert(!apply(probe_outermost, &caller));
    rule = rule_of(probe_untabled);
    ck_assert(!rule->known);
    rule_free(rule);
    ck_assert(!apply(probe_untabled, &caller));
}
END_TEST

/* Where the caller is must be known, the rest may be lost. */
START_TEST(test_what_was_not_recorded)
{
    struct registers frame = registers_here(), caller;
    struct stack_copy shorter = stack;
    struct rule *rule = rule_of(probe);

    shorter.size = 15;
    ck_assert(!rule_apply(rule, &frame, &shorter, processor, &caller));
    shorter = stack;
    shorter.start += 8; /* FP's word is below it */
    ck_assert(rule_apply(rule, &frame, &shorter, processor, &caller));
    ck_assert(!registers_has(&caller, processor->fp));
    frame.known &= ~(1ULL << PLACE_OTHER);
    ck_assert(rule_apply(rule, &frame, &stack, processor, &caller));
    ck_assert(!registers_has(&caller, PLACE_OTHER));
    frame.known &= ~(1ULL << processor->sp);
    ck_assert(!rule_apply(rule, &frame, &stack, processor, &caller));
    frame = registers_here();
    words[1] = 0; /* a return address of 0 ends a stack */
    ck_assert(!rule_apply(rule, &frame, &stack, processor, &caller));
    rule_free(rule);
}
END_TEST

START_TEST(test_stack_read)
{
    uint64_t word = 0;

    ck_assert(stack_read(&stack, BASE, &word));
    ck_assert_uint_eq(word, 1000);
    ck_assert(stack_read(&stack, BASE + sizeof words - 8, &word));
    ck_assert_uint_eq(word, 1000 + WORDS - 1);
    ck_assert(!stack_read(&stack, BASE + sizeof words - 7, &word));
    ck_assert(!stack_read(&stack, BASE - 1, &word));
    ck_assert(!stack_read(&stack, UINT64_MAX, &word));
    ck_assert(!stack_read(&stack, 0, &word));
}
END_TEST

/* -- Expressions ---------------------------------------------------------------------------- */

#define OPERATIONS(...)                                                                            \
    (Dwarf_Op[])                                                                                   \
    {                                                                                              \
        __VA_ARGS__,                                                                               \
        {                                                                                          \
            .atom = 0                                                                              \
        }                                                                                          \
    }
#define ATOM(name)                                                                                 \
    {                                                                                              \
        .atom = DW_OP_##name                                                                       \
    }
#define WITH(name, arg)                                                                            \
    {                                                                                              \
        .atom = DW_OP_##name, .number = (Dwarf_Word)(arg)                                          \
    }

/* The value of PLACE_OTHER by these operations, up to atom 0. */
static bool value_of(Dwarf_Op *operations, uint64_t *value)
{
    struct registers frame = registers_here(), caller;
    struct rule *rule = calloc(1, sizeof *rule + 2 * sizeof *rule->places);

    *rule = (struct rule){.known = true, .cfa_register = processor->sp, .count = 2};
    rule->cfa = (struct place){.kind = PLACE_OFFSET, .offset = 16};
    rule->places[0] =
        (struct place){.kind = PLACE_MEMORY, .number = processor->return_address, .offset = -8};
    rule->places[1] =
        (struct place){.kind = PLACE_VALUE, .number = PLACE_OTHER, .expression = operations};
    while (operations[rule->places[1].length].atom)
        rule->places[1].length++;
    frame.known &= ~(1ULL << 1); /* register 1 is lost */
    ck_assert(rule_apply(rule, &frame, &stack, processor, &caller));
    free(rule);
    *value = caller.values[PLACE_OTHER];
    return registers_has(&caller, PLACE_OTHER);
}

START_TEST(test_expressions)
{
    const struct {
        Dwarf_Op *operations;
        uint64_t value;
    } cases[] = {
        {OPERATIONS(ATOM(lit31)), 31},
        {OPERATIONS(WITH(const1u, 200)), 200},
        {OPERATIONS(WITH(const8s, -5)), (uint64_t)-5},
        {OPERATIONS(WITH(breg0, 5)), 105},
        {OPERATIONS({.atom = DW_OP_bregx, .number = 2, .number2 = (Dwarf_Word)-2}), 100},
        {OPERATIONS(ATOM(call_frame_cfa)), BASE + 16},
        {OPERATIONS(WITH(plus_uconst, 0)), 0}, /* fails: see below */
        {OPERATIONS(ATOM(lit7), WITH(plus_uconst, 3)), 10},
        {OPERATIONS(ATOM(lit7), ATOM(lit3), ATOM(plus)), 10},
        {OPERATIONS(ATOM(lit7), ATOM(lit3), ATOM(minus)), 4},
        {OPERATIONS(ATOM(lit7), ATOM(lit3), ATOM(mul)), 21},
        {OPERATIONS(ATOM(lit7), ATOM(lit12), ATOM(and)), 4},
        {OPERATIONS(ATOM(lit7), ATOM(lit12), ATOM(or)), 15},
        {OPERATIONS(ATOM(lit7), ATOM(lit3), ATOM(shl)), 56},
        {OPERATIONS(ATOM(lit7), WITH(constu, 64), ATOM(shl)), 0},
        {OPERATIONS(ATOM(lit7), ATOM(lit1), ATOM(shr)), 3},
        {OPERATIONS(ATOM(lit7), WITH(constu, UINT64_MAX), ATOM(shr)), 0},
        {OPERATIONS(WITH(consts, -1), ATOM(lit0), ATOM(ge)), 0},
        {OPERATIONS(ATOM(lit3), ATOM(lit3), ATOM(ge)), 1},
        {OPERATIONS(ATOM(lit3), ATOM(lit3), ATOM(gt)), 0},
        {OPERATIONS(WITH(consts, -1), ATOM(lit0), ATOM(le)), 1},
        {OPERATIONS(ATOM(lit3), ATOM(lit3), ATOM(lt)), 0},
        {OPERATIONS(ATOM(lit3), ATOM(lit3), ATOM(eq)), 1},
        {OPERATIONS(ATOM(lit3), ATOM(lit3), ATOM(ne)), 0},
        {OPERATIONS(ATOM(lit3), ATOM(dup), ATOM(mul)), 9},
        {OPERATIONS(ATOM(lit3), ATOM(lit4), ATOM(drop)), 3},
        {OPERATIONS(WITH(constu, BASE + 8), ATOM(deref)), 1001},
        /* As the linker makes for .plt: CFA is SP + 8, and 8 more in an entry's second half. */
        {OPERATIONS(WITH(breg0, 8), WITH(breg0, 0), ATOM(lit15), ATOM(and), ATOM(lit11), ATOM(ge),
                    ATOM(lit3), ATOM(shl), ATOM(plus)),
         108},
    };

    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        uint64_t value;
        if (cases[i].operations[0].atom == DW_OP_plus_uconst)
            continue;
        ck_assert(value_of(cases[i].operations, &value));
        ck_assert_msg(value == cases[i].value, "expression %zu: %" PRIu64, i, value);
    }
}
END_TEST

/* Nothing is read that is not there, and nothing guessed. */
START_TEST(test_failing_expressions)
{
    Dwarf_Op deep[65] = {{.atom = 0}};
    Dwarf_Op *const cases[] = {
        OPERATIONS(ATOM(plus)),
        OPERATIONS(ATOM(lit1), ATOM(plus)),
        OPERATIONS(WITH(plus_uconst, 1)),
        OPERATIONS(ATOM(dup)),
        OPERATIONS(ATOM(drop), ATOM(lit1)),
        OPERATIONS(ATOM(deref)),
        OPERATIONS(ATOM(lit1), ATOM(deref)),
        OPERATIONS(WITH(breg1, 0)), /* lost */
        OPERATIONS(WITH(bregx, 33)),
        OPERATIONS(WITH(bregx, UINT64_MAX)),
        OPERATIONS(ATOM(lit1), ATOM(lit1), ATOM(div)),
        OPERATIONS(ATOM(lit1), WITH(bra, 0)),
        OPERATIONS(ATOM(lit1), WITH(skip, -3)),
        OPERATIONS({.atom = 0xff}),
        deep,
        NULL,
    };
    uint64_t value;

    for (size_t i = 0; i < 64; i++)
        deep[i].atom = DW_OP_lit1;
    for (size_t i = 0; cases[i]; i++)
        ck_assert_msg(!value_of(cases[i], &value), "expression %zu", i);
}
END_TEST

/* -- Whole stacks --------------------------------------------------------------------------- */

static unsigned char given[REGISTERS_MAX * 8];

/* A sample of these registers, as perf writes them. */
static struct sample sample_of(const struct registers *registers, const void *bytes, uint64_t size)
{
    struct sample sample = {.pid = 1, .tid = 1, .registers = given, .stack = bytes};
    size_t at = 0;

    sample.stack_size = size;
    for (unsigned i = 0; i < processor->perf_count; i++)
        if (processor->perf[i] >= 0 && registers_has(registers, (unsigned)processor->perf[i])) {
            sample.registers_mask |= 1ULL << i;
            memcpy(given + 8 * at++, &registers->values[processor->perf[i]], 8);
        }
    return sample;
}

static size_t unwind(const struct registers *registers)
{
    struct sample sample = sample_of(registers, words, sizeof words);
    bool whole;
    return unwind_sample(&locations, spaces_find(&spaces, 1), &sample, frames, &whole);
}

static const char *name_of(const struct unwound *frame)
{
    struct module *module = frame->mapping->module;
    const struct symbol *symbol =
        symbols_find(&module->symbols, module_address(module, frame->mapping, frame->lookup));
    static char name[256];

    snprintf(name, sizeof name, "%s", symbol ? symbol->name : "?");
    name[strcspn(name, ".")] = '\0'; /* ".isra.0" and the like */
    return name;
}

/* The index of the first frame of that name from `from` on; fails the test if there is none. */
static size_t frame_of(const char *name, size_t from, size_t count)
{
    for (size_t i = from; i < count; i++)
        if (frames[i].mapping && strcmp(name_of(&frames[i]), name) == 0)
            return i;
    ck_abort_msg("no frame of %s", name);
    return 0;
}

START_TEST(test_made_stack)
{
    struct registers registers = registers_here();

    registers_set(&registers, processor->pc, (uintptr_t)probe);
    words[1] = (uintptr_t)probe_cfa + 1; /* behind a call */
    words[4] = (uintptr_t)probe_outermost + 1;
    ck_assert_uint_eq(unwind(&registers), 3);
    ck_assert_uint_eq(frames[0].lookup, (uintptr_t)probe);
    ck_assert_uint_eq(frames[1].registers.values[processor->pc], (uintptr_t)probe_cfa + 1);
    ck_assert_uint_eq(frames[1].lookup, (uintptr_t)probe_cfa);
    ck_assert_uint_eq(frames[1].registers.values[processor->fp], 1000);
    ck_assert_uint_eq(frames[2].lookup, (uintptr_t)probe_outermost);
    words[4] = 0x10; /* where nothing is mapped: no frame */
    ck_assert_uint_eq(unwind(&registers), 2);
}
END_TEST

/* An interrupted function's address is looked up as it is. */
START_TEST(test_above_a_signal)
{
    struct registers registers = registers_here();

    registers_set(&registers, processor->pc, (uintptr_t)probe_signal);
    words[1] = (uintptr_t)probe_outermost;
    ck_assert_uint_eq(unwind(&registers), 2);
    ck_assert_uint_eq(frames[1].lookup, (uintptr_t)probe_outermost);
    registers_set(&registers, processor->pc, (uintptr_t)probe);
    words[1] = (uintptr_t)probe_signal; /* where the handler returns to */
    words[3] = (uintptr_t)probe_outermost;
    ck_assert_uint_eq(unwind(&registers), 3);
    ck_assert_uint_eq(frames[1].lookup, (uintptr_t)probe_signal);
    ck_assert_uint_eq(frames[2].lookup, (uintptr_t)probe_outermost);
}
END_TEST

START_TEST(test_no_table)
{
    struct registers registers = registers_here();

    registers_set(&registers, processor->pc, (uintptr_t)probe_untabled);
    registers_set(&registers, processor->fp, BASE + 80);
    words[10] = BASE + 800;
    words[11] = (uintptr_t)probe_outermost + 1;
    ck_assert_uint_eq(unwind(&registers), 2);
    ck_assert_uint_eq(frames[1].registers.values[processor->fp], BASE + 800);
    ck_assert_uint_eq(frames[1].registers.values[processor->sp], BASE + 96);
    registers_set(&registers, processor->fp, BASE - 8); /* below the stack: no frame pointer */
    ck_assert_uint_eq(unwind(&registers), 1);
    registers_set(&registers, processor->fp, UINT64_MAX - 7);
    ck_assert_uint_eq(unwind(&registers), 1);
    registers.known &= ~(1ULL << processor->fp);
    ck_assert_uint_eq(unwind(&registers), 1);
    registers = registers_here();
    registers_set(&registers, processor->pc, (uintptr_t)probe);
    words[0] = BASE; /* below the caller's part of the stack */
    words[1] = (uintptr_t)probe_untabled + 1;
    ck_assert_uint_eq(unwind(&registers), 2);
    registers_set(&registers, processor->pc,
                  0x10); /* not mapped; whose caller tells where we are */
    registers_set(&registers, processor->fp, BASE + 80);
    ck_assert_uint_eq(unwind(&registers), 2);
    ck_assert_ptr_null(frames[0].mapping);
    registers.known &= ~(1ULL << processor->fp); /* nothing does */
    ck_assert_uint_eq(unwind(&registers), 0);
    registers.known &= ~(1ULL << processor->pc);
    ck_assert_uint_eq(unwind(&registers), 0);
}
END_TEST

/* A leaf without a table.  At BASE + 80 is a frame record that leads to probe_outermost. */
static struct registers leaf_called_from(uint64_t link)
{
    struct registers registers = registers_here();

    registers_set(&registers, processor->pc, (uintptr_t)probe_untabled);
    registers_set(&registers, processor->fp, BASE + 80);
    registers_set(&registers, processor->return_address, link);
    words[10] = BASE + 160;
    words[11] = (uintptr_t)probe_outermost + 1;
    return registers;
}

START_TEST(test_leaf_without_table)
{
    const uint64_t signature = ~processor->address_mask, link = (uintptr_t)probe_cfa + 1;
    struct registers registers = leaf_called_from(link | signature);

    words[2] = (uintptr_t)probe_outermost + 1;
    ck_assert_uint_eq(unwind(&registers), 3);
    ck_assert_uint_eq(frames[1].registers.values[processor->pc], link);
    ck_assert_uint_eq(frames[1].lookup, (uintptr_t)probe_cfa);
    ck_assert_uint_eq(frames[1].registers.values[processor->sp], BASE);
    ck_assert_uint_eq(frames[1].registers.values[processor->fp], BASE + 80);
    ck_assert(registers_has(&frames[1].registers, PLACE_OTHER));
    ck_assert(!registers_has(&frames[1].registers, 0)); /* functions may change it */
    ck_assert(!registers_has(&frames[1].registers, processor->return_address));
    ck_assert_uint_eq(frames[2].lookup, (uintptr_t)probe_outermost);
    registers_set(&registers, processor->pc, 0x10); /* not mapped, but called from there */
    ck_assert_uint_eq(unwind(&registers), 3);
}
END_TEST

/* Then there is the frame pointer. */
START_TEST(test_leaf_that_has_called)
{
    const uint64_t links[] = {(uintptr_t)probe_untabled + 1, 0x10, 0};
    struct registers registers;

    for (size_t i = 0; i < sizeof links / sizeof *links; i++) {
        registers = leaf_called_from(links[i]);
        ck_assert_uint_eq(unwind(&registers), 2);
        ck_assert_uint_eq(frames[1].lookup, (uintptr_t)probe_outermost);
        ck_assert_uint_eq(frames[1].registers.values[processor->fp], BASE + 160);
    }
    /* Its caller has no table either, and the register is not its. */
    registers = leaf_called_from((uintptr_t)probe_untabled + 1);
    words[11] = (uintptr_t)probe_untabled_too + 1;
    words[21] = (uintptr_t)probe_outermost + 1;
    ck_assert_uint_eq(unwind(&registers), 3);
    ck_assert_uint_eq(frames[1].lookup, (uintptr_t)probe_untabled_too);
    ck_assert_uint_eq(frames[2].lookup, (uintptr_t)probe_outermost);
}
END_TEST

START_TEST(test_leaf_with_a_frame_record)
{
    const uint64_t link = (uintptr_t)probe_cfa + 1, signature = ~processor->address_mask;
    struct registers registers = leaf_called_from(link);

    words[11] = link | signature;
    words[14] = (uintptr_t)probe_outermost + 1; /* by probe_cfa's table */
    ck_assert_uint_eq(unwind(&registers), 3);
    ck_assert_uint_eq(frames[1].lookup, (uintptr_t)probe_cfa);
    ck_assert_uint_eq(frames[1].registers.values[processor->sp], BASE + 96);
    ck_assert_uint_eq(frames[1].registers.values[processor->fp], BASE + 160);
    ck_assert_uint_eq(frames[2].lookup, (uintptr_t)probe_outermost);
}
END_TEST

/* As deep as a recorded stack can be, and never in a circle. */
START_TEST(test_depth)
{
    struct registers registers = registers_here();

    for (size_t i = 0; i < WORDS; i++)
        words[i] = (uintptr_t)probe + 1;
    registers_set(&registers, processor->pc, (uintptr_t)probe);
    ck_assert_uint_eq(unwind(&registers), 1 + WORDS / 2);
    registers_set(&registers, processor->sp, BASE);
    for (size_t i = 0; i < WORDS; i++)
        words[i] = (uintptr_t)probe_shrinking + 1;
    registers_set(&registers, processor->pc, (uintptr_t)probe_shrinking);
    ck_assert_uint_le(unwind(&registers), 2);
}
END_TEST

/* -- Real stacks ---------------------------------------------------------------------------- */

static size_t depth;
static volatile int sink;

static void read_context(const ucontext_t *context, struct registers *registers)
{
#if defined(__x86_64__)
    /* By DWARF's numbers. */
    static const int of[] = {REG_RAX, REG_RDX, REG_RCX, REG_RBX, REG_RSI, REG_RDI,
                             REG_RBP, REG_RSP, REG_R8,  REG_R9,  REG_R10, REG_R11,
                             REG_R12, REG_R13, REG_R14, REG_R15, REG_RIP};
    for (unsigned i = 0; i < processor->count; i++)
        registers_set(registers, i, (uint64_t)context->uc_mcontext.gregs[of[i]]);
#elif defined(__aarch64__)
    for (unsigned i = 0; i < 31; i++)
        registers_set(registers, i, context->uc_mcontext.regs[i]);
    registers_set(registers, 31, context->uc_mcontext.sp);
    registers_set(registers, 32, context->uc_mcontext.pc);
#endif
}

/* The stack from where `context` was taken on. */
__attribute__((noinline, no_sanitize("address"))) static void unwind_from(const ucontext_t *context)
{
    struct registers registers = {.known = 0};
    static unsigned char copy[32768];
    size_t size = sizeof copy, room;
    pthread_attr_t attributes;
    struct sample sample;
    const char *from;
    void *lowest;

    read_context(context, &registers);
    from = (const char *)registers.values[processor->sp]; // NOLINT(performance-no-int-to-ptr)
    pthread_getattr_np(pthread_self(), &attributes);
    pthread_attr_getstack(&attributes, &lowest, &room);
    pthread_attr_destroy(&attributes);
    if (size > (size_t)((const char *)lowest + room - from))
        size = (size_t)((const char *)lowest + room - from);
    for (size_t i = 0; i < size; i++)
        copy[i] = (unsigned char)from[i];
    sample = sample_of(&registers, copy, size);
    depth = unwind_sample(&locations, spaces_find(&spaces, 1), &sample, frames, &(bool){false});
}

__attribute__((noinline)) static void innermost(void)
{
    ucontext_t context;

    getcontext(&context);
    unwind_from(&context);
    sink++;
}

__attribute__((noinline)) static void middle(void)
{
    innermost();
    sink++;
}

__attribute__((noinline)) static void outermost(void)
{
    middle();
    sink++;
}

START_TEST(test_own_stack)
{
    outermost();
    sink++;
    ck_assert_uint_ge(depth, 4);
    ck_assert_uint_eq(frame_of("innermost", 0, depth), 0);
    ck_assert_uint_eq(frame_of("middle", 0, depth), 1);
    ck_assert_uint_eq(frame_of("outermost", 0, depth), 2);
    ck_assert_uint_eq(frame_of("test_own_stack_fn", 0, depth), 3);
}
END_TEST

static void handle(int number)
{
    (void)number;
    middle();
    sink++;
}

__attribute__((noinline)) static void interrupted(void)
{
    raise(SIGUSR1);
    sink++;
}

/* Over the kernel's frame, whose registers are in memory by expressions. */
START_TEST(test_own_stack_in_a_handler)
{
    struct sigaction action = {.sa_handler = handle};
    size_t handler;

    if (!HANDLERS_RETURN_BY_TABLE)
        return;
    sigaction(SIGUSR1, &action, NULL);
    interrupted();
    sink++;
    handler = frame_of("handle", 0, depth);
    ck_assert_uint_eq(handler, 2);
    ck_assert_uint_gt(frame_of("interrupted", handler, depth), handler + 1);
    frame_of("test_own_stack_in_a_handler_fn", handler, depth);
}
END_TEST

int main(void)
{
    TCase *tests = tcase_create("unwind");

    tcase_add_checked_fixture(tests, set_up, tear_down);
    tcase_add_test(tests, test_usual_rule);
    tcase_add_test(tests, test_kinds_of_places);
    tcase_add_test(tests, test_kinds_of_rules);
    tcase_add_test(tests, test_what_was_not_recorded);
    tcase_add_test(tests, test_stack_read);
    tcase_add_test(tests, test_expressions);
    tcase_add_test(tests, test_failing_expressions);
    tcase_add_test(tests, test_made_stack);
    tcase_add_test(tests, test_above_a_signal);
    tcase_add_test(tests, test_no_table);
    if (processor->return_address != processor->pc) { /* calls leave it in a register */
        tcase_add_test(tests, test_leaf_without_table);
        tcase_add_test(tests, test_leaf_that_has_called);
        tcase_add_test(tests, test_leaf_with_a_frame_record);
    }
    tcase_add_test(tests, test_depth);
    tcase_add_test(tests, test_own_stack);
    tcase_add_test(tests, test_own_stack_in_a_handler);
    return run_case("unwind", tests);
}
