/* Takes contexts; see contexts.h. */
#include "contexts.h"

#include <errno.h>
#include <stddef.h>
#include <sys/mman.h>

#include "arch.h"
#include "frames.h"
#include "mix.h"
#include "slot.h"
#include "slow_path.h"
#include "stack.h"
#include "units.h"

enum { MOST_FRAMES = 65536 }; /* of a chain, up to the last context */

static const struct pyperf_python *python;

/* The context that was left last on this thread's stack.
 *
 * Contexts end in the order in which the stack is left, and each then brings back the one before
 * it.  A greenlet may leave its own part of a stack at any time: where one ends that is not the
 * last, none is believed any more.  So whatever is here is still on the stack, or on that of a
 * greenlet that sleeps. */
struct context {
    uint64_t id;
    const void *frame; /* the innermost that it tells of */
    uintptr_t at;      /* on the stack */
    uint64_t serial;   /* 0: there is none */
};

static __thread struct context last __attribute__((tls_model("initial-exec")));
static __thread uint64_t serials __attribute__((tls_model("initial-exec")));

void pyperf_contexts_start(const struct pyperf_python *found, bool lines)
{
    python = found;
    if (lines && found->layout->frame_previous != 0)
        pyperf_stack_want_contexts();
}

/* -- What was taken before ------------------------------------------------------------------ */

/*
 * Most chains come again.  Frames are at the same instruction of the same code then, which takes
 * less to see than their names and positions.  Where code has a version (3.12+), which no other
 * gets, this remembers the ids.  Without a lock: what two threads wrote at a time is nobody's.
 */
enum { REMEMBERED = 4096 };

static struct {
    uint64_t key; /* of the frames, exclusive-or the id */
    uint64_t id;  /* 0: free */
} * remembered;

static bool remembers(void)
{
    if (__atomic_load_n(&remembered, __ATOMIC_ACQUIRE) != NULL)
        return true;
    if (python->layout->co_version == 0)
        return false;
    void *memory = mmap(NULL, REMEMBERED * sizeof *remembered, PROT_READ | PROT_WRITE,
                        MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (memory != MAP_FAILED)
        __atomic_store_n(&remembered, memory, __ATOMIC_RELEASE);
    return memory != MAP_FAILED;
}

/* A hash of the frames from `frame` to `end` or the root, where `*end` becomes NULL.  0: they have
 * none. */
static uint64_t key_of(const struct pyperf_layout *layout, void *tstate, const void *frame,
                       const void **end, uint64_t parent)
{
    const size_t at = layout->frame_code, previous = layout->frame_previous;
    const uintptr_t address = ~layout->code_tag;
    uint64_t key = 0;
    unsigned count = 0;
    for (; frame != NULL && frame != *end; frame = pyperf_pointer_at(frame, previous)) {
        if (pyperf_frame_is_entry(layout, frame))
            continue;
        uint32_t version =
            pyperf_version_of(layout, (uintptr_t)pyperf_pointer_at(frame, at) & address);
        if (version == 0 || ++count > MOST_FRAMES)
            return 0;
        key = pyperf_mix(key, (uintptr_t)pyperf_frame_instruction(frame) ^ (uint64_t)version << 32);
    }
    if (frame == NULL)
        *end = NULL;
    key = pyperf_mix(key, (uintptr_t)pyperf_interp_of(tstate));
    return pyperf_mix(key, *end != NULL ? parent : 0);
}

static uint64_t recall(uint64_t key)
{
    uint64_t id = __atomic_load_n(&remembered[key % REMEMBERED].id, __ATOMIC_RELAXED);
    uint64_t both = __atomic_load_n(&remembered[key % REMEMBERED].key, __ATOMIC_RELAXED);
    return (both ^ id) == key ? id : 0;
}

static void remember(uint64_t key, uint64_t id)
{
    __atomic_store_n(&remembered[key % REMEMBERED].id, id, __ATOMIC_RELAXED);
    __atomic_store_n(&remembered[key % REMEMBERED].key, key ^ id, __ATOMIC_RELAXED);
}

void pyperf_contexts_reset(void)
{
    for (size_t i = 0; remembered != NULL && i < REMEMBERED; i++)
        remembered[i].id = remembered[i].key = 0;
}

/* -- Taking one ----------------------------------------------------------------------------- */

static void *caller_of(const void *frame)
{
    return pyperf_frame_complete(python->layout, pyperf_frame_caller(python->layout, frame));
}

/* How many frames there are to `end`, or to the root; there `*end` becomes NULL. */
static unsigned count_frames(const void *frame, const void **end)
{
    unsigned count = 0;
    for (; frame != NULL && frame != *end && count <= MOST_FRAMES; frame = caller_of(frame))
        count++;
    if (frame == NULL)
        *end = NULL;
    return count;
}

/* `count` frames from `frame` outwards, called in the context `parent`.  A function that has not
 * been called while hooked gets its name here. */
static uint64_t tell(void *tstate, void *frame, unsigned count, uint64_t parent, bool shared)
{
    struct pyperf_context_row row;
    row.parent = parent;
    for (unsigned i = 0; i < count; i++, frame = caller_of(frame))
        row.frames[i] = (struct pyperf_context_frame){
            .slot = (uintptr_t)pyperf_slow_path_slot(tstate, frame, shared),
            .position = pyperf_frame_position(python->layout, frame)};
    return pyperf_slots_context(&row, count);
}

static void *skip(void *frame, unsigned count)
{
    while (count-- > 0)
        frame = caller_of(frame);
    return frame;
}

/* The outermost first, because each row names its parent.  Not inlined: rows shall not be on the
 * stack while the slot runs. */
static __attribute__((noinline)) uint64_t tell_all(void *tstate, void *frame, const void *end,
                                                   uint64_t parent, bool shared)
{
    unsigned left = count_frames(frame, &end);
    uint64_t id = end != NULL ? parent : 0;
    if (left > MOST_FRAMES || (left == 0 && id != 0))
        return left == 0 ? id : 0;
    do {
        unsigned part = left < PYPERF_CONTEXT_FRAMES ? left : PYPERF_CONTEXT_FRAMES;
        left -= part;
        id = tell(tstate, skip(frame, left), part, id, shared);
    } while (left > 0 && id != 0);
    return id;
}

static struct context take(void *tstate, bool shared)
{
    struct context none = {.serial = 0};
    if (!pyperf_frames_are_known(python, tstate))
        return none;
    void *frame =
        pyperf_frame_complete(python->layout, pyperf_frame_current(python->layout, tstate));
    /* A thread that pthread_exit() has unwound may run Python once more. */
    bool believed = last.serial != 0 && last.at > (uintptr_t)__builtin_frame_address(0);
    const void *end = believed ? last.frame : NULL;
    const void *reached = end;
    uint64_t key = remembers() ? key_of(python->layout, tstate, frame, &reached, last.id) : 0;
    uint64_t id = key != 0 ? recall(key) : 0;
    if (id == 0) {
        id = tell_all(tstate, frame, end, last.id, shared);
        if (id == 0)
            return none;
        if (key != 0)
            remember(key, id);
    }
    return (struct context){.id = id, .frame = frame, .serial = ++serials};
}

/* -- Leaving it on the stack ---------------------------------------------------------------- */

void *pyperf_contexts_evaluate(pyperf_slot_fn slot, void *a, void *b, void *c, bool shared,
                               uintptr_t entry)
{
    uintptr_t here = (uintptr_t)__builtin_frame_address(0);
    if (!pyperf_stack_context_is_due(here))
        return slot(a, b, c, python->default_evaluator);
    int saved_errno = errno;
    struct context before = last;
    struct context context = take(a, shared);
    errno = saved_errno;
    struct pyperf_stack_stretch stretch = pyperf_stack_begin_stretch(here);
    void *result;
    if (context.serial == 0) {
        result = slot(a, b, c, python->default_evaluator);
        pyperf_stack_end_stretch(here, stretch);
        return result;
    }
    context.at = here;
    last = context;
    if (entry != 0) /* the slot's frame begins at the ids, 32 bytes below ours */
        pyperf_units_detour(entry - (pyperf_stack_pointer - 32));
    result = pyperf_context(a, b, c, python->default_evaluator, slot, context.id);
    if (last.serial == context.serial) {
        last = before;
        pyperf_stack_end_stretch(here, stretch);
    } else {
        last.serial = 0;
        pyperf_stack_begin_stretch(here);
    }
    return result;
}
