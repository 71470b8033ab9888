#include "recording/unwind.h"
#include "recording/bytes.h"
#include "recording/rule.h"

static struct registers registers_of(const struct sample *sample, const struct processor *processor)
{
    struct registers registers = {.known = 0};
    const unsigned char *at = sample->registers;

    for (unsigned i = 0; i < 64; i++) {
        if (!(sample->registers_mask >> i & 1))
            continue;
        if (i < processor->perf_count && processor->perf[i] >= 0)
            registers_set(&registers, (unsigned)processor->perf[i], bytes_u64(at));
        at += 8;
    }
    return registers;
}

static const struct rule *rule_at(struct module *module, uint64_t address,
                                  const struct processor *processor)
{
    struct rule *rule = table_get(&module->rules, address + 1);

    if (rule)
        return rule;
    rule = rule_read(module->cfi, address, processor);
    if (rule && table_set(&module->rules, address + 1, rule) != 0) {
        rule_free(rule);
        rule = NULL;
    }
    return rule;
}

/* Code without a table, such as a JIT's, may keep frame pointers: the saved one, and above it the
 * return address. */
static bool follow_frame_pointer(const struct registers *frame, const struct stack_copy *stack,
                                 const struct processor *processor, struct registers *caller)
{
    uint64_t saved, address, fp = frame->values[processor->fp];

    if (!registers_has(frame, processor->fp) || fp < frame->values[processor->sp] ||
        !stack_read(stack, fp, &saved) || !stack_read(stack, fp + 8, &address))
        return false;
    *caller = *frame;
    registers_set(caller, processor->fp, saved);
    registers_set(caller, processor->sp, fp + 16);
    registers_set(caller, processor->pc, address & processor->address_mask);
    return address != 0;
}

static bool step(const struct unwound *frame, const struct stack_copy *stack,
                 const struct processor *processor, bool *interrupted, struct registers *caller)
{
    const struct rule *rule = NULL;

    *interrupted = false;
    if (frame->mapping) {
        struct module *module = frame->mapping->module;
        rule = rule_at(module, module_address(module, frame->mapping, frame->lookup), processor);
    }
    if (!rule || !rule->known)
        return follow_frame_pointer(&frame->registers, stack, processor, caller);
    *interrupted = rule->signal_frame;
    return rule_apply(rule, &frame->registers, stack, processor, caller);
}

size_t unwind_sample(const struct spaces *spaces, const struct module_places *places,
                     const struct sample *sample, struct unwound *frames)
{
    const struct processor *processor = &processor_here;
    struct stack_copy stack = {.bytes = sample->stack, .size = sample->stack_size};
    bool interrupted = true; /* the leaf was: its address is no return address */
    size_t count = 0;

    frames[0].registers = registers_of(sample, processor);
    if (!registers_has(&frames[0].registers, processor->pc))
        return 0;
    stack.start = frames[0].registers.values[processor->sp];
    while (count < UNWIND_FRAMES_MAX) {
        struct unwound *frame = &frames[count++];
        uint64_t pc = frame->registers.values[processor->pc];
        frame->lookup = interrupted ? pc : pc - 1;
        frame->mapping = spaces_mapping(spaces, sample->pid, frame->lookup);
        if (frame->mapping)
            module_open(frame->mapping->module, places);
        else if (count > 1)
            return count - 1; /* no code: a wrong guess */
        if (count == UNWIND_FRAMES_MAX ||
            !step(frame, &stack, processor, &interrupted, &frames[count].registers))
            break;
        if (interrupted)
            frame->lookup = pc; /* what a handler returns to is called by nobody */
        if (!interrupted &&
            frames[count].registers.values[processor->sp] < frame->registers.values[processor->sp])
            break; /* a stack grows towards its root */
    }
    /* An address alone, of memory that is gone: a thread within execve(), say. */
    return count == 1 && !frames[0].mapping ? 0 : count;
}
