/* The order of folders is that of systemd 252, found by removing one file after the other. */
#include "systemd/dropins.h"
#include "base/path.h"
#include "systemd/unit_name.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int add_file(struct dropins *dropins, const char *folder, const char *name)
{
    char **grown;

    for (size_t i = 0; i < dropins->count; i++)
        if (strcmp(path_base_name(dropins->paths[i]), name) == 0)
            return 0;
    grown = realloc(dropins->paths, (dropins->count + 1) * sizeof *grown);
    if (!grown)
        return -ENOMEM;
    dropins->paths = grown;
    if (asprintf(&grown[dropins->count], "%s/%s", folder, name) < 0)
        return -ENOMEM;
    dropins->count++;
    return 0;
}

static int add_folder(struct dropins *dropins, const char *place, const char *name)
{
    static const char ending[] = ".conf";
    char folder[2 * PATH_MAX];
    struct dirent *entry;
    int rc = 0;
    DIR *files;

    snprintf(folder, sizeof folder, "%s/%s.d", place, name);
    files = opendir(folder);
    while (rc == 0 && files && (entry = readdir(files))) {
        size_t length = strlen(entry->d_name);
        if (entry->d_name[0] != '.' && length >= sizeof ending &&
            strcmp(entry->d_name + length + 1 - sizeof ending, ending) == 0)
            rc = add_file(dropins, folder, entry->d_name);
    }
    if (files)
        closedir(files);
    return rc;
}

/* First NAME.d, then its template's folders, then its prefixes'. */
static int add_named(struct dropins *dropins, const char *place, const char *name)
{
    char prefix[UNIT_NAME_SIZE], template[UNIT_NAME_SIZE];
    int rc = 0;

    snprintf(prefix, sizeof prefix, "%s", name);
    do {
        char current[UNIT_NAME_SIZE];
        memcpy(current, prefix, sizeof current);
        rc = add_folder(dropins, place, current);
        if (rc == 0 && unit_name_template(template, current))
            rc = add_named(dropins, place, template);
        if (!unit_name_prefix(prefix, current))
            break;
    } while (rc == 0);
    return rc;
}

static int by_name(const void *one, const void *other)
{
    return strcmp(path_base_name(*(char *const *)one), path_base_name(*(char *const *)other));
}

int dropins_find(struct dropins *dropins, const struct load_path *path, char *const *names)
{
    const char *type = names[0] ? strrchr(names[0], '.') : NULL;
    int rc = 0;

    *dropins = (struct dropins){.count = 0};
    for (char *const *name = names; *name; name++)
        for (size_t i = 0; rc == 0 && i < path->count; i++)
            rc = add_named(dropins, path->folders[i], *name);
    for (size_t i = 0; rc == 0 && type && i < path->count; i++)
        rc = add_folder(dropins, path->folders[i], type + 1);
    if (dropins->count)
        qsort(dropins->paths, dropins->count, sizeof *dropins->paths, by_name);
    return rc;
}

void dropins_free(struct dropins *dropins)
{
    for (size_t i = 0; i < dropins->count; i++)
        free(dropins->paths[i]);
    free(dropins->paths);
    *dropins = (struct dropins){.count = 0};
}
