#include "recording/rule.h"
#include "recording/bytes.h"

#include <dwarf.h>
#include <stdlib.h>
#include <string.h>

bool stack_read(const struct stack_copy *stack, uint64_t address, uint64_t *word)
{
    uint64_t at = address - stack->start;

    if (address < stack->start || at >= stack->size || stack->size - at < 8)
        return false;
    *word = bytes_u64(stack->bytes + at);
    return true;
}

/* -- From elfutils -------------------------------------------------------------------------- */

/* elfutils may free what `operations` points to. */
static struct place expression(enum place_kind kind, const Dwarf_Op *operations, size_t count)
{
    struct place place = {.kind = kind, .length = count};

    place.expression = count ? malloc(count * sizeof *operations) : NULL;
    if (!place.expression)
        return (struct place){.kind = PLACE_LOST};
    memcpy(place.expression, operations, count * sizeof *operations);
    return place;
}

static bool read_cfa(struct rule *rule, Dwarf_Frame *frame)
{
    Dwarf_Op *operations;
    size_t count;

    if (dwarf_frame_cfa(frame, &operations, &count) != 0 || count == 0)
        return false;
    if (count == 1 && operations->atom == DW_OP_bregx && operations->number < REGISTERS_MAX) {
        rule->cfa_register = (unsigned)operations->number;
        rule->cfa = (struct place){.kind = PLACE_OFFSET, .offset = (int64_t)operations->number2};
    } else if (count == 1 && operations->atom >= DW_OP_breg0 && operations->atom <= DW_OP_breg31) {
        rule->cfa_register = operations->atom - DW_OP_breg0;
        rule->cfa = (struct place){.kind = PLACE_OFFSET, .offset = (int64_t)operations->number};
    } else {
        rule->cfa = expression(PLACE_VALUE, operations, count);
    }
    return true;
}

/* What a table does not mention is kept, if functions must keep it.  elfutils (0.188) knows that,
 * but takes one processor's rax for its rbx. */
static struct place unmentioned(unsigned number, const struct processor *processor)
{
    return (struct place){.kind = processor->kept >> number & 1 ? PLACE_SAME : PLACE_LOST};
}

/* Usual places are "CFA", "CFA + constant", each perhaps as a value, and a register; see
 * dwarf_frame_register() in elfutils/libdw.h. */
static struct place read_place(Dwarf_Frame *frame, unsigned number,
                               const struct processor *processor)
{
    Dwarf_Op room[3], *operations;
    size_t count;
    bool value;

    if ((number == processor->pc && number != processor->return_address) ||
        dwarf_frame_register(frame, (int)number, room, &operations, &count) != 0)
        return (struct place){.kind = PLACE_LOST};
    if (count == 0)
        return operations ? unmentioned(number, processor) : (struct place){.kind = PLACE_SAME};
    if (count == 1 && operations->atom == DW_OP_regx && operations->number < REGISTERS_MAX)
        return (struct place){.kind = PLACE_REGISTER, .offset = (int64_t)operations->number};
    value = operations[count - 1].atom == DW_OP_stack_value;
    count -= value;
    if (operations->atom == DW_OP_call_frame_cfa && count <= 2 &&
        (count == 1 || operations[1].atom == DW_OP_plus_uconst))
        return (struct place){.kind = value ? PLACE_OFFSET : PLACE_MEMORY,
                              .offset = count == 2 ? (int64_t)operations[1].number : 0};
    return expression(value ? PLACE_VALUE : PLACE_EXPRESSION, operations, count);
}

/* A register of the caller by itself, except that its SP is the CFA unless the table says more. */
static struct place place_of(Dwarf_Frame *frame, unsigned number, const struct processor *processor)
{
    struct place place = read_place(frame, number, processor);

    if (number == processor->sp && (place.kind == PLACE_SAME || place.kind == PLACE_LOST))
        place = (struct place){.kind = PLACE_OFFSET};
    place.number = number;
    return place;
}

static void read_places(struct rule *rule, Dwarf_Frame *frame, const struct processor *processor)
{
    rule->outermost = true;
    for (unsigned i = 0; i < processor->count; i++) {
        struct place place = place_of(frame, i, processor);
        if (place.kind == PLACE_SAME)
            rule->same |= 1ULL << i;
        else if (place.kind != PLACE_LOST)
            rule->places[rule->count++] = place;
        if (i == processor->return_address)
            rule->outermost = place.kind == PLACE_LOST;
    }
}

struct rule *rule_read(Dwarf_CFI *const tables[2], uint64_t address,
                       const struct processor *processor)
{
    struct rule *rule = calloc(1, sizeof *rule + processor->count * sizeof *rule->places), *fitted;
    Dwarf_Frame *frame = NULL;

    if (!rule)
        return NULL;
    for (int i = 0; i < 2 && !frame; i++)
        if (tables[i] && dwarf_cfi_addrframe(tables[i], address, &frame) != 0)
            frame = NULL;
    if (frame) {
        rule->known = read_cfa(rule, frame);
        dwarf_frame_info(frame, NULL, NULL, &rule->signal_frame);
        if (rule->known)
            read_places(rule, frame, processor);
        free(frame);
    }
    fitted = realloc(rule, sizeof *rule + rule->count * sizeof *rule->places);
    return fitted ? fitted : rule;
}

void rule_free(void *value)
{
    struct rule *rule = value;

    free(rule->cfa.expression);
    for (unsigned i = 0; i < rule->count; i++)
        free(rule->places[i].expression);
    free(rule);
}

/* -- Expressions ---------------------------------------------------------------------------- */

struct machine {
    const struct registers *registers;
    const struct stack_copy *stack;
    uint64_t words[16];
    unsigned depth;
    bool failed;
};

static void push(struct machine *machine, uint64_t word)
{
    if (machine->depth == sizeof machine->words / sizeof *machine->words)
        machine->failed = true;
    else
        machine->words[machine->depth++] = word;
}

static uint64_t pop(struct machine *machine)
{
    if (machine->depth == 0) {
        machine->failed = true;
        return 0;
    }
    return machine->words[--machine->depth];
}

static void push_register(struct machine *machine, uint64_t number, uint64_t offset)
{
    if (number >= REGISTERS_MAX || !registers_has(machine->registers, (unsigned)number))
        machine->failed = true;
    else
        push(machine, machine->registers->values[number] + offset);
}

static void combine(struct machine *machine, unsigned operation)
{
    uint64_t right = pop(machine), left = pop(machine);

    switch (operation) {
    case DW_OP_plus:
        return push(machine, left + right);
    case DW_OP_minus:
        return push(machine, left - right);
    case DW_OP_mul:
        return push(machine, left * right);
    case DW_OP_and:
        return push(machine, left & right);
    case DW_OP_or:
        return push(machine, left | right);
    case DW_OP_shl:
        return push(machine, right < 64 ? left << right : 0);
    case DW_OP_shr:
        return push(machine, right < 64 ? left >> right : 0);
    case DW_OP_ge:
        return push(machine, (int64_t)left >= (int64_t)right);
    case DW_OP_gt:
        return push(machine, (int64_t)left > (int64_t)right);
    case DW_OP_le:
        return push(machine, (int64_t)left <= (int64_t)right);
    case DW_OP_lt:
        return push(machine, (int64_t)left < (int64_t)right);
    case DW_OP_eq:
        return push(machine, left == right);
    case DW_OP_ne:
        return push(machine, left != right);
    default:
        machine->failed = true;
    }
}

static void step(struct machine *machine, const Dwarf_Op *operation, uint64_t cfa)
{
    unsigned atom = operation->atom;
    uint64_t word;

    if (atom >= DW_OP_lit0 && atom <= DW_OP_lit31)
        return push(machine, atom - DW_OP_lit0);
    if (atom >= DW_OP_breg0 && atom <= DW_OP_breg31)
        return push_register(machine, atom - DW_OP_breg0, operation->number);
    switch (atom) {
    case DW_OP_const1u:
    case DW_OP_const1s:
    case DW_OP_const2u:
    case DW_OP_const2s:
    case DW_OP_const4u:
    case DW_OP_const4s:
    case DW_OP_const8u:
    case DW_OP_const8s:
    case DW_OP_constu:
    case DW_OP_consts:
        return push(machine, operation->number);
    case DW_OP_bregx:
        return push_register(machine, operation->number, operation->number2);
    case DW_OP_call_frame_cfa:
        return push(machine, cfa);
    case DW_OP_plus_uconst:
        return push(machine, pop(machine) + operation->number);
    case DW_OP_dup:
        word = pop(machine);
        push(machine, word);
        return push(machine, word);
    case DW_OP_drop:
        pop(machine);
        return;
    case DW_OP_deref:
        if (stack_read(machine->stack, pop(machine), &word))
            return push(machine, word);
        machine->failed = true;
        return;
    default:
        combine(machine, atom);
    }
}

static bool evaluate(const struct place *place, const struct registers *registers,
                     const struct stack_copy *stack, uint64_t cfa, uint64_t *word)
{
    struct machine machine = {.registers = registers, .stack = stack};

    for (size_t i = 0; i < place->length && !machine.failed; i++)
        step(&machine, &place->expression[i], cfa);
    *word = pop(&machine);
    return !machine.failed;
}

/* -- Use ------------------------------------------------------------------------------------ */

static bool find_cfa(const struct rule *rule, const struct registers *frame,
                     const struct stack_copy *stack, uint64_t *cfa)
{
    if (rule->cfa.kind == PLACE_VALUE)
        return evaluate(&rule->cfa, frame, stack, 0, cfa);
    if (rule->cfa.kind != PLACE_OFFSET || !registers_has(frame, rule->cfa_register))
        return false;
    *cfa = frame->values[rule->cfa_register] + (uint64_t)rule->cfa.offset;
    return true;
}

static bool restore(const struct place *place, const struct registers *frame,
                    const struct stack_copy *stack, uint64_t cfa, uint64_t *word)
{
    switch (place->kind) {
    case PLACE_MEMORY:
        return stack_read(stack, cfa + (uint64_t)place->offset, word);
    case PLACE_OFFSET:
        *word = cfa + (uint64_t)place->offset;
        return true;
    case PLACE_REGISTER:
        *word = frame->values[place->offset];
        return registers_has(frame, (unsigned)place->offset);
    case PLACE_VALUE:
        return evaluate(place, frame, stack, cfa, word);
    case PLACE_EXPRESSION:
        return evaluate(place, frame, stack, cfa, word) && stack_read(stack, *word, word);
    default:
        return false;
    }
}

bool rule_apply(const struct rule *rule, const struct registers *frame,
                const struct stack_copy *stack, const struct processor *processor,
                struct registers *caller)
{
    uint64_t cfa, word;

    if (!rule->known || rule->outermost || !find_cfa(rule, frame, stack, &cfa))
        return false;
    *caller = *frame;
    caller->known &= rule->same;
    for (unsigned i = 0; i < rule->count; i++)
        if (restore(&rule->places[i], frame, stack, cfa, &word))
            registers_set(caller, rule->places[i].number, word);
    if (!registers_has(caller, processor->return_address))
        return false;
    registers_set(caller, processor->pc,
                  caller->values[processor->return_address] & processor->address_mask);
    return caller->values[processor->pc] != 0;
}
