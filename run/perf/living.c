#include "perf/living.h"
#include "base/path.h"
#include "base/process.h"
#include "perf/image_name.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static int add_pid(struct living *living, long pid)
{
    long *grown = realloc(living->pids, (living->pid_count + 1) * sizeof *grown);

    if (!grown)
        return -ENOMEM;
    living->pids = grown;
    grown[living->pid_count++] = pid;
    return 0;
}

static int add_image(struct living *living, const char *path)
{
    char **grown;

    if (!image_name_is(path) || living_has_image(living, path))
        return 0;
    grown = realloc(living->images, (living->image_count + 1) * sizeof *grown);
    if (!grown)
        return -ENOMEM;
    living->images = grown;
    grown[living->image_count] = strdup(path_base_name(path));
    if (!grown[living->image_count])
        return -ENOMEM;
    living->image_count++;
    return 0;
}

static int read_one(struct living *living, pid_t pid)
{
    struct process_mapping mapping;
    struct process_status status;
    struct process_maps maps;
    int rc = add_pid(living, pid);

    if (rc == 0 && process_status(&status, pid) == 0 && status.own_pid != pid)
        rc = add_pid(living, status.own_pid);
    if (rc || process_maps_open(&maps, pid) != 0)
        return rc;
    while (rc == 0 && process_maps_next(&maps, &mapping))
        rc = add_image(living, mapping.path);
    process_maps_close(&maps);
    return rc;
}

int living_read(struct living *living)
{
    struct process_list list;
    pid_t pid;
    int rc;

    *living = (struct living){.image_count = 0};
    rc = process_list_open(&list);
    if (rc)
        return rc;
    while (rc == 0 && (pid = process_list_next(&list)) > 0)
        rc = read_one(living, pid);
    process_list_close(&list);
    return rc;
}

bool living_has_image(const struct living *living, const char *path)
{
    for (size_t i = 0; i < living->image_count; i++)
        if (strcmp(living->images[i], path_base_name(path)) == 0)
            return true;
    return false;
}

bool living_has_pid(const struct living *living, long pid)
{
    for (size_t i = 0; i < living->pid_count; i++)
        if (living->pids[i] == pid)
            return true;
    return false;
}

void living_free(struct living *living)
{
    for (size_t i = 0; i < living->image_count; i++)
        free(living->images[i]);
    free(living->images);
    free(living->pids);
    *living = (struct living){.image_count = 0};
}
