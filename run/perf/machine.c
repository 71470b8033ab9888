/* Reads numbers in /proc; where one is missing, takes the kernel's default. */
#include "perf/machine.h"
#include "base/number.h"
#include "base/process.h"

#include <linux/capability.h>
#include <stdio.h>
#include <sys/resource.h>
#include <unistd.h>

long machine_setting(const char *path, long otherwise)
{
    FILE *file = fopen(path, "re");
    char line[64] = "";

    if (!file)
        return otherwise;
    if (!fgets(line, sizeof line, file))
        line[0] = '\0';
    fclose(file);
    return number_at(line, otherwise);
}

bool machine_capable(int bit)
{
    struct process_status status;

    process_status(&status, getpid());
    return status.capabilities >> bit & 1;
}

void machine_read(struct machine *machine)
{
    struct rlimit memlock;

    *machine = (struct machine){
        .cpus = sysconf(_SC_NPROCESSORS_ONLN),
        .memory_kib = sysconf(_SC_PHYS_PAGES) / 1024 * sysconf(_SC_PAGESIZE),
        .locked_kib = machine_setting("/proc/sys/kernel/perf_event_mlock_kb", 516),
        .sample_rate = machine_setting("/proc/sys/kernel/perf_event_max_sample_rate", 100000),
        .paranoid = (int)machine_setting("/proc/sys/kernel/perf_event_paranoid", 2),
        .max_stack = (int)machine_setting("/proc/sys/kernel/perf_event_max_stack", 127),
    };
    machine->unlimited = machine->paranoid < 0 || machine_capable(CAP_IPC_LOCK);
    machine->memlock_kib = -1;
    if (getrlimit(RLIMIT_MEMLOCK, &memlock) == 0 && memlock.rlim_cur != RLIM_INFINITY)
        machine->memlock_kib = (long)(memlock.rlim_cur / 1024);
}
