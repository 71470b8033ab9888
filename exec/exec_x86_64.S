/* pyperf-exec's entry point and system calls on x86-64 (System V ABI, "Process Initialization"). */
        .text

/* _Noreturn void _start(void): calls exec_main(initial stack pointer) */
        .globl  _start
        .type   _start, @function
_start:
        .cfi_startproc
        .cfi_undefined rip
        endbr64
        xor     %ebp, %ebp
        mov     %rsp, %rdi
        and     $-16, %rsp
        call    exec_main
        hlt
        .cfi_endproc
        .size   _start, . - _start

/* long exec_system_call(long number, long a, long b, long c) */
        .globl  exec_system_call
        .type   exec_system_call, @function
exec_system_call:
        .cfi_startproc
        endbr64
        mov     %rdi, %rax
        mov     %rsi, %rdi
        mov     %rdx, %rsi
        mov     %rcx, %rdx
        syscall
        ret
        .cfi_endproc
        .size   exec_system_call, . - exec_system_call

        .section .note.GNU-stack, "", @progbits
