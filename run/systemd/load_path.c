/* The order is that of `systemd-analyze unit-paths`, without and with --user (systemd 252). */
#include "systemd/load_path.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void add(struct load_path *path, const char *start, const char *end)
{
    if (*start && path->count < LOAD_PATH_MAX &&
        snprintf(path->folders[path->count], PATH_MAX, "%s%s", start, end) < PATH_MAX)
        path->count++;
}

static void add_all(struct load_path *path, const char *root, const char *const *ends, size_t count)
{
    char start[PATH_MAX];

    for (size_t i = 0; i < count; i++) {
        if (snprintf(start, sizeof start, "%s%s", root, ends[i]) < (int)sizeof start)
            add(path, start, "");
    }
}

static const char *variable(const char *name)
{
    const char *value = getenv(name);
    return value ? value : "";
}

static void home_folder(char folder[PATH_MAX], const char *name, const char *otherwise)
{
    const char *set = variable(name), *home = variable("HOME");

    snprintf(folder, PATH_MAX, "%s%s", *set ? set : home, *set || !*home ? "" : otherwise);
}

void load_path_own(char folder[PATH_MAX])
{
    char config[PATH_MAX];

    home_folder(config, "XDG_CONFIG_HOME", "/.config");
    snprintf(folder, PATH_MAX, "%.*s/systemd/user", PATH_MAX - 16, config);
}

static void add_user(struct load_path *path)
{
    const char *runtime = variable("XDG_RUNTIME_DIR");
    char config[PATH_MAX], data[PATH_MAX];

    home_folder(config, "XDG_CONFIG_HOME", "/.config");
    home_folder(data, "XDG_DATA_HOME", "/.local/share");
    add(path, config, "/systemd/user.control");
    add(path, runtime, "/systemd/user.control");
    add(path, runtime, "/systemd/transient");
    add(path, runtime, "/systemd/generator.early");
    add(path, config, "/systemd/user");
    add(path, "/etc/systemd/user", "");
    add(path, runtime, "/systemd/user");
    add(path, "/run/systemd/user", "");
    add(path, runtime, "/systemd/generator");
    add(path, data, "/systemd/user");
    add(path, "/usr/local/share/systemd/user", "");
    add(path, "/usr/share/systemd/user", "");
    add(path, "/usr/local/lib/systemd/user", "");
    add(path, "/lib/systemd/user", "");
    add(path, "/usr/lib/systemd/user", "");
    add(path, runtime, "/systemd/generator.late");
}

void load_path_make(struct load_path *path, const char *root, bool user)
{
    static const char *const system[] = {
        "/etc/systemd/system.control", "/run/systemd/system.control",
        "/run/systemd/transient",      "/run/systemd/generator.early",
        "/etc/systemd/system",         "/etc/systemd/system.attached",
        "/run/systemd/system",         "/run/systemd/system.attached",
        "/run/systemd/generator",      "/usr/local/lib/systemd/system",
        "/lib/systemd/system",         "/usr/lib/systemd/system",
        "/run/systemd/generator.late",
    };
    static const char *const users[] = {
        "/etc/systemd/user",       "/run/systemd/user",           "/usr/local/share/systemd/user",
        "/usr/share/systemd/user", "/usr/local/lib/systemd/user", "/lib/systemd/user",
        "/usr/lib/systemd/user",
    };

    path->count = 0;
    if (!user)
        add_all(path, root, system, sizeof system / sizeof *system);
    else if (*root)
        add_all(path, root, users, sizeof users / sizeof *users);
    else
        add_user(path);
}
