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

/* What a sample is unwound with. */
struct unwinding {
    struct locations *locations;
    const struct space *space;
    const struct processor *processor;
    struct stack_copy stack;
};

/* Code without a table, such as a JIT's, may keep frame pointers: the saved one, and above it the
 * return address. */
static bool follow_frame_pointer(const struct unwinding *unwinding, const struct registers *frame,
                                 struct registers *caller)
{
    const struct processor *processor = unwinding->processor;
    uint64_t saved, address, fp = frame->values[processor->fp];

    if (!registers_has(frame, processor->fp) || fp < frame->values[processor->sp] ||
        !stack_read(&unwinding->stack, fp, &saved) ||
        !stack_read(&unwinding->stack, fp + 8, &address))
        return false;
    *caller = *frame;
    registers_set(caller, processor->fp, saved);
    registers_set(caller, processor->sp, fp + 16);
    registers_set(caller, processor->pc, address & processor->address_mask);
    return address != 0;
}

/*
 * Where calls put the return address into a register, a leaf without a table (an entry of a PLT,
 * the vdso's clock_gettime) still has it there, and its caller's stack.  Not if it has called
 * others: then the register leads back into it.  Nor if it keeps a frame pointer, which shows that
 * it has saved this very address: then the stack is no longer its caller's.
 */
static bool follow_link_register(const struct unwinding *unwinding, const struct unwound *leaf,
                                 struct registers *caller)
{
    const struct processor *processor = unwinding->processor;
    const struct registers *frame = &leaf->registers;
    unsigned link = processor->return_address;
    uint64_t address = frame->values[link] & processor->address_mask, saved;
    const struct location *location;

    if (link == processor->pc || !registers_has(frame, link))
        return false;
    if (stack_read(&unwinding->stack, frame->values[processor->fp] + 8, &saved) &&
        (saved & processor->address_mask) == address)
        return false;
    location = locations_find(unwinding->locations, unwinding->space, address - 1);
    if (!location->mapping || (leaf->mapping && leaf->symbol == location->symbol &&
                               leaf->mapping->module == location->mapping->module))
        return false;
    *caller = *frame;
    caller->known &= processor->kept;
    registers_set(caller, processor->sp, frame->values[processor->sp]);
    registers_set(caller, processor->pc, address);
    return true;
}

static bool step(const struct unwinding *unwinding, const struct unwound *frame, bool leaf,
                 const struct rule *rule, bool *interrupted, bool *outermost,
                 struct registers *caller)
{
    *interrupted = *outermost = false;
    if (!rule || !rule->known)
        return (leaf && follow_link_register(unwinding, frame, caller)) ||
               follow_frame_pointer(unwinding, &frame->registers, caller);
    *interrupted = rule->signal_frame;
    *outermost = rule->outermost;
    return rule_apply(rule, &frame->registers, &unwinding->stack, unwinding->processor, caller);
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
    struct unwinding unwinding = {locations, space, processor, {.size = 0}};
    bool interrupted = true; /* the leaf was: its address is no return address */
    size_t count = 0;

    *whole = false;
    frames[0].registers = registers_of(sample, processor);
    if (!registers_has(&frames[0].registers, processor->pc))
        return 0;
    unwinding.stack = unwind_stack(sample, &frames[0].registers);
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
            !step(&unwinding, frame, count == 1, location_rule(location, processor), &interrupted,
                  whole, &frames[count].registers))
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
