/* pyperf-run systemd enable|disable|status [--user] [--root DIR] UNIT: profiles a service. */
#include "base/child.h"
#include "base/ld_preload.h"
#include "base/library.h"
#include "base/number.h"
#include "base/process.h"
#include "base/say.h"
#include "commands.h"
#include "systemd/environment.h"
#include "systemd/unit.h"

#include <pyperf.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct request {
    const char *verb, *name, *root;
    bool user;
};

/* Does a systemd run that may know the unit?  For another root, no. */
static bool manager_runs(const struct request *request)
{
    return !*request->root && access("/run/systemd/system", F_OK) == 0;
}

static int systemctl(const struct request *request, const char *verb, const char *option,
                     const char *name, char *out, size_t size)
{
    char *argv[8];
    int count = 0;

    argv[count++] = "systemctl";
    if (request->user)
        argv[count++] = "--user";
    argv[count++] = (char *)verb;
    if (option)
        argv[count++] = (char *)option;
    if (name)
        argv[count++] = (char *)name;
    argv[count] = NULL;
    return child_capture(argv, out, size);
}

static void reload(const struct request *request, const struct unit *unit)
{
    char text[4096];

    if (!manager_runs(request))
        return;
    if (systemctl(request, "daemon-reload", NULL, NULL, text, sizeof text) != 0)
        say_warning("systemctl daemon-reload failed: %.*s", (int)strcspn(text, "\n"), text);
    say_note("takes effect with: systemctl%s restart %s", request->user ? " --user" : "",
             unit->name);
}

/* Warns of a library in a folder that ProtectHome= or PrivateTmp= hides from a service. */
static void warn_about_place(const char *library)
{
    static const char *const hidden[] = {"/home/", "/root/", "/tmp/", "/var/tmp/", "/run/user/"};

    for (size_t i = 0; i < sizeof hidden / sizeof *hidden; i++)
        if (strncmp(library, hidden[i], strlen(hidden[i])) == 0)
            say_warning("%s: a service with PrivateTmp or ProtectHome cannot see it there; "
                        "install libpyperf",
                        library);
}

static int enable(const struct request *request, const struct unit *unit)
{
    char library[PATH_MAX], *merged, *text;
    int rc;

    if (!unit->found) {
        say_error("%s: no such unit%s%s", unit->name, *request->root ? " in " : "", request->root);
        return EXIT_FAILURE;
    }
    if (library_find(library) != 0)
        return EXIT_CANNOT_EXECUTE;
    warn_about_place(library);
    merged = ld_preload_merge(unit->preload, library);
    text = merged ? environment_dropin("LD_PRELOAD", merged) : NULL;
    rc = text ? unit_write(unit, text) : -ENOMEM;
    free(merged);
    free(text);
    if (rc) {
        say_error("%s: %s", unit->dropin, strerror(-rc));
        return EXIT_FAILURE;
    }
    say_note("wrote %s", unit->dropin);
    if (unit->overridden[0] && !ld_preload_contains(unit->preload, library))
        say_warning("%s is read after pyperf.conf and overrides its LD_PRELOAD: add %s to it, or "
                    "rename it to sort first",
                    unit->overridden, library);
    reload(request, unit);
    return EXIT_SUCCESS;
}

static int disable(const struct request *request, const struct unit *unit)
{
    int rc = unit_remove(unit);

    if (rc == -ENOENT) {
        say_note("%s: was not enabled", unit->name);
        return EXIT_SUCCESS;
    }
    if (rc) {
        say_error("%s: %s", unit->dropin, strerror(-rc));
        return EXIT_FAILURE;
    }
    say_note("removed %s", unit->dropin);
    reload(request, unit);
    return EXIT_SUCCESS;
}

/* The exit status is 0 if the unit is enabled, as that of `systemctl is-enabled`. */
static int status(const struct request *request, const struct unit *unit)
{
    bool enabled = access(unit->dropin, F_OK) == 0;
    char text[4096];
    long pid;

    printf("%s: %s%s%s\n", unit->name, enabled ? "enabled by " : "not enabled",
           enabled ? unit->dropin : "", unit->found ? "" : " (no such unit)");
    if (manager_runs(request) &&
        systemctl(request, "show", "--property=MainPID", unit->name, text, sizeof text) == 0 &&
        (pid = number_behind(text, "MainPID=", 0)) > 0) {
        bool loaded = process_maps_file((pid_t)pid, "/" PYPERF_LIBRARY);
        printf("%s: process %ld runs %s libpyperf.so%s\n", unit->name, pid,
               loaded ? "with" : "without", loaded == enabled ? "" : ": restart the unit");
    }
    return enabled ? EXIT_SUCCESS : EXIT_FAILURE;
}

static int parse(struct request *request, int argc, char **argv)
{
    *request = (struct request){.root = ""};
    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "--user") == 0) {
            request->user = true;
        } else if (strcmp(argv[i], "--root") == 0 && i + 1 < argc) {
            request->root = argv[++i];
        } else if (strncmp(argv[i], "--root=", 7) == 0) {
            request->root = argv[i] + 7;
        } else if (argv[i][0] != '-' && !request->verb) {
            request->verb = argv[i];
        } else if (argv[i][0] != '-' && !request->name) {
            request->name = argv[i];
        } else {
            say_error("systemd: unknown argument '%s'; see pyperf-run(1)", argv[i]);
            return EXIT_USAGE;
        }
    }
    if (request->name)
        return 0;
    say_error("systemd: needs a verb (enable, disable or status) and a unit");
    return EXIT_USAGE;
}

int command_systemd(int argc, char **argv)
{
    static const struct {
        const char *verb;
        int (*run)(const struct request *, const struct unit *);
    } verbs[] = {{"enable", enable}, {"disable", disable}, {"status", status}};
    struct request request;
    struct unit unit;
    int rc = parse(&request, argc, argv);

    if (rc)
        return rc;
    for (size_t i = 0; i < sizeof verbs / sizeof *verbs; i++) {
        if (strcmp(request.verb, verbs[i].verb) != 0)
            continue;
        rc = unit_open(&unit, request.name, request.root, request.user);
        if (rc)
            say_error("%s: %s", request.name, rc == -EINVAL ? "not a unit name" : strerror(-rc));
        rc = rc ? EXIT_USAGE : verbs[i].run(&request, &unit);
        unit_free(&unit);
        return rc;
    }
    say_error("systemd: unknown verb '%s': use enable, disable or status", request.verb);
    return EXIT_USAGE;
}
