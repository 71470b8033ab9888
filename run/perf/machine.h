/* The kernel's limits that decide how large perf's ring buffers may be. */
#ifndef RUN_PERF_MACHINE_H
#define RUN_PERF_MACHINE_H

#include <stdbool.h>

struct machine {
    long cpus;
    long memory_kib;
    long locked_kib;  /* perf_event_mlock_kb: for each CPU and user */
    long memlock_kib; /* RLIMIT_MEMLOCK on top of it; -1: no limit */
    bool unlimited;   /* CAP_IPC_LOCK, or perf_event_paranoid -1: neither limit counts */
    long sample_rate; /* perf_event_max_sample_rate */
    int paranoid;     /* perf_event_paranoid */
    int max_stack;    /* perf_event_max_stack: call chain entries of -g */
};

void machine_read(struct machine *machine);

/* The number in a file such as /proc/sys/kernel/perf_event_paranoid, or `otherwise`. */
long machine_setting(const char *path, long otherwise);

/* Does this process hold capability number `bit` in its effective set? */
bool machine_capable(int bit);

#endif
