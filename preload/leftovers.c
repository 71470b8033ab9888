/* Removes what killed processes left; see leftovers.h. */
#include "leftovers.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "directory.h"
#include "file_system.h"
#include "log.h"
#include "profiler.h"
#include "pyperf.h"

/* READS: of some 700 names each.  MOST: images looked at, 3 microseconds each.  BATCH: for this
 * many it is worth looking at all processes of a large machine. */
enum { READS = 2, MOST = 64, BATCH = 16 };

struct search {
    int directory;
    bool removing;
    unsigned seen, left;
};

/* The process number in an image's name (PYPERF_IMAGE_FORMAT), or 0.  By hand: sscanf() takes ten
 * times as long, for each of hundreds of names in /tmp. */
static long owner_of(const char *name)
{
    enum { PREFIX = 7, RANDOM = 16, SUFFIX = 3 };
    size_t length = strlen(name);
    if (length < PREFIX + 4 + RANDOM + SUFFIX || strncmp(name, "pyperf-", PREFIX) != 0 ||
        strcmp(name + length - SUFFIX, ".so") != 0)
        return 0;
    char *end;
    long pid = strtol(name + PREFIX, &end, 10);
    const char *random = name + length - SUFFIX - RANDOM;
    bool whole = *end == '-' && random[-1] == '-' && strspn(random, "0123456789abcdef") == RANDOM;
    return whole && pid > 0 ? pid : 0;
}

/*
 * Whether no process has the file mapped.  An image's mapping keeps the open file description it
 * was made from, which can write; the kernel grants a read lease only if there is none (fcntl(2),
 * F_SETLEASE).  That holds across PID namespaces, and for children that inherited the mapping.
 */
static bool is_unused(int fd)
{
    if (fcntl(fd, F_SETLEASE, F_RDLCK) != 0)
        return false;
    fcntl(fd, F_SETLEASE, F_UNLCK);
    return true;
}

static bool is_leftover(int fd)
{
    struct stat file;
    return fstat(fd, &file) == 0 && S_ISREG(file.st_mode) && file.st_uid == geteuid() &&
           (file.st_mode & 07777) == PYPERF_IMAGE_MODE && pyperf_file_system_is_known(fd) &&
           is_unused(fd);
}

/* The map of a process that is gone, if it is one of ours: others write maps too. */
static void remove_map(long pid)
{
    char path[64], text[256];
    struct stat file;
    if (kill((pid_t)pid, 0) == 0 || errno != ESRCH)
        return;
    snprintf(path, sizeof path, PYPERF_MAP_FORMAT, pid);
    int fd = open(path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0)
        return;
    ssize_t length = read(fd, text, sizeof text - 1);
    text[length > 0 ? length : 0] = '\0';
    if (fstat(fd, &file) == 0 && S_ISREG(file.st_mode) && file.st_uid == geteuid() &&
        strstr(text, " " PYPERF_NAME_PREFIX) != NULL)
        unlink(path);
    close(fd);
}

static int look_at(const char *name, void *data)
{
    struct search *search = data;
    long pid = owner_of(name);
    if (pid == 0)
        return 0;
    if (search->seen++ == MOST)
        return 1;
    int fd = openat(search->directory, name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0)
        return 0;
    bool left = is_leftover(fd);
    close(fd);
    search->left += left;
    if (left && search->removing && unlinkat(search->directory, name, 0) == 0)
        remove_map(pid);
    return 0;
}

static unsigned look_through(struct search *search)
{
    static union pyperf_directory_buffer buffer;
    search->seen = search->left = 0;
    lseek(search->directory, 0, SEEK_SET);
    pyperf_directory_read(search->directory, &buffer, READS, look_at, search);
    return search->left;
}

static bool profiler_may_run(unsigned left)
{
    enum pyperf_answer answer = pyperf_profiler_runs(PYPERF_PROFILER_BUDGET);
    if (answer == PYPERF_UNKNOWN && left >= BATCH)
        answer = pyperf_profiler_runs(UINT_MAX);
    return answer != PYPERF_NO;
}

void pyperf_leftovers_remove(const char *directory)
{
    struct search search = {.directory = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC)};
    if (search.directory < 0)
        return;
    unsigned left = look_through(&search);
    if (left > 0 && !profiler_may_run(left)) {
        search.removing = true;
        look_through(&search);
        pyperf_log_info("removed %u images that earlier processes left in %s", search.left,
                        directory);
    }
    close(search.directory);
}
