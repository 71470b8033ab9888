/*
 * The trampoline, of which every slot of an image holds a copy.
 *
 *     void *slot(void *a, void *b, void *c, evaluator *next)
 *     {
 *         return next(a, b, c);          // never as a tail call: perf has to find the slot
 *     }                                  // on the stack
 *
 * The arguments stay where the interpreter put them (x0, x1, x2); the fourth, x3, is what to
 * call.  x29 points to the frame record {x29, x30} that `perf record -g` follows.  The return
 * address is signed; paciasp is also the BTI landing pad for a call and for the `br x16`/`br x17`
 * that compilers use for tail calls (Arm ARM D8.4.5).  For an interpreter that does not sign,
 * processor.h puts `bti c` and `ret` in their places.  Position independent, 32 bytes.  processor.h repeats
 * the .cfi directives as bytes for the image.
 */

/* HINT space: no-ops on processors without BTI or pointer authentication. */
#define SIGN_RETURN_ADDRESS         hint 25     /* paciasp */
#define AUTHENTICATE_RETURN_ADDRESS hint 29     /* autiasp */

    .text
    .p2align 5
    .globl  pyperf_trampoline
    .hidden pyperf_trampoline
    .type   pyperf_trampoline, %function
pyperf_trampoline:
    .cfi_startproc
    SIGN_RETURN_ADDRESS
    .cfi_negate_ra_state
    .cfi_remember_state                 /* shorter than to restore each: an FDE in 32 bytes */
    stp     x29, x30, [sp, #-16]!
    .cfi_def_cfa_offset 16
    .cfi_offset x29, -16
    .cfi_offset x30, -8
    mov     x29, sp
    blr     x3
    ldp     x29, x30, [sp], #16
    .cfi_restore_state
    AUTHENTICATE_RETURN_ADDRESS
    .cfi_negate_ra_state
    ret
    .p2align 5
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
 * The slot's arguments are where it wants them; x4 is what to call, x5 the id.  Not signed: perf of
 * Debian 12 could not unwind through it (processor.h), and the callers in this library are not.
 */
#define BTI_LANDING_PAD hint 34             /* bti c */

    .p2align 4
    .globl  pyperf_context
    .type   pyperf_context, %function
pyperf_context:
    .cfi_startproc
    BTI_LANDING_PAD
    stp     x29, x30, [sp, #-16]!
    .cfi_def_cfa_offset 16
    .cfi_offset x29, -16
    .cfi_offset x30, -8
    mov     x29, sp
    stp     x5, x5, [sp, #-16]!
    .cfi_def_cfa_offset 32
    blr     x4
    add     sp, sp, #16
    .cfi_def_cfa_offset 16
    ldp     x29, x30, [sp], #16
    .cfi_restore x30
    .cfi_restore x29
    .cfi_def_cfa_offset 0
    ret
    .cfi_endproc
    .size   pyperf_context, . - pyperf_context

/* The property note that lets the loader keep BTI on (ELF for the Arm 64-bit Architecture, 5.2):
   without it in every object the linker drops it from the library. */
    .section .note.gnu.property, "a", %note
    .p2align 3
    .long   4                           /* name size */
    .long   16                          /* descriptor size */
    .long   5                           /* NT_GNU_PROPERTY_TYPE_0 */
    .asciz  "GNU"
    .long   0xc0000000                  /* GNU_PROPERTY_AARCH64_FEATURE_1_AND */
    .long   4
    .long   3                           /* BTI | PAC */
    .long   0

    .section .note.GNU-stack, "", %progbits
