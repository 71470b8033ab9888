set(PYPERF_BRANCH_PROTECTION -mbranch-protection=bti) # signed frames: see processor.h
# Else gcc copies the evaluator's arguments at its start, for the cold path: three instructions.
set(PYPERF_HOT_OPTION -fno-cse-follow-jumps)
# Debian 12's libgcc, crti.o and libc_nonshared.a are without BTI.  The helpers of libgcc for atomic
# operations are not used; pthread_atfork() of libc_nonshared.a has no landing pad, and -fno-plt
# would call it through a register.
set(PYPERF_LINK_OPTIONS -nostartfiles -Wl,-z,force-bti)
add_compile_options($<$<COMPILE_LANGUAGE:C>:-mno-outline-atomics>)
