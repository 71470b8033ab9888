/* Reads the files instead of asking systemd: that works for another root folder too, and where no
 * systemd runs. */
#include "systemd/unit.h"
#include "systemd/dropins.h"
#include "systemd/environment.h"
#include "systemd/load_path.h"
#include "systemd/unit_name.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static const char own_file[] = "pyperf.conf";

/* -- What the files say --------------------------------------------------------------------- */

static char *read_text(const char *path)
{
    FILE *file = fopen(path, "re");
    char *text = NULL;
    size_t room = 0;
    ssize_t length = file ? getdelim(&text, &room, '\0', file) : -1;

    if (file)
        fclose(file);
    if (length >= 0)
        return text;
    free(text);
    return NULL;
}

static int read_file(struct unit *unit, const char *path)
{
    char *text = read_text(path);
    int rc = text ? environment_read(text, "LD_PRELOAD", &unit->preload) : 0;

    free(text);
    return rc;
}

static bool sets_preload(const char *path)
{
    static const char unlike[] = "\n";
    char *text = read_text(path), *value = strdup(unlike);
    bool sets = text && value && environment_read(text, "LD_PRELOAD", &value) == 0 &&
                (!value || strcmp(value, unlike) != 0);

    free(text);
    free(value);
    return sets;
}

static int read_dropins(struct unit *unit, const struct load_path *path, char *const *names)
{
    struct dropins dropins;
    int rc = dropins_find(&dropins, path, names);

    for (size_t i = 0; rc == 0 && i < dropins.count; i++) {
        const char *file = dropins.paths[i];
        int order = strcmp(strrchr(file, '/') + 1, own_file);
        if (order == 0)
            continue;
        rc = read_file(unit, file);
        if (order > 0 && sets_preload(file))
            snprintf(unit->overridden, sizeof unit->overridden, "%s", file);
    }
    dropins_free(&dropins);
    return rc;
}

/* -- Its names ------------------------------------------------------------------------------ */

/* The file with this name that has the highest priority. */
static bool find_file(const struct load_path *path, const char *name, char file[PATH_MAX])
{
    for (size_t i = 0; i < path->count; i++)
        if (snprintf(file, PATH_MAX, "%s/%s", path->folders[i], name) < PATH_MAX &&
            access(file, R_OK) == 0)
            return true;
    return false;
}

/* If the unit file is a link, the unit that it names, if that is another one. */
static bool target_of(const char *file, char target[UNIT_NAME_SIZE])
{
    char text[PATH_MAX];
    ssize_t length = readlink(file, text, sizeof text - 1);
    const char *name, *slash;

    if (length < 0)
        return false;
    text[length] = '\0';
    slash = strrchr(text, '/');
    name = slash ? slash + 1 : text;
    return strlen(name) < UNIT_NAME_SIZE && unit_name_make(target, name) == 0 &&
           strcmp(target, name) == 0 && strcmp(strrchr(file, '/') + 1, name) != 0;
}

enum { NAMES_MAX = 16 };

/* A link to the unit, in any folder, is another name of it. */
static void add_aliases(const struct load_path *path, char names[NAMES_MAX][UNIT_NAME_SIZE],
                        size_t *count)
{
    for (size_t i = 0; i < path->count; i++) {
        DIR *folder = opendir(path->folders[i]);
        struct dirent *entry;
        while (folder && *count < NAMES_MAX && (entry = readdir(folder))) {
            char file[PATH_MAX], target[UNIT_NAME_SIZE];
            if (entry->d_type == DT_LNK &&
                snprintf(file, sizeof file, "%s/%s", path->folders[i], entry->d_name) <
                    (int)sizeof file &&
                target_of(file, target) && strcmp(target, names[0]) == 0)
                snprintf(names[(*count)++], UNIT_NAME_SIZE, "%s", entry->d_name);
        }
        if (folder)
            closedir(folder);
    }
}

static int read_unit(struct unit *unit, const struct load_path *path)
{
    char names[NAMES_MAX][UNIT_NAME_SIZE], template[UNIT_NAME_SIZE], file[PATH_MAX];
    char *list[NAMES_MAX + 1] = {NULL};
    size_t count = 1;
    int rc = 0;

    snprintf(names[0], UNIT_NAME_SIZE, "%s", unit->name);
    unit->found = find_file(path, unit->name, file);
    if (unit->found)
        target_of(file, names[0]);
    else if (unit_name_template(template, unit->name))
        unit->found = find_file(path, template, file);
    if (unit->found)
        rc = read_file(unit, file);
    add_aliases(path, names, &count);
    for (size_t i = 0; i < count; i++)
        list[i] = names[i];
    return rc ? rc : read_dropins(unit, path, list);
}

/* -- Where ours goes ------------------------------------------------------------------------ */

static int set_paths(struct unit *unit, const char *root, bool user)
{
    char own[PATH_MAX];
    int length;

    load_path_own(own);
    if (!user || *root)
        length = snprintf(unit->folder, sizeof unit->folder, "%s/etc/systemd/%s/%s.d", root,
                          user ? "user" : "system", unit->name);
    else
        length = snprintf(unit->folder, sizeof unit->folder, "%s/%s.d", own, unit->name);
    if (length >= (int)sizeof unit->folder - 16)
        return -ENAMETOOLONG;
    snprintf(unit->dropin, sizeof unit->dropin, "%.*s/%s", PATH_MAX - 16, unit->folder, own_file);
    return 0;
}

int unit_open(struct unit *unit, const char *name, const char *root, bool user)
{
    static struct load_path path;
    int rc;

    *unit = (struct unit){.preload = NULL};
    load_path_make(&path, root, user);
    rc = unit_name_make(unit->name, name);
    if (rc == 0)
        rc = set_paths(unit, root, user);
    return rc ? rc : read_unit(unit, &path);
}

static int make_folders(const char *folder)
{
    char path[PATH_MAX];

    snprintf(path, sizeof path, "%s", folder);
    for (char *slash = strchr(path + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
        *slash = '\0';
        if (mkdir(path, 0755) != 0 && errno != EEXIST)
            return -errno;
        *slash = '/';
    }
    return mkdir(path, 0755) != 0 && errno != EEXIST ? -errno : 0;
}

int unit_write(const struct unit *unit, const char *text)
{
    char fresh[PATH_MAX + 8];
    FILE *out;
    int rc = make_folders(unit->folder);

    if (rc)
        return rc;
    snprintf(fresh, sizeof fresh, "%s.new", unit->dropin);
    out = fopen(fresh, "we");
    if (!out)
        return -errno;
    rc = fputs(text, out) < 0 ? -EIO : 0;
    if (fclose(out) != 0)
        rc = -errno;
    if (rc == 0 && (chmod(fresh, 0644) != 0 || rename(fresh, unit->dropin) != 0))
        rc = -errno;
    if (rc)
        unlink(fresh);
    return rc;
}

int unit_remove(const struct unit *unit)
{
    if (unlink(unit->dropin) != 0)
        return -errno;
    rmdir(unit->folder); /* stays when another drop-in is in it */
    return 0;
}

void unit_free(struct unit *unit)
{
    free(unit->preload);
    unit->preload = NULL;
}
