/* Looks for profilers in /proc; see profiler.h. */
#include "profiler.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "directory.h"

enum { ANCESTORS = 64 }; /* more than any tree has that was seen */

/* What /proc says of a process, as far as it goes: "comm" is its name, which costs a third of
 * "stat", "PID (NAME) STATE PARENT ..."; proc(5). */
static int read_process(int proc, const char *pid, const char *what, char *text, size_t size)
{
    char path[64]; /* not by snprintf(): there may be hundreds of processes */
    if (strlen(pid) + strlen(what) + 2 > sizeof path)
        return -ENAMETOOLONG;
    stpcpy(stpcpy(stpcpy(path, pid), "/"), what);
    int fd = openat(proc, path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return -errno;
    ssize_t length = read(fd, text, size - 1);
    int status = length < 0 ? -errno : 0;
    close(fd);
    text[length > 0 ? length : 0] = '\0';
    return status;
}

static bool is_profiler(const char *name)
{
    static const char *const names[] = {"perf", "samply"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        if (strncmp(name, names[i], strlen(names[i])) == 0)
            return true;
    return false;
}

static bool is_ancestor(int proc)
{
    char pid[24], stat[256];
    long parent = getppid();
    for (int i = 0; i < ANCESTORS && parent > 1; i++) {
        snprintf(pid, sizeof pid, "%ld", parent);
        if (read_process(proc, pid, "stat", stat, sizeof stat) != 0)
            return false;
        const char *name = strchr(stat, '(');
        if (name != NULL && is_profiler(name + 1))
            return true;
        const char *end = strrchr(stat, ')'); /* a name may hold parentheses */
        parent = end != NULL && strlen(end) > 4 ? strtol(end + 4, NULL, 10) : 0;
    }
    return false;
}

bool pyperf_profiler_is_ancestor(void)
{
    int proc = open("/proc", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (proc < 0)
        return false;
    bool found = is_ancestor(proc);
    close(proc);
    return found;
}

struct search {
    int proc;
    unsigned left; /* processes to look at */
};

static int look_at(const char *name, void *data)
{
    struct search *search = data;
    char comm[32];
    if (name[0] < '0' || name[0] > '9')
        return PYPERF_NO;
    if (search->left-- == 0)
        return PYPERF_UNKNOWN;
    int status = read_process(search->proc, name, "comm", comm, sizeof comm);
    if (status == -ENOENT || status == -ESRCH) /* gone meanwhile */
        return PYPERF_NO;
    return status != 0 || is_profiler(comm) ? PYPERF_YES : PYPERF_NO;
}

enum pyperf_answer pyperf_profiler_runs(unsigned most)
{
    static union pyperf_directory_buffer buffer;
    struct search search = {.proc = open("/proc", O_RDONLY | O_DIRECTORY | O_CLOEXEC),
                            .left = most};
    if (search.proc < 0)
        return PYPERF_YES;
    /* With hidepid=2 others' processes are not even listed; the first one always runs. */
    int answer = PYPERF_YES;
    if (faccessat(search.proc, "1", F_OK, 0) == 0)
        answer = pyperf_directory_read(search.proc, &buffer, UINT_MAX, look_at, &search);
    close(search.proc);
    return answer < 0 ? PYPERF_YES : (enum pyperf_answer)answer;
}
