/* The kernel's limits on perf: ring buffers, sample rate, depth of call chains. */
#ifndef RUN_PERF_MACHINE_H
#define RUN_PERF_MACHINE_H

#include <stdbool.h>

struct machine {
    long cpus;
    long memory_kib;
    long locked_kib;  /* perf_event_mlock_kb: what each user may pin for each CPU */
    long memlock_kib; /* RLIMIT_MEMLOCK, which comes on top of that; -1: no limit */
    bool unlimited;   /* CAP_IPC_LOCK or perf_event_paranoid -1: neither limit applies */
    long sample_rate; /* perf_event_max_sample_rate */
    int paranoid;     /* perf_event_paranoid */
    int max_stack;    /* perf_event_max_stack: entries of a call chain with -g */
};

void machine_read(struct machine *machine);

/* The number in a file such as /proc/sys/kernel/perf_event_paranoid, or `otherwise`. */
long machine_setting(const char *path, long otherwise);

/* Is capability number `bit` in this process's effective set? */
bool machine_capable(int bit);

#endif
