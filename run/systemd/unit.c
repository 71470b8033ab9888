/*
 * systemd.unit(5), "Unit File Load Path".  Reading the files, rather than asking systemd, works
 * for an image's root folder and where no systemd runs.
 */
#include "systemd/unit.h"
#include "systemd/environment.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* Lowest priority first, so that a later file's assignment wins. */
static const char *const places[] = {"/lib/systemd", "/usr/lib/systemd", "/usr/local/lib/systemd",
                                     "/run/systemd", "/etc/systemd"};
static const char own_file[] = "pyperf.conf";

static int set_name(struct unit *unit, const char *name)
{
    static const char allowed[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
                                  ":_.\\@-";
    const char *dot = strrchr(name, '.');

    if (!*name || *name == '.' || strspn(name, allowed) != strlen(name))
        return -EINVAL;
    return snprintf(unit->name, sizeof(unit->name), "%s%s", name,
                    dot && strcmp(dot, ".service") == 0 ? "" : ".service") < (int)sizeof(unit->name)
               ? 0
               : -ENAMETOOLONG;
}

/* "web@7.service" comes from "web@.service" when it has no file of its own. */
static bool set_template(const char *name, char out[256])
{
    const char *at = strchr(name, '@'), *dot = strrchr(name, '.');

    if (!at || !dot || dot < at || at + 1 == dot)
        return false;
    snprintf(out, 256, "%.*s%s", (int)(at + 1 - name), name, dot);
    return true;
}

/* -- What the files say -------------------------------------------------------------------------
 */

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

static int is_foreign_conf(const struct dirent *entry)
{
    size_t length = strlen(entry->d_name);
    return length > 5 && strcmp(entry->d_name + length - 5, ".conf") == 0 &&
           strcmp(entry->d_name, own_file) != 0;
}

static int read_dropins(struct unit *unit, const char *folder)
{
    struct dirent **list;
    int count = scandir(folder, &list, is_foreign_conf, alphasort), rc = 0;

    for (int i = 0; i < count; i++) {
        char path[2 * PATH_MAX];
        snprintf(path, sizeof(path), "%s/%s", folder, list[i]->d_name);
        if (rc == 0)
            rc = read_file(unit, path);
        free(list[i]);
    }
    if (count >= 0)
        free(list);
    return rc;
}

static int read_named(struct unit *unit, const char *root, const char *scope, const char *name)
{
    char main_file[PATH_MAX] = "", path[PATH_MAX];
    int rc = 0;

    for (size_t i = 0; i < sizeof(places) / sizeof(*places); i++) {
        snprintf(path, sizeof(path), "%s%s/%s/%s", root, places[i], scope, name);
        if (access(path, R_OK) == 0)
            snprintf(main_file, sizeof(main_file), "%s", path);
        snprintf(path, sizeof(path), "%s/run/systemd/transient/%s", root, name);
        if (!main_file[0] && access(path, R_OK) == 0)
            snprintf(main_file, sizeof(main_file), "%s", path);
    }
    if (main_file[0]) {
        unit->found = true;
        rc = read_file(unit, main_file);
    }
    for (size_t i = 0; rc == 0 && i < sizeof(places) / sizeof(*places); i++) {
        snprintf(path, sizeof(path), "%s%s/%s/%s.d", root, places[i], scope, name);
        rc = read_dropins(unit, path);
    }
    return rc;
}

/* -- Where ours goes -----------------------------------------------------------------------------
 */

static int set_paths(struct unit *unit, const char *root, bool user)
{
    const char *config = getenv("XDG_CONFIG_HOME"), *home = getenv("HOME");
    int length;

    if (!user || *root)
        length = snprintf(unit->folder, sizeof(unit->folder), "%s/etc/systemd/%s/%s.d", root,
                          user ? "user" : "system", unit->name);
    else if (config && *config)
        length = snprintf(unit->folder, sizeof(unit->folder), "%s/systemd/user/%s.d", config,
                          unit->name);
    else
        length = snprintf(unit->folder, sizeof(unit->folder), "%s/.config/systemd/user/%s.d",
                          home ? home : "", unit->name);
    if (length >= (int)sizeof(unit->folder) - 16)
        return -ENAMETOOLONG;
    snprintf(unit->dropin, sizeof(unit->dropin), "%.*s/%s", PATH_MAX - 16, unit->folder, own_file);
    return 0;
}

int unit_open(struct unit *unit, const char *name, const char *root, bool user)
{
    const char *scope = user ? "user" : "system";
    char template[256], path[PATH_MAX];
    int rc;

    *unit = (struct unit){.preload = NULL};
    rc = set_name(unit, name);
    if (rc == 0)
        rc = set_paths(unit, root, user);
    if (rc == 0 && set_template(unit->name, template))
        rc = read_named(unit, root, scope, template);
    if (rc == 0)
        rc = read_named(unit, root, scope, unit->name);
    if (rc == 0 && user && !*root) { /* a user's own units */
        snprintf(path, sizeof(path), "%.*s", (int)strlen(unit->folder) - 2, unit->folder);
        if (access(path, R_OK) == 0) {
            unit->found = true;
            rc = read_file(unit, path);
        }
        if (rc == 0)
            rc = read_dropins(unit, unit->folder);
    }
    return rc;
}

static int make_folders(const char *folder)
{
    char path[PATH_MAX];

    snprintf(path, sizeof(path), "%s", folder);
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
    snprintf(fresh, sizeof(fresh), "%s.new", unit->dropin);
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
