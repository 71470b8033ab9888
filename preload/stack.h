/*
 * How deep a thread is in its C stack.
 *
 * The evaluator compares the stack pointer with pyperf_stack_limit and calls this module only when
 * it is below.  A thread starts with the highest limit, so its first call always comes here.
 */
#ifndef PYPERF_STACK_H
#define PYPERF_STACK_H

#include <stdbool.h>
#include <stdint.h>

/* initial-exec: one load to reach it.  The library is preloaded, so it has static TLS. */
extern __thread uintptr_t pyperf_stack_limit __attribute__((tls_model("initial-exec")));

/* Small against a stack of 8 MiB, and large against a frame: at 370 bytes, the least that was
 * measured for a hooked call, a segment holds 177 calls, which use 354 of the 1,500 or more units
 * of C recursion that 3.12 gives a thread. */
enum { PYPERF_SEGMENT = 65536 };

/*
 * How far apart contexts are (contexts.h): the next one is due when PYPERF_STRETCH bytes of stack
 * are used since the last, and the first when PYPERF_STRETCH_FIRST are used at all: stacks that fit
 * into a copy of 40 KiB (run/perf/adapt.h) need none, and small programs, whose stacks these are,
 * pay nothing.
 *
 * A loop whose calls go beyond that would leave one in each.  So when such a call returns, the next
 * context is due deeper by PYPERF_SLACK.  After one beyond that the next is due where it was first:
 * farther out calls are rarer.  But a loop that is deeper already must not pay for that: it is
 * known by a context that is taken more than PYPERF_CALL below, and up to PYPERF_LOOPS times the
 * next one is then due below its calls, down to PYPERF_SLACK_LOOPS.  A loop there takes one in each
 * call.
 */
enum { PYPERF_STRETCH_FIRST = 18432, PYPERF_STRETCH = 6144 };
enum { PYPERF_SLACK = 4096, PYPERF_SLACK_LOOPS = 10240, PYPERF_LOOPS = 4 };
enum { PYPERF_CALL = 1536 }; /* what a call between Python functions takes, and more: 3.14 1,100 */

enum pyperf_stack_state {
    PYPERF_STACK_FINE,    /* nothing to do; also on a stack that is not this thread's own */
    PYPERF_STACK_SEGMENT, /* the next 64 KiB begin */
    PYPERF_STACK_LOW,     /* hooked calls have used all the stack that they may */
};

/* Says where `sp` is, and sets the limit for the calls made from there.  `segments`: whether to
 * report PYPERF_STACK_SEGMENT.  `recursion_limit`: sys.getrecursionlimit(), which decides how much
 * hooked calls may use. */
enum pyperf_stack_state pyperf_stack_check(uintptr_t sp, bool segments, int recursion_limit);

/* Whether pyperf_stack_check() is due; else only a context may be. */
bool pyperf_stack_is_unchecked(uintptr_t sp);

/* Whether this thread is still to be checked for the first time. */
bool pyperf_stack_is_new(void);

/* Before a thread's first check: the interpreter may need `bytes` below the last hooked call, more
 * than usual. */
void pyperf_stack_reserve(uintptr_t bytes);

/* `whole` times the fraction of this thread's stack that is left below `sp`.  Call it after
 * pyperf_stack_check(), with `whole` less than 2^24. */
uintptr_t pyperf_stack_share(uintptr_t whole, uintptr_t sp);

/* Call it when the frame that got PYPERF_STACK_SEGMENT returns: sets the limit for its callers. */
void pyperf_stack_leave_segment(uintptr_t sp);

/* From now on pyperf_stack_limit tells where contexts are due, too, in threads that are new. */
void pyperf_stack_want_contexts(void);

/* Whether a context is due at `sp`; never on a stack that is not this thread's own. */
bool pyperf_stack_context_is_due(uintptr_t sp);

struct pyperf_stack_stretch {
    uintptr_t due, first; /* a context is due below `due`, which was `first` at the beginning */
    unsigned loops;       /* how often it may yet go beyond the slack */
};

/* A context is left at `sp`, the next is due farther on.  To be ended when that call returns, with
 * what this returned. */
struct pyperf_stack_stretch pyperf_stack_begin_stretch(uintptr_t sp);
void pyperf_stack_end_stretch(uintptr_t sp, struct pyperf_stack_stretch before);

/* Call it from the constructor, with an address at the top of the main thread's stack. */
void pyperf_stack_init(const void *top);

#endif
