/*
 * The trampoline, of which every slot of an image holds a copy.
 *
 *     void *slot(void *a, void *b, void *c, evaluator *next)
 *     {
 *         return next(a, b, c);          // never as a tail call: perf has to find the slot
 *     }                                  // on the stack
 *
 * The arguments stay where the interpreter put them (rdi, rsi, rdx); the fourth, rcx, is what
 * to call.  The stack, growing down, while `next` runs:
 *
 *     | return address into the interpreter   |
 *     | interpreter's rbp                     | <- rbp: the frame record that `perf record -g`
 *     | return address into this slot         |         follows
 *
 * The unwind rules count from rsp alone.  The evaluation loop's epilogue restores rbp while its own
 * rule still looks for it below the stack pointer, where perf copies nothing: if a rule needed rbp,
 * every sample taken there would be lost.
 *
 * The routine is position independent and 16 bytes long, so a page holds 256 of them.
 * processor.h repeats the .cfi directives as bytes for the image.
 */

#define CET_LANDING_PAD endbr64

    .text
    .p2align 4
    .globl  pyperf_trampoline
    .hidden pyperf_trampoline
    .type   pyperf_trampoline, @function
pyperf_trampoline:
    .cfi_startproc
    CET_LANDING_PAD
    pushq   %rbp
    .cfi_def_cfa_offset 16
    .cfi_offset %rbp, -16
    movq    %rsp, %rbp
    callq   *%rcx
    popq    %rbp
    .cfi_restore %rbp
    .cfi_def_cfa_offset 8
    retq
    .p2align 4, 0xcc
    .cfi_endproc
    .size   pyperf_trampoline, . - pyperf_trampoline

/*
 * Leaves a context's id on the stack (pyperf.h, "Contexts").
 *
 *     void *pyperf_context(void *a, void *b, void *c, evaluator *next, slot *slot, uint64_t id)
 *     {
 *         uint64_t left[2] = {id, id};    // at the stack pointer while the slot runs
 *         return slot(a, b, c, next);
 *     }
 *
 * The slot's arguments are where it wants them; r8 is what to call, r9 the id.
 */
    .p2align 4
    .globl  pyperf_context
    .type   pyperf_context, @function
pyperf_context:
    .cfi_startproc
    CET_LANDING_PAD
    pushq   %rbp
    .cfi_def_cfa_offset 16
    .cfi_offset %rbp, -16
    movq    %rsp, %rbp
    pushq   %r9
    .cfi_def_cfa_offset 24
    pushq   %r9
    .cfi_def_cfa_offset 32
    callq   *%r8
    addq    $16, %rsp
    .cfi_def_cfa_offset 16
    popq    %rbp
    .cfi_restore %rbp
    .cfi_def_cfa_offset 8
    retq
    .cfi_endproc
    .size   pyperf_context, . - pyperf_context

/* The property note that lets a process keep IBT and shadow stacks on (x86-64 psABI, 11.2):
   without it in every object the linker drops it from the library. */
    .section .note.gnu.property, "a", @note
    .p2align 3
    .long   4                           /* name size */
    .long   16                          /* descriptor size */
    .long   5                           /* NT_GNU_PROPERTY_TYPE_0 */
    .asciz  "GNU"
    .long   0xc0000002                  /* GNU_PROPERTY_X86_FEATURE_1_AND */
    .long   4
    .long   3                           /* IBT | SHSTK */
    .long   0

    .section .note.GNU-stack, "", @progbits
