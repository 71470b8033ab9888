/* The bounds of this thread's C stack; see stack.h. */
#include "stack.h"

#include <limits.h>
#include <pthread.h>
#include <stddef.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

/* What the interpreter itself may need below the last hooked call; with less, threads of 512 KiB
 * died at depths that they survive without us. */
enum { RESERVE = 65536 };

/*
 * Hooked calls may use 1/USUAL of a stack, or 1/SPARING where the program has raised the recursion
 * limit to more calls than fit into that: such a depth is reached only by calls that take no C
 * stack.
 *
 * USUAL: the rest has to hold one and a half times as many generators as were entered until then,
 * because an evaluator makes CPython wait longer and longer between its attempts to run `for` over
 * a generator without C stack (its backoff counters double).  SPARING: calls that take C stack in
 * any case, as __init__ in 3.14, lose less than a tenth of their depth.
 */
enum { USUAL = 4, SPARING = 12 };
enum { DEFAULT_RECURSION_LIMIT = 1000 }; /* Py_DEFAULT_RECURSION_LIMIT, in 3.6 to 3.15 */
enum { HOOKED_CALL = 512 };              /* bytes; 368 to 928 in docs/performance/tables.md */

/* Linux keeps at least 128 MiB below the top free of mappings (mm/util.c, MIN_GAP). */
enum { MAIN_MOST = 64 << 20 };

__thread uintptr_t pyperf_stack_limit __attribute__((tls_model("initial-exec"))) = UINTPTR_MAX;

static __thread struct {
    uintptr_t low, high; /* of this thread's own stack; high 0: not asked yet */
    uintptr_t floor;     /* PYPERF_STACK_LOW below */
    uintptr_t limit;     /* pyperf_stack_check() is due below */
} bounds __attribute__((tls_model("initial-exec"))) = {.limit = UINTPTR_MAX};

static __thread struct pyperf_stack_stretch stretch __attribute__((tls_model("initial-exec")));
static bool contexts; /* are wanted */

static __thread uintptr_t reserve __attribute__((tls_model("initial-exec"))) = RESERVE;

static uintptr_t main_top;

void pyperf_stack_init(const void *top)
{
    main_top = (uintptr_t)top;
}

/* For the main thread pthread_getattr_np() would read /proc/self/maps.  The stack limit and the top
 * that the constructor saw tell as much. */
static bool find_main_bounds(uintptr_t sp)
{
    /* Ask the kernel for the thread: once the limit is raised, other stacks may lie within it. */
    struct rlimit limit;
    if (syscall(SYS_gettid) != getpid() || getrlimit(RLIMIT_STACK, &limit) != 0)
        return false;
    /* A program may raise its limit although other mappings are in the way of the stack. */
    uintptr_t size = limit.rlim_cur < MAIN_MOST ? limit.rlim_cur : MAIN_MOST;
    if (sp > main_top || sp < main_top - size)
        return false;
    bounds.low = main_top - size;
    bounds.high = main_top;
    return true;
}

static bool find_thread_bounds(void)
{
    pthread_attr_t attributes;
    if (pthread_getattr_np(pthread_self(), &attributes) != 0)
        return false;
    void *address;
    size_t size;
    size_t guard = 0;
    int status = pthread_attr_getstack(&attributes, &address, &size);
    pthread_attr_getguardsize(&attributes, &guard);
    pthread_attr_destroy(&attributes);
    if (status != 0)
        return false;
    bounds.low = (uintptr_t)address;
    bounds.high = (uintptr_t)address + size;
    if (guard < size)
        bounds.low += guard;
    return true;
}

static uintptr_t highest(uintptr_t a, uintptr_t b)
{
    return a > b ? a : b;
}

static void find_bounds(uintptr_t sp)
{
    if (!find_main_bounds(sp) && !find_thread_bounds()) {
        bounds.low = 0;
        bounds.high = UINTPTR_MAX;
    }
}

static uintptr_t floor_for(int recursion_limit)
{
    if (bounds.low == 0)
        return 0;
    uintptr_t size = bounds.high - bounds.low;
    uintptr_t part = size / USUAL;
    if (recursion_limit > DEFAULT_RECURSION_LIMIT &&
        (uintptr_t)recursion_limit * HOOKED_CALL > part)
        part = size / SPARING;
    return highest(bounds.high - part, bounds.low + reserve);
}

/* The evaluator's one limit is the higher of the two. */
static void set_limit(void)
{
    pyperf_stack_limit = highest(bounds.limit, stretch.due);
}

bool pyperf_stack_is_unchecked(uintptr_t sp)
{
    return sp < bounds.limit;
}

enum pyperf_stack_state pyperf_stack_check(uintptr_t sp, bool segments, int recursion_limit)
{
    bool first = pyperf_stack_is_new();
    if (first)
        find_bounds(sp);
    if (sp < bounds.low || sp >= bounds.high)
        return PYPERF_STACK_FINE;
    /* On a thread's first call the program may not have raised the recursion limit yet.  Check
     * again at the depth where that first matters. */
    bounds.floor = floor_for(recursion_limit);
    bounds.limit = first ? floor_for(INT_MAX) : bounds.floor;
    if (segments)
        bounds.limit = highest(bounds.limit, sp & ~(uintptr_t)(PYPERF_SEGMENT - 1));
    if (first && contexts)
        stretch.due = stretch.first =
            (bounds.low != 0 ? bounds.high : sp) - (uintptr_t)PYPERF_STRETCH_FIRST;
    set_limit();
    if (sp < bounds.floor)
        return PYPERF_STACK_LOW;
    return segments && !first ? PYPERF_STACK_SEGMENT : PYPERF_STACK_FINE;
}

bool pyperf_stack_is_new(void)
{
    return bounds.high == 0;
}

void pyperf_stack_reserve(uintptr_t bytes)
{
    reserve = bytes;
}

uintptr_t pyperf_stack_share(uintptr_t whole, uintptr_t sp)
{
    if (bounds.low == 0)
        return whole;
    return whole * (sp - bounds.low) / (bounds.high - bounds.low);
}

void pyperf_stack_leave_segment(uintptr_t sp)
{
    uintptr_t segment = sp & ~(uintptr_t)(PYPERF_SEGMENT - 1);
    bounds.limit = highest(segment + PYPERF_SEGMENT, bounds.floor);
    set_limit();
}

/* -- Contexts ------------------------------------------------------------------------------- */

void pyperf_stack_want_contexts(void)
{
    contexts = true;
}

bool pyperf_stack_context_is_due(uintptr_t sp)
{
    return sp < stretch.due && sp >= bounds.low && sp < bounds.high;
}

struct pyperf_stack_stretch pyperf_stack_begin_stretch(uintptr_t sp)
{
    struct pyperf_stack_stretch before = stretch;
    stretch.due = stretch.first = sp - PYPERF_STRETCH;
    set_limit();
    return before;
}

void pyperf_stack_end_stretch(uintptr_t sp, struct pyperf_stack_stretch before)
{
    stretch = before;
    uintptr_t usual = before.first - PYPERF_SLACK;
    /* None was taken between: so no call was made there, and the caller was there before. */
    if (before.due == before.first)
        stretch.loops = sp < before.first - PYPERF_CALL ? PYPERF_LOOPS : 0;
    if (sp >= usual) {
        stretch.due = usual;
    } else if (stretch.loops > 0 && sp >= before.first - PYPERF_SLACK_LOOPS) {
        stretch.due = sp;
        stretch.loops--;
    } else {
        stretch.due = before.first;
    }
    set_limit();
}
