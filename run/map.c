/* pyperf-run map [PID...]: writes what perf maps lack yet, without a word to their processes. */
#include "base/process.h"
#include "base/say.h"
#include "commands.h"
#include "perf/map_file.h"
#include "perf/slot_names.h"

#include <pyperf.h>

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static const char *reason(int rc)
{
    return rc == -EACCES  ? "another user's: try as root"
           : rc == -EPERM ? "not a file of the process's user alone"
                          : strerror(-rc);
}

static void say_process_error(long pid, const char *why)
{
    say_error("map: process %ld: %s", pid, why);
}

/* Says what has become of the map; whether all is well. */
static bool report(long pid, const struct map_file *map, int rc)
{
    if (rc)
        say_error("map: process %ld: /tmp/%s: %s", pid, map->name, reason(rc));
    else
        say_note("process %ld: %zu line%s added to /tmp/%s", pid, map->added,
                 map->added == 1 ? "" : "s", map->name);
    return rc == 0;
}

static bool complete(pid_t pid, int root, const struct slot_names *names)
{
    struct process_status status;
    struct map_file map;
    bool well;
    int rc;

    process_status(&status, pid); /* if it is gone, the PID is what is left */
    rc = map_file_read(&map, root, status.own_pid, names->owner);
    if (rc == 0)
        rc = map_file_complete(&map, &names->symbols);
    well = report(pid, &map, rc);
    map_file_free(&map);
    return well;
}

/* Does the process write a map itself? */
static bool has_map(pid_t pid)
{
    char output[64];

    return !process_variable(pid, PYPERF_ENV_OUTPUT, output, sizeof output) ||
           strstr(output, "map");
}

/* Of a process that is not `wanted` by its PID nothing is said unless it runs in images of ours. */
static bool complete_living(pid_t pid, bool wanted)
{
    struct slot_names names = {.images = 0};
    bool well = !wanted;
    char path[64];
    int root, rc;

    snprintf(path, sizeof path, "/proc/%ld/root", (long)pid);
    root = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
    rc = root < 0 ? -errno : slot_names_read(&names, pid, root);
    if (rc == 0 && names.images > 0 && (wanted || has_map(pid)))
        well = complete(pid, root, &names);
    else if (wanted)
        say_process_error(pid, rc ? reason(rc) : "it does not run with libpyperf's images");
    slot_names_free(&names);
    if (root >= 0)
        close(root);
    return well;
}

static bool complete_killed(long pid)
{
    struct slot_names names = {.images = 0};
    struct map_file map;
    struct stat status;
    char path[64];
    bool well = false;
    int root, rc;

    snprintf(path, sizeof path, PYPERF_MAP_FORMAT, pid);
    if (lstat(path, &status) != 0) {
        say_process_error(pid, "there is neither such a process nor its map");
        return false;
    }
    root = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
    rc = map_file_read(&map, root, pid, status.st_uid);
    if (rc == 0)
        rc = slot_names_recover(&names, pid, &map.has);
    if (rc == 0 && names.images == 0)
        say_process_error(pid, "it is gone, and so are its images");
    else if (rc == 0 && names.owner != status.st_uid)
        rc = -EPERM;
    if (rc == 0 && names.images > 0)
        rc = map_file_complete(&map, &names.symbols);
    if (rc || names.images > 0)
        well = report(pid, &map, rc);
    slot_names_free(&names);
    map_file_free(&map);
    close(root);
    return well;
}

static bool complete_named(const char *word)
{
    char *end, path[64];
    long pid = strtol(word, &end, 10);

    snprintf(path, sizeof path, "/proc/%ld", pid);
    return access(path, F_OK) == 0 ? complete_living((pid_t)pid, true) : complete_killed(pid);
}

static int complete_all(void)
{
    struct process_list list;
    int rc = process_list_open(&list), status = EXIT_SUCCESS;
    pid_t pid;

    if (rc) {
        say_error("map: /proc: %s", strerror(-rc));
        return EXIT_FAILURE;
    }
    while ((pid = process_list_next(&list)) > 0)
        if (!complete_living(pid, false))
            status = EXIT_FAILURE;
    process_list_close(&list);
    return status;
}

int command_map(int argc, char **argv)
{
    int status = EXIT_SUCCESS;

    for (int i = 1; i < argc; i++)
        if (!*argv[i] || strspn(argv[i], "0123456789") != strlen(argv[i])) {
            say_error("map: '%s' is no PID; see pyperf-run(1)", argv[i]);
            return EXIT_USAGE;
        }
    if (argc < 2)
        return complete_all();
    for (int i = 1; i < argc; i++)
        if (!complete_named(argv[i]))
            status = EXIT_FAILURE;
    return status;
}
