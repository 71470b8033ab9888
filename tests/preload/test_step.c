/*
 * Unwinding at every single instruction of a slot, and of what leaves a context on the stack, as it
 * is while a sample is taken.
 *
 * A child calls a function through a slot, and this process steps it.  At each instruction inside
 * the routine two unwinders tell what they make of it: libdw, which reads the image's file from
 * outside as perf 7 does, and libgcc's, which runs in the child, in a signal handler, and finds
 * the image through the interposed look-ups of unwind.c.  What is right is known when the slot
 * has returned: where to, and with which stack and frame pointer.
 */
#include <elfutils/libdwfl.h>
#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>
#include <unwind.h>

#include "arch.h"
#include "image.h"
#include "machine.h"
#include "pyperf.h"
#include "support.h"
#include "trampoline.h"
#include "unwind.h"

enum { MAX_INSIDE = 16, MAX_STEPS = 200000 };

struct caller {
    uintptr_t pc, sp, fp;
};

enum { CONTEXT = 0x123456 };

static struct pyperf_image image;
static pyperf_slot_fn slot;
static struct caller *seen_inside; /* by the child's own unwinder; shared with it */

/* What is stepped through. */
static struct {
    uintptr_t start, size;
} routine;

static bool in_routine(uintptr_t address)
{
    return address - routine.start < routine.size;
}

/* -- The child ------------------------------------------------------------------------------ */

static void *leaf(void *a, void *b, void *c)
{
    (void)b, (void)c;
    return a;
}

static bool routine_was_last;

static _Unwind_Reason_Code note_caller(struct _Unwind_Context *context, void *unused)
{
    (void)unused;
    uintptr_t pc = _Unwind_GetIP(context);
    if (routine_was_last) {
        *seen_inside = (struct caller){.pc = pc, .sp = _Unwind_GetCFA(context)};
        return _URC_END_OF_STACK;
    }
    routine_was_last = in_routine(pc);
    return _URC_NO_REASON;
}

static void unwind_here(int number)
{
    (void)number;
    routine_was_last = false;
    _Unwind_Backtrace(note_caller, NULL);
    raise(SIGSTOP);
}

static void be_stepped(void)
{
    sigaction(SIGUSR1, &(struct sigaction){.sa_handler = unwind_here}, NULL);
    _Unwind_Backtrace(note_caller, NULL); /* loads what it needs */
    if (ptrace(PTRACE_TRACEME, 0, NULL, NULL) != 0)
        _exit(errno);
    raise(SIGSTOP);
    pyperf_context(NULL, NULL, NULL, leaf, slot, CONTEXT);
    raise(SIGSTOP);
    _exit(0);
}

/* -- Outside -------------------------------------------------------------------------------- */

static void wait_for_stop(pid_t child, int expected)
{
    int status;
    ck_assert_int_eq(waitpid(child, &status, 0), child);
    ck_assert_msg(WIFSTOPPED(status) && WSTOPSIG(status) == expected, "status %#x", status);
}

static struct caller registers_of(pid_t child)
{
    struct user_regs_struct registers;
    struct iovec part = {&registers, sizeof registers};
    ck_assert_int_eq(ptrace(PTRACE_GETREGSET, child, (void *)NT_PRSTATUS, &part), 0);
    return (struct caller){machine_pc(&registers), machine_sp(&registers), machine_fp(&registers)};
}

static struct caller step(pid_t child)
{
    ck_assert_int_eq(ptrace(PTRACE_SINGLESTEP, child, NULL, NULL), 0);
    wait_for_stop(child, SIGTRAP);
    return registers_of(child);
}

static struct caller step_into_routine(pid_t child)
{
    for (int i = 0; i < MAX_STEPS; i++) {
        struct caller now = step(child);
        if (in_routine(now.pc))
            return now;
    }
    ck_abort_msg("the child does not come to the routine");
}

struct frames {
    unsigned count;
    struct caller caller;
};

static int note_frame(Dwfl_Frame *state, void *data)
{
    struct frames *frames = data;
    if (frames->count++ == 0)
        return DWARF_CB_OK;
    Dwarf_Addr pc = 0;
    Dwarf_Word sp = 0, fp = 0;
    bool known = dwfl_frame_pc(state, &pc, NULL) &&
                 dwfl_frame_reg(state, DWARF_STACK_POINTER, &sp) == 0 &&
                 dwfl_frame_reg(state, DWARF_FRAME_POINTER, &fp) == 0;
    if (known)
        frames->caller = (struct caller){pc, sp, fp};
    return DWARF_CB_ABORT;
}

static struct caller unwind_from_outside(pid_t child)
{
    static const Dwfl_Callbacks callbacks = {
        .find_elf = dwfl_linux_proc_find_elf,
        .find_debuginfo = dwfl_standard_find_debuginfo,
    };
    Dwfl *dwfl = dwfl_begin(&callbacks);
    ck_assert_int_eq(dwfl_linux_proc_report(dwfl, child), 0);
    ck_assert_int_eq(dwfl_report_end(dwfl, NULL, NULL), 0);
    ck_assert_int_eq(dwfl_linux_proc_attach(dwfl, child, true), 0);
    struct frames frames = {0};
    dwfl_getthread_frames(dwfl, child, note_frame, &frames);
    ck_assert_msg(frames.caller.pc != 0, "libdw: %s", dwfl_errmsg(-1));
    dwfl_end(dwfl);
    return frames.caller;
}

static struct caller unwind_from_inside(pid_t child)
{
    *seen_inside = (struct caller){0};
    ck_assert_int_eq(ptrace(PTRACE_CONT, child, NULL, (void *)SIGUSR1), 0);
    wait_for_stop(child, SIGSTOP);
    return *seen_inside;
}

static pid_t start_child(void)
{
    ck_assert_int_eq(pyperf_image_create(&image, support_directory(), 0, 8, 0, PYPERF_IMAGE_MODE),
                     0);
    /* Neither the first nor the last. */
    for (int i = 0; i < 4; i++)
        slot = (pyperf_slot_fn)pyperf_image_add(&image, "py::f:m", 7, NULL);
    pyperf_unwind_add(&image);
    if (routine.start == 0)
        routine.start = (uintptr_t)slot;
    seen_inside =
        mmap(NULL, sizeof *seen_inside, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    pid_t child = fork();
    ck_assert_int_ge(child, 0);
    if (child == 0)
        be_stepped();
    int status;
    ck_assert_int_eq(waitpid(child, &status, 0), child);
    if (WIFEXITED(status))
        support_skip("ptrace is not allowed here: %s", strerror(WEXITSTATUS(status)));
    return child;
}

/* Steps the child through the routine; `unwind` is asked at each instruction.  What it said, and in
 * `truth` what the slot really returned to. */
static unsigned step_through_routine(struct caller (*unwind)(pid_t), struct caller said[MAX_INSIDE],
                                     struct caller *truth)
{
    pid_t child = start_child();
    unsigned count = 0;
    struct caller now = step_into_routine(child);
    ck_assert_uint_eq(now.pc, routine.start);
    uintptr_t entry_sp = now.sp;
    while (now.sp < entry_sp || in_routine(now.pc)) {
        ck_assert_uint_lt(count, MAX_INSIDE);
        said[count++] = unwind(child);
        /* The handler of unwind_from_inside() first returns to where it interrupted. */
        if (registers_of(child).pc != now.pc)
            ck_assert_uint_eq(step_into_routine(child).pc, now.pc);
        now = step(child);
        if (!in_routine(now.pc) && now.sp < entry_sp) /* in what it calls */
            now = step_into_routine(child);
    }
    *truth = now;
    kill(child, SIGKILL);
    waitpid(child, NULL, 0);
    return count;
}

static void check_libdw(unsigned instructions)
{
    struct caller said[MAX_INSIDE], truth = {0};
    ck_assert_uint_eq(step_through_routine(unwind_from_outside, said, &truth), instructions);
    for (unsigned i = 0; i < instructions; i++) {
        ck_assert_uint_eq(said[i].pc, truth.pc);
        ck_assert_uint_eq(said[i].sp, truth.sp);
        ck_assert_uint_eq(said[i].fp, truth.fp);
    }
}

static void check_libgcc(unsigned instructions)
{
    struct caller said[MAX_INSIDE], truth = {0};
    ck_assert_uint_eq(step_through_routine(unwind_from_inside, said, &truth), instructions);
    for (unsigned i = 0; i < instructions; i++) {
        ck_assert_uint_eq(said[i].pc, truth.pc);
        ck_assert_uint_eq(said[i].sp, truth.sp);
    }
}

static void choose_slot(void)
{
    routine.size = PYPERF_ARCH_SLOT_SIZE;
}

/* As long as its instructions are, padding apart. */
static void choose_context(void)
{
    routine.start = (uintptr_t)pyperf_context;
    routine.size = CONTEXT_BYTES;
}

START_TEST(libdw_is_right_at_every_instruction)
{
    choose_slot();
    check_libdw(SLOT_INSTRUCTIONS);
}
END_TEST

START_TEST(libgcc_is_right_at_every_instruction)
{
    choose_slot();
    check_libgcc(SLOT_INSTRUCTIONS);
}
END_TEST

START_TEST(libdw_is_right_where_a_context_is_left)
{
    choose_context();
    check_libdw(CONTEXT_INSTRUCTIONS);
}
END_TEST

START_TEST(libgcc_is_right_where_a_context_is_left)
{
    choose_context();
    check_libgcc(CONTEXT_INSTRUCTIONS);
}
END_TEST

/* The two words where a reader looks for them: at the stack pointer of the routine's call, which is
 * 32 bytes below its CFA. */
static void *read_context(void *a, void *b, void *c, pyperf_evaluator_fn next)
{
    (void)b, (void)c, (void)next;
    const uint64_t *words = __builtin_dwarf_cfa();
    ck_assert_uint_eq(words[0], CONTEXT);
    ck_assert_uint_eq(words[1], CONTEXT);
    return a;
}

START_TEST(the_id_is_at_the_stack_pointer_of_the_call)
{
    int mark;
    ck_assert_ptr_eq(pyperf_context(&mark, NULL, NULL, NULL, read_context, CONTEXT), &mark);
}
END_TEST

SUPPORT_MAIN(libdw_is_right_at_every_instruction, libgcc_is_right_at_every_instruction,
             libdw_is_right_where_a_context_is_left, libgcc_is_right_where_a_context_is_left,
             the_id_is_at_the_stack_pointer_of_the_call)
