/* Asks perf which files were mapped (`perf script --show-mmap-events`). */
#include "perf/images.h"
#include "base/child.h"
#include "base/number.h"
#include "perf/buildid_cache.h"
#include "perf/image_name.h"
#include "perf/leftovers.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* -- Which ones ----------------------------------------------------------------------------- */

static struct image *find(struct images *images, const char *path)
{
    for (size_t i = 0; i < images->count; i++)
        if (strcmp(images->list[i].path, path) == 0)
            return &images->list[i];
    return NULL;
}

/* The process may have another /tmp than we: a container's, or systemd's PrivateTmp. */
static void set_source(struct image *image, long pid)
{
    snprintf(image->source, sizeof image->source, "%s", image->path);
    if (access(image->source, R_OK) == 0)
        return;
    if (snprintf(image->source, sizeof image->source, "/proc/%ld/root%s", pid, image->path) >=
            (int)sizeof image->source ||
        access(image->source, R_OK) != 0)
        image->source[0] = '\0';
}

static int add(struct images *images, const char *path, const char *id, long pid)
{
    struct image *image = find(images, path), *grown;
    struct image_name name;

    if (!image && !image_name_parse(&name, path))
        return 0;
    if (!image) {
        grown = realloc(images->list, (images->count + 1) * sizeof *grown);
        if (!grown)
            return -ENOMEM;
        images->list = grown;
        image = &grown[images->count++];
        *image = (struct image){.spare = false};
        snprintf(image->path, sizeof image->path, "%s", path);
        image->pid = name.pid;
        set_source(image, pid);
    }
    if (id[0])
        snprintf(image->id, sizeof image->id, "%s", id);
    return 0;
}

/*
 * "python3 92/92 PERF_RECORD_MMAP2 92/92: [0x7f..(0x1d000) @ 0 <66ee..>]: r-xp /tmp/pyperf-..so";
 * without a build-id, <...> is device and inode.
 */
static int add_line(struct images *images, char *line)
{
    char *event = strstr(line, " PERF_RECORD_MMAP"), *path, id[48] = "", *mark;
    long pid = 0;

    line[strcspn(line, "\n")] = '\0';
    if (event)
        pid = number_at(event + strcspn(event + 1, " ") + 1, 0);
    path = event;
    path = path ? strstr(path, "]: ") : NULL;
    path = path ? strchr(path, '/') : NULL;
    if (!path)
        return 0;
    mark = strchr(line, '<');
    if (mark && mark < path)
        sscanf(mark, "<%40[0-9a-f]>", id);
    return add(images, path, id, pid);
}

static int read_maps(struct images *images, const char *perf, const char *data)
{
    char *argv[] = {(char *)perf, "script", "--show-mmap-events", "-F",
                    "pid",        "-i",     (char *)data,         NULL};
    struct child_pipe child;
    char line[PATH_MAX + 256];
    int rc = child_open(&child, argv, ERRORS_NOWHERE);

    if (rc)
        return rc;
    while (rc == 0 && child.out && fgets(line, sizeof line, child.out))
        rc = add_line(images, line);
    return child_close(&child) != 0 ? -EBADMSG : rc;
}

/* The recording's own table, in lines "66ee86530d... /tmp/pyperf-1-0-....so". */
static void read_table(struct images *images, const char *perf, const char *data)
{
    char *argv[] = {(char *)perf, "buildid-list", "-i", (char *)data, NULL};
    struct child_pipe child;
    char line[PATH_MAX + 256];

    if (child_open(&child, argv, ERRORS_NOWHERE) != 0)
        return;
    while (child.out && fgets(line, sizeof line, child.out)) {
        char id[48], path[PATH_MAX];
        struct image *image;
        if (sscanf(line, "%40[0-9a-f] %4095[^\n]", id, path) != 2)
            continue;
        image = find(images, path);
        if (image && !image->id[0])
            snprintf(image->id, sizeof image->id, "%s", id);
    }
    child_close(&child);
}

int images_find(struct images *images, const char *perf, const char *data)
{
    int rc;

    *images = (struct images){.count = 0};
    rc = read_maps(images, perf, data);
    for (size_t i = 0; i < images->count; i++)
        if (!images->list[i].id[0]) {
            read_table(images, perf, data);
            break;
        }
    return rc;
}

void images_free(struct images *images)
{
    free(images->list);
    *images = (struct images){.count = 0};
}

/* -- Afterwards ----------------------------------------------------------------------------- */

void images_cache(struct images *images, const char *perf, const char *cache, bool named)
{
    char folder[PATH_MAX];
    bool found = images->count && buildid_cache_folder(folder, perf, cache) == 0;

    for (size_t i = 0; i < images->count; i++) {
        struct image *image = &images->list[i];
        image->spare = named;
        if (found && image->source[0] &&
            buildid_cache_image(folder, perf, image->source, image->id, !named))
            image->spare = true;
    }
}

/* If only its process could open the path, it is in another /tmp, and so is the map. */
static void remove_one(struct images *images, struct image *image, struct leftovers *leftovers)
{
    if (!image->source[0])
        return;
    if (!image->spare) {
        images->kept_uncached++;
    } else if (strcmp(image->source, image->path) == 0 &&
               !living_has_image(&leftovers->living, image->path) && unlink(image->path) == 0) {
        images->removed++;
        leftovers_remove_map(leftovers, image->pid);
    }
}

void images_remove(struct images *images)
{
    struct leftovers leftovers = {.dry_run = false};

    if (images->count && living_read(&leftovers.living) == 0)
        for (size_t i = 0; i < images->count; i++)
            remove_one(images, &images->list[i], &leftovers);
    living_free(&leftovers.living);
}
