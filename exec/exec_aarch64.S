/* pyperf-exec's entry point and system calls on aarch64 (AAPCS64). */
        .text

/* _Noreturn void _start(void): calls exec_main(initial stack pointer) */
        .globl  _start
        .type   _start, %function
_start:
        .cfi_startproc
        .cfi_undefined x30
        bti     c
        mov     x29, #0
        mov     x30, #0
        mov     x0, sp
        bl      exec_main
        brk     #1
        .cfi_endproc
        .size   _start, . - _start

/* long exec_system_call(long number, long a, long b, long c) */
        .globl  exec_system_call
        .type   exec_system_call, %function
exec_system_call:
        .cfi_startproc
        bti     c
        mov     x8, x0
        mov     x0, x1
        mov     x1, x2
        mov     x2, x3
        svc     #0
        ret
        .cfi_endproc
        .size   exec_system_call, . - exec_system_call

        .section .note.GNU-stack, "", %progbits
