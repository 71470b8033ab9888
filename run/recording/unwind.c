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

static bool step(const struct unwound *frame, const struct rule *rule,
                 const struct stack_copy *stack, const struct processor *processor,
                 bool *interrupted, bool *outermost, struct registers *caller)
{
    *interrupted = *outermost = false;
    if (!rule || !rule->known)
        return follow_frame_pointer(&frame->registers, stack, processor, caller);
    *interrupted = rule->signal_frame;
    *outermost = rule->outermost;
    return rule_apply(rule, &frame->registers, stack, processor, caller);
}

struct stack_copy unwind_stack(const struct sample *sample, const struct registers *leaf)
{
    return (struct stack_copy){.start = leaf->values[processor_here.sp],
                               .bytes = sample->stack,
                               .size = sample->stack_size};
}

size_t unwind_sample(struct locations *locations, const struct space *space,
                     const struct sample *sample, struct unwound *frames, bool *whole)
{
    const struct processor *processor = &processor_here;
    struct stack_copy stack;
    bool interrupted = true; /* the leaf was: its address is no return address */
    size_t count = 0;

    *whole = false;
    frames[0].registers = registers_of(sample, processor);
    if (!registers_has(&frames[0].registers, processor->pc))
        return 0;
    stack = unwind_stack(sample, &frames[0].registers);
    while (count < UNWIND_FRAMES_MAX) {
        struct unwound *frame = &frames[count++];
        uint64_t pc = frame->registers.values[processor->pc];
        struct location *location;
        frame->lookup = interrupted ? pc : pc - 1;
        location = locations_find(locations, space, frame->lookup);
        frame->mapping = location->mapping;
        frame->symbol = location->symbol;
        if (!frame->mapping && count > 1)
            return count - 1; /* no code: a wrong guess */
        if (count == UNWIND_FRAMES_MAX ||
            !step(frame, location_rule(location, processor), &stack, processor, &interrupted, whole,
                  &frames[count].registers))
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
