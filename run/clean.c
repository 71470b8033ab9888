/* pyperf-run clean [--dry-run]: removes what programs and recordings left behind. */
#include "base/say.h"
#include "commands.h"
#include "perf/buildid_cache.h"
#include "perf/leftovers.h"

#include <pyperf.h>

#include <errno.h>
#include <glob.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { FOLDERS_MAX = 256 };

struct folders {
    size_t count;
    struct stat seen[FOLDERS_MAX];
};

/* The same folder under another name would be counted twice. */
static bool is_new(struct folders *folders, const char *folder)
{
    struct stat *status = &folders->seen[folders->count];

    if (folders->count == FOLDERS_MAX || stat(folder, status) != 0)
        return false;
    for (size_t i = 0; i < folders->count; i++)
        if (folders->seen[i].st_dev == status->st_dev && folders->seen[i].st_ino == status->st_ino)
            return false;
    folders->count++;
    return true;
}

/* Every folder that the library may have chosen: see PYPERF_ENV_DIR in pyperf.h. */
static void clean_folders(struct leftovers *leftovers)
{
    const char *usual[] = PYPERF_DIRECTORIES(getenv("XDG_RUNTIME_DIR"));
    const char *own = getenv(PYPERF_ENV_DIR);
    static struct folders folders;
    glob_t users;

    for (size_t i = 0; i < sizeof usual / sizeof *usual; i++)
        if (usual[i] && usual[i][0] == '/' && is_new(&folders, usual[i]))
            leftovers_remove_images(leftovers, usual[i]);
    if (own && own[0] == '/' && is_new(&folders, own))
        leftovers_remove_images(leftovers, own);
    if (geteuid() != 0 || glob("/run/user/*", 0, NULL, &users) != 0)
        return;
    for (size_t i = 0; i < users.gl_pathc; i++)
        if (is_new(&folders, users.gl_pathv[i]))
            leftovers_remove_images(leftovers, users.gl_pathv[i]);
    globfree(&users);
}

static const char *plural(size_t count)
{
    return count == 1 ? "" : "s";
}

int command_clean(int argc, char **argv)
{
    struct leftovers leftovers = {.dry_run = false};
    char cache[PATH_MAX];
    int rc;

    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "--dry-run") != 0) {
            say_error("clean: unknown argument '%s'; see pyperf-run(1)", argv[i]);
            return EXIT_USAGE;
        }
        leftovers.dry_run = true;
    }
    rc = living_read(&leftovers.living);
    if (rc) {
        say_error("/proc: %s: cannot tell what is still in use", strerror(-rc));
        living_free(&leftovers.living);
        return EXIT_FAILURE;
    }
    clean_folders(&leftovers);
    leftovers_remove_maps(&leftovers);
    if (buildid_cache_folder(cache, "perf", NULL) == 0)
        leftovers_remove_entries(&leftovers, cache);
    living_free(&leftovers.living);
    say_note("%s %zu image%s, %zu map%s, and in perf's cache %zu image%s and %zu file%s of lines: "
             "%llu bytes",
             leftovers.dry_run ? "would remove" : "removed", leftovers.images,
             plural(leftovers.images), leftovers.maps, plural(leftovers.maps), leftovers.entries,
             plural(leftovers.entries), leftovers.line_files, plural(leftovers.line_files),
             (unsigned long long)leftovers.bytes);
    if (leftovers.failures)
        say_error("%zu file%s could not be removed: try as root", leftovers.failures,
                  plural(leftovers.failures));
    return leftovers.failures ? EXIT_FAILURE : EXIT_SUCCESS;
}
