set(PYPERF_BRANCH_PROTECTION -fcf-protection=full)
# Debian's crti.o and libc_nonshared.a carry no CET property and would cost the library its own, so
# the one is left out and the other outvoted: of it, pthread_atfork() is called directly.
set(PYPERF_LINK_OPTIONS -nostartfiles -Wl,-z,ibt -Wl,-z,shstk)
set(PYPERF_CALLS -fno-plt)
