/* Checks what has to be right on this machine whatever is profiled. */
#include "base/library.h"
#include "doctor/checks.h"
#include "perf/adapt.h"
#include "perf/machine.h"
#include "perf/perftool.h"

#include <pyperf.h>

#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <linux/perf_event.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#ifndef CAP_PERFMON
#define CAP_PERFMON 38 /* Linux 5.8 */
#endif

static void check_perf(struct findings *findings)
{
    static struct perftool perf;

    if (perftool_find(&perf, "perf") != 0) {
        findings_add(findings, VERDICT_BAD, "perf", "install it (Debian: apt install linux-perf)",
                     "no perf in PATH");
        return;
    }
    if (!perf.version[0])
        findings_add(findings, VERDICT_BAD, "perf",
                     "install the perf that belongs to the running kernel",
                     "%s does not report its version", perf.path);
    else
        findings_add(findings, VERDICT_OK, "perf", NULL, "perf %s, %s", perf.version, perf.path);
    if (!perf.unwinds)
        findings_add(findings, VERDICT_NOTE, "unwinder",
                     "use a perf built with libunwind or libdw, or a Python with frame pointers",
                     "this perf cannot unwind copied stacks");
    if (!perf.compresses)
        findings_add(findings, VERDICT_NOTE, "compression",
                     "lower -F, or use a perf built with zstd",
                     "this perf cannot compress: recordings are large and may lose samples");
}

static int try_event(unsigned type, unsigned long long config)
{
    struct perf_event_attr attributes = {.type = type,
                                         .size = sizeof attributes,
                                         .config = config,
                                         .exclude_kernel = 1,
                                         .exclude_hv = 1,
                                         .disabled = 1};
    long fd = syscall(SYS_perf_event_open, &attributes, 0, -1, -1, PERF_FLAG_FD_CLOEXEC);

    if (fd < 0)
        return -errno;
    close((int)fd);
    return 0;
}

static void check_events(struct findings *findings, const struct machine *machine)
{
    int rc = try_event(PERF_TYPE_SOFTWARE, PERF_COUNT_SW_CPU_CLOCK);

    if (rc)
        findings_add(findings, VERDICT_BAD, "events",
                     rc == -ENOSYS ? "use a kernel with CONFIG_PERF_EVENTS"
                                   : "sysctl kernel.perf_event_paranoid=2, run as root, or allow "
                                     "perf_event_open in this container",
                     "perf_event_open: %s (perf_event_paranoid is %d)", strerror(-rc),
                     machine->paranoid);
    else
        findings_add(findings, VERDICT_OK, "events", NULL,
                     "may be opened (perf_event_paranoid is %d)", machine->paranoid);
    if (!rc && try_event(PERF_TYPE_HARDWARE, PERF_COUNT_HW_CPU_CYCLES) != 0)
        findings_add(findings, VERDICT_NOTE, "hardware",
                     "perf falls back to cpu-clock; if it does not, add -e cpu-clock",
                     "no hardware counters, as in most virtual machines");
    if (machine->paranoid > 1 && geteuid() != 0 && !machine_capable(CAP_PERFMON))
        findings_add(findings, VERDICT_NOTE, "kernel frames",
                     "sysctl kernel.perf_event_paranoid=1 to see them",
                     "not for this user: perf_event_paranoid is %d", machine->paranoid);
}

static void check_limits(struct findings *findings, const struct machine *machine)
{
    bool starved;
    long ring = adapt_ring_kib(4000, ADAPT_STACK_BYTES, machine, &starved);

    findings_add(findings, machine->max_stack < 512 ? VERDICT_NOTE : VERDICT_OK, "call chains",
                 "sysctl kernel.perf_event_max_stack=1024, for deep stacks with frame pointers",
                 "-g keeps %d entries (perf_event_max_stack)", machine->max_stack);
    if (starved)
        findings_add(findings, VERDICT_NOTE, "ring buffer",
                     "raise kernel.perf_event_mlock_kb or `ulimit -l`, or lower -F",
                     "%ld KiB for each CPU may lose samples at 4,000 Hz", ring);
}

/* Only trying it tells: noexec, read-only, full and forbidden folders all fail. */
static bool takes_images(const char *place)
{
    char path[PATH_MAX];
    void *mapped = MAP_FAILED;
    int fd;

    if (snprintf(path, sizeof path, "%s/pyperf-doctor-XXXXXX", place) >= (int)sizeof path)
        return false;
    fd = mkostemp(path, O_CLOEXEC);
    if (fd < 0)
        return false;
    if (ftruncate(fd, 4096) == 0)
        mapped = mmap(NULL, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE, fd, 0);
    if (mapped != MAP_FAILED)
        munmap(mapped, 4096);
    unlink(path);
    close(fd);
    return mapped != MAP_FAILED;
}

/* The folder that the library would choose: see PYPERF_ENV_DIR in pyperf.h. */
static void check_folders(struct findings *findings)
{
    const char *own = getenv(PYPERF_ENV_DIR), *runtime = getenv("XDG_RUNTIME_DIR");
    const char *const places[] = PYPERF_DIRECTORIES(runtime ? runtime : "/tmp");

    for (size_t i = 0; i < sizeof places / sizeof *places; i++) {
        const char *place = own ? own : places[i];
        if (takes_images(place)) {
            findings_add(findings, VERDICT_OK, "image folder", NULL, "%s", place);
            return;
        }
        if (own)
            break;
    }
    findings_add(findings, VERDICT_BAD, "image folder",
                 "set " PYPERF_ENV_DIR " to a writable folder on a file system without noexec",
                 "%s: no writable folder from which a file can be executed",
                 own ? own : PYPERF_DIRECTORIES_TEXT);
}

void check_machine(struct findings *findings)
{
    char library[PATH_MAX];
    struct machine machine;
    const char *off = getenv(PYPERF_ENV_SWITCH);

    machine_read(&machine);
    check_perf(findings);
    check_events(findings, &machine);
    check_limits(findings, &machine);
    check_folders(findings);
    if (library_find(library) == 0)
        findings_add(findings, VERDICT_OK, "library", NULL, "%s", library);
    else
        findings_add(findings, VERDICT_BAD, "library", "build or install libpyperf",
                     "no libpyperf.so beside pyperf-run");
    if (off && strcmp(off, "off") == 0)
        findings_add(findings, VERDICT_BAD, "switch", "unset " PYPERF_ENV_SWITCH,
                     PYPERF_ENV_SWITCH "=off is in the environment");
}
