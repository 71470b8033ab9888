/* Where a thread's stack ends, and when the evaluator has to care. */
#include "stack.h"

#include <pthread.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>

#include "support.h"

enum { KIB = 1024, SEGMENT = 64 * KIB /* stack.c */ };

struct bounds {
    uintptr_t low, high;
};

/* Runs `body` in a thread whose stack is `stack`. */
static void run_on(struct bounds stack, void *(*body)(void *))
{
    pthread_attr_t attributes;
    pthread_t thread;
    pthread_attr_init(&attributes);
    ck_assert_int_eq(pthread_attr_setstack(&attributes, (void *)stack.low, stack.high - stack.low),
                     0);
    ck_assert_int_eq(pthread_create(&thread, &attributes, body, &stack), 0);
    ck_assert_int_eq(pthread_join(thread, NULL), 0);
    pthread_attr_destroy(&attributes);
}

static struct bounds make_stack(size_t size)
{
    void *memory =
        mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_STACK, -1, 0);
    ck_assert_ptr_ne(memory, MAP_FAILED);
    return (struct bounds){(uintptr_t)memory, (uintptr_t)memory + size};
}

static uintptr_t here(void)
{
    return (uintptr_t)__builtin_frame_address(0);
}

enum { USUAL = 1000, RAISED = 200000 }; /* recursion limits */

/* Where one part in `parts` of the stack is used up. */
static uintptr_t used(const struct bounds *stack, size_t parts)
{
    return stack->high - (stack->high - stack->low) / parts;
}

static void *check_quarter(void *argument)
{
    const struct bounds *stack = argument;
    uintptr_t quarter = used(stack, 4), twelfth = used(stack, 12);
    ck_assert_uint_eq(pyperf_stack_limit, UINTPTR_MAX); /* the first call asks */
    ck_assert_int_eq(pyperf_stack_check(here(), false, USUAL), PYPERF_STACK_FINE);
    ck_assert_uint_eq(pyperf_stack_limit, twelfth); /* the program may have raised its limit */
    ck_assert_int_eq(pyperf_stack_check(twelfth - 16, false, USUAL), PYPERF_STACK_FINE);
    ck_assert_uint_eq(pyperf_stack_limit, quarter);
    ck_assert_int_eq(pyperf_stack_check(quarter, false, USUAL), PYPERF_STACK_FINE);
    ck_assert_int_eq(pyperf_stack_check(quarter - 16, false, USUAL), PYPERF_STACK_LOW);
    return NULL;
}

START_TEST(a_threads_stack_is_low_from_a_quarter_on)
{
    run_on(make_stack(1024 * KIB), check_quarter);
    run_on(make_stack(8192 * KIB), check_quarter);
}
END_TEST

static void *check_raised(void *argument)
{
    const struct bounds *stack = argument;
    uintptr_t twelfth = used(stack, 12);
    pyperf_stack_check(here(), false, USUAL);
    ck_assert_int_eq(pyperf_stack_check(twelfth - 16, false, RAISED), PYPERF_STACK_LOW);
    /* 2,000 calls take a MiB. */
    bool fits = stack->high - stack->low >= 4096 * KIB;
    ck_assert_int_eq(pyperf_stack_check(twelfth - 16, false, 2000),
                     fits ? PYPERF_STACK_FINE : PYPERF_STACK_LOW);
    return NULL;
}

START_TEST(a_raised_recursion_limit_leaves_more)
{
    run_on(make_stack(1024 * KIB), check_raised);
    run_on(make_stack(8192 * KIB), check_raised);
}
END_TEST

static void *check_share(void *argument)
{
    const struct bounds *stack = argument;
    pyperf_stack_check(here(), true, USUAL);
    ck_assert_uint_eq(pyperf_stack_share(1500, stack->high), 1500);
    ck_assert_uint_eq(pyperf_stack_share(1500, used(stack, 4)), 1125);
    ck_assert_uint_eq(pyperf_stack_share(1500, stack->low), 0);
    return NULL;
}

START_TEST(a_share_goes_by_the_stack_that_is_left)
{
    run_on(make_stack(1024 * KIB), check_share);
}
END_TEST

static void *check_reserve(void *argument)
{
    const struct bounds *stack = argument;
    uintptr_t kept = stack->low + 64 * KIB;
    pyperf_stack_check(here(), false, USUAL);
    ck_assert_int_eq(pyperf_stack_check(kept, false, USUAL), PYPERF_STACK_FINE);
    ck_assert_uint_eq(pyperf_stack_limit, kept);
    return NULL;
}

START_TEST(a_small_stack_keeps_a_reserve)
{
    if (sysconf(_SC_THREAD_STACK_MIN) <= 80 * KIB) /* not on aarch64, where no stack is small */
        run_on(make_stack(80 * KIB), check_reserve);
}
END_TEST

static void *check_larger_reserve(void *argument)
{
    const struct bounds *stack = argument;
    ck_assert(pyperf_stack_is_new());
    uintptr_t kept = stack->low + 192 * KIB;
    pyperf_stack_reserve(192 * KIB);
    pyperf_stack_check(here(), false, USUAL);
    ck_assert(!pyperf_stack_is_new());
    ck_assert_int_eq(pyperf_stack_check(kept, false, USUAL), PYPERF_STACK_FINE);
    ck_assert_uint_eq(pyperf_stack_limit, kept);
    return NULL;
}

START_TEST(a_thread_may_need_a_larger_reserve)
{
    run_on(make_stack(224 * KIB), check_larger_reserve);
    run_on(make_stack(256 * KIB), check_quarter); /* others keep the usual one */
}
END_TEST

static void *check_segments(void *argument)
{
    const struct bounds *stack = argument;
    uintptr_t sp = stack->high - 5 * SEGMENT / 2;
    uintptr_t segment = sp & ~(uintptr_t)(SEGMENT - 1);
    ck_assert_int_eq(pyperf_stack_check(here(), true, USUAL), PYPERF_STACK_FINE);
    ck_assert_int_eq(pyperf_stack_check(sp, true, USUAL), PYPERF_STACK_SEGMENT);
    ck_assert_uint_eq(pyperf_stack_limit, segment);
    ck_assert_int_eq(pyperf_stack_check(segment - 16, true, USUAL), PYPERF_STACK_SEGMENT);
    ck_assert_uint_eq(pyperf_stack_limit, segment - SEGMENT);
    pyperf_stack_leave_segment(segment - 16);
    ck_assert_uint_eq(pyperf_stack_limit, segment);
    uintptr_t quarter = used(stack, 4);
    ck_assert_int_eq(pyperf_stack_check(quarter + 16, true, USUAL), PYPERF_STACK_SEGMENT);
    ck_assert_uint_ge(pyperf_stack_limit, quarter);
    ck_assert_int_eq(pyperf_stack_check(quarter - 16, true, USUAL), PYPERF_STACK_LOW);
    return NULL;
}

START_TEST(each_segment_is_told_once)
{
    run_on(make_stack(4096 * KIB), check_segments);
}
END_TEST

static void *check_elsewhere(void *argument)
{
    const struct bounds *stack = argument;
    static char greenlet[256 * KIB];
    pyperf_stack_check(here(), true, USUAL);
    uintptr_t limit = pyperf_stack_limit;
    ck_assert_int_eq(pyperf_stack_check((uintptr_t)greenlet + 64, true, USUAL), PYPERF_STACK_FINE);
    ck_assert_int_eq(pyperf_stack_check(stack->low - 64, true, USUAL), PYPERF_STACK_FINE);
    ck_assert_uint_eq(pyperf_stack_limit, limit);
    return NULL;
}

START_TEST(a_stack_pointer_elsewhere_is_left_alone)
{
    run_on(make_stack(1024 * KIB), check_elsewhere);
}
END_TEST

START_TEST(the_main_threads_stack_is_what_the_limit_says)
{
    struct rlimit limit = {8192 * KIB, RLIM_INFINITY};
    ck_assert_int_eq(setrlimit(RLIMIT_STACK, &limit), 0);
    uintptr_t top = (uintptr_t)environ;
    pyperf_stack_init(environ);
    ck_assert_int_eq(pyperf_stack_check(here(), false, USUAL), PYPERF_STACK_FINE);
    ck_assert_int_eq(pyperf_stack_check(top - 2047 * KIB, false, USUAL), PYPERF_STACK_FINE);
    ck_assert_uint_eq(pyperf_stack_limit, top - 2048 * KIB);
    ck_assert_int_eq(pyperf_stack_check(top - 2049 * KIB, false, USUAL), PYPERF_STACK_LOW);
}
END_TEST

START_TEST(an_unlimited_main_stack_is_deep)
{
    struct rlimit limit = {RLIM_INFINITY, RLIM_INFINITY};
    ck_assert_int_eq(setrlimit(RLIMIT_STACK, &limit), 0);
    uintptr_t top = (uintptr_t)environ;
    pyperf_stack_init(environ);
    ck_assert_int_eq(pyperf_stack_check(top - 16384 * KIB, false, USUAL), PYPERF_STACK_FINE);
    ck_assert_int_eq(pyperf_stack_check(top - 65536UL * KIB + 64, false, USUAL), PYPERF_STACK_LOW);
}
END_TEST

static void *check_contexts(void *argument)
{
    const struct bounds *stack = argument;
    uintptr_t first = stack->high - PYPERF_STRETCH_FIRST;
    pyperf_stack_check(here(), false, USUAL);
    ck_assert_uint_eq(pyperf_stack_limit, first);
    ck_assert(!pyperf_stack_context_is_due(first));
    ck_assert(pyperf_stack_context_is_due(first - 16));
    ck_assert(!pyperf_stack_is_unchecked(first - 16));
    struct pyperf_stack_stretch outer = pyperf_stack_begin_stretch(first - 16);
    ck_assert_uint_eq(pyperf_stack_limit, first - 16 - PYPERF_STRETCH);
    uintptr_t next = first - 16 - PYPERF_STRETCH;
    struct pyperf_stack_stretch inner = pyperf_stack_begin_stretch(next - 500);
    pyperf_stack_end_stretch(next - 500, inner);
    /* Another call of the same depth leaves none. */
    ck_assert_uint_eq(pyperf_stack_limit, next - PYPERF_SLACK);
    pyperf_stack_end_stretch(first - 16, outer);
    ck_assert_uint_eq(pyperf_stack_limit, first - PYPERF_SLACK);
    return NULL;
}

/* A call at `sp` that takes a context and returns. */
static void call_at(uintptr_t sp)
{
    ck_assert(pyperf_stack_context_is_due(sp));
    pyperf_stack_end_stretch(sp, pyperf_stack_begin_stretch(sp));
}

static void *check_slack(void *argument)
{
    const struct bounds *stack = argument;
    uintptr_t first = stack->high - PYPERF_STRETCH_FIRST;
    pyperf_stack_check(here(), false, USUAL);
    call_at(first - 512);
    ck_assert_uint_eq(pyperf_stack_limit, first - PYPERF_SLACK);
    call_at(first - PYPERF_SLACK - 512);
    ck_assert_uint_eq(pyperf_stack_limit, first);
    call_at(first - PYPERF_CALL);
    ck_assert_uint_eq(pyperf_stack_limit, first - PYPERF_SLACK);
    return NULL;
}

START_TEST(contexts_are_due_farther_out_again_beyond_the_slack)
{
    pyperf_stack_want_contexts();
    run_on(make_stack(1024 * KIB), check_slack);
}
END_TEST

/* As a loop does, each of whose calls makes further ones: each at its own depth, one by one. */
static unsigned contexts_of_loop(uintptr_t outermost, unsigned calls)
{
    unsigned taken = 0;
    for (unsigned round = 0; round < 100; round++) {
        uintptr_t sp = outermost;
        for (unsigned i = 0; i < calls && !pyperf_stack_context_is_due(sp); i++)
            sp -= 512;
        if (sp > outermost - calls * 512) { /* what this one calls is in its stretch */
            call_at(sp);
            taken++;
        }
    }
    return taken;
}

static void *check_loop(void *argument)
{
    const struct bounds *stack = argument;
    uintptr_t first = stack->high - PYPERF_STRETCH_FIRST;
    pyperf_stack_check(here(), false, USUAL);
    call_at(first - 512);
    /* It came when none was due down to the slack; its calls are beyond. */
    ck_assert_uint_le(contexts_of_loop(first - PYPERF_SLACK - 512, 1), 2);
    ck_assert_uint_le(contexts_of_loop(first - PYPERF_SLACK - 1024, 3), 2 + 3);
    /* All that loops may have. */
    ck_assert_uint_eq(contexts_of_loop(first - PYPERF_SLACK_LOOPS - 512, 1), 100);
    ck_assert_uint_eq(pyperf_stack_limit, first);
    return NULL;
}

START_TEST(a_loop_at_any_depth_soon_takes_no_more_contexts)
{
    pyperf_stack_want_contexts();
    run_on(make_stack(1024 * KIB), check_loop);
}
END_TEST

static void *check_contexts_below(void *argument)
{
    const struct bounds *stack = argument;
    uintptr_t quarter = used(stack, 4);
    pyperf_stack_check(here(), true, USUAL);
    pyperf_stack_begin_stretch(quarter + 64);
    pyperf_stack_check(quarter + 32, true, USUAL);
    ck_assert_uint_ge(pyperf_stack_limit, quarter);
    ck_assert(pyperf_stack_is_unchecked(quarter - 16));
    ck_assert(!pyperf_stack_context_is_due(stack->low - 64)); /* another's stack */
    return NULL;
}

START_TEST(contexts_are_a_stretch_apart)
{
    pyperf_stack_want_contexts();
    run_on(make_stack(1024 * KIB), check_contexts);
}
END_TEST

START_TEST(contexts_do_not_put_off_what_else_is_due)
{
    pyperf_stack_want_contexts();
    run_on(make_stack(1024 * KIB), check_contexts_below);
}
END_TEST

/* resource.setrlimit(RLIMIT_STACK, 1 GiB) and then threads: their stacks may lie within 1 GiB of
 * the main thread's top. */
START_TEST(a_raised_limit_does_not_make_a_threads_stack_the_main_ones)
{
    struct rlimit limit = {1UL << 30, RLIM_INFINITY};
    ck_assert_int_eq(setrlimit(RLIMIT_STACK, &limit), 0);
    struct bounds stack = make_stack(1024 * KIB);
    /* As if the main stack began 512 MiB above this thread's. */
    pyperf_stack_init((void *)(stack.high + (512UL << 20)));
    run_on(stack, check_quarter);
}
END_TEST

SUPPORT_MAIN(a_threads_stack_is_low_from_a_quarter_on, a_raised_recursion_limit_leaves_more,
             a_share_goes_by_the_stack_that_is_left, a_small_stack_keeps_a_reserve,
             a_thread_may_need_a_larger_reserve, each_segment_is_told_once,
             a_stack_pointer_elsewhere_is_left_alone, the_main_threads_stack_is_what_the_limit_says,
             an_unlimited_main_stack_is_deep, contexts_are_a_stretch_apart,
             contexts_are_due_farther_out_again_beyond_the_slack,
             a_loop_at_any_depth_soon_takes_no_more_contexts,
             contexts_do_not_put_off_what_else_is_due,
             a_raised_limit_does_not_make_a_threads_stack_the_main_ones)
