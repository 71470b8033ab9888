/* Formats: proc_pid_maps(5), proc_pid_status(5), proc_pid_environ(5), namespaces(7). */
#include "base/process.h"
#include "base/number.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static FILE *open_of(pid_t pid, const char *name)
{
    char path[64];

    snprintf(path, sizeof path, "/proc/%ld/%s", (long)pid, name);
    return fopen(path, "re");
}

/* -- All processes -------------------------------------------------------------------------- */

int process_list_open(struct process_list *list)
{
    list->folder = opendir("/proc");
    return list->folder ? 0 : -errno;
}

pid_t process_list_next(struct process_list *list)
{
    struct dirent *entry;

    while ((entry = readdir(list->folder)))
        if (isdigit((unsigned char)entry->d_name[0]))
            return (pid_t)number_at(entry->d_name, 0);
    return 0;
}

void process_list_close(struct process_list *list)
{
    closedir(list->folder);
}

/* -- Mapped files --------------------------------------------------------------------------- */

int process_maps_open(struct process_maps *maps, pid_t pid)
{
    maps->file = open_of(pid, "maps");
    return maps->file ? 0 : -errno;
}

bool process_maps_next(struct process_maps *maps, struct process_mapping *mapping)
{
    static const char deleted[] = " (deleted)";

    while (fgets(maps->line, sizeof maps->line, maps->file)) {
        char *path = strstr(maps->line, " /"), *flags = strchr(maps->line, ' '), *end, *dash;

        if (!path)
            continue;
        path++;
        end = path + strcspn(path, "\n");
        *end = '\0';
        *mapping = (struct process_mapping){.start = strtoull(maps->line, &dash, 16),
                                            .end = strtoull(dash + 1, NULL, 16),
                                            .offset = strtoull(flags + sizeof " rwxp", NULL, 16),
                                            .path = path,
                                            .executable = flags[3] == 'x'};
        end -= sizeof deleted - 1;
        if (end > path && strcmp(end, deleted) == 0) {
            mapping->deleted = true;
            *end = '\0';
        }
        return true;
    }
    return false;
}

void process_maps_close(struct process_maps *maps)
{
    fclose(maps->file);
}

int process_open_mapping(pid_t pid, const struct process_mapping *mapping)
{
    char path[96];
    int fd;

    snprintf(path, sizeof path, "/proc/%ld/map_files/%llx-%llx", (long)pid,
             (unsigned long long)mapping->start, (unsigned long long)mapping->end);
    fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    return fd < 0 ? -errno : fd;
}

bool process_maps_file(pid_t pid, const char *ending)
{
    struct process_mapping mapping;
    struct process_maps maps;
    bool found = false;

    if (process_maps_open(&maps, pid) != 0)
        return false;
    while (!found && process_maps_next(&maps, &mapping)) {
        size_t length = strlen(mapping.path), wanted = strlen(ending);
        found = length >= wanted && strcmp(mapping.path + length - wanted, ending) == 0;
    }
    process_maps_close(&maps);
    return found;
}

/* -- The rest ------------------------------------------------------------------------------- */

int process_status(struct process_status *status, pid_t pid)
{
    FILE *file = open_of(pid, "status");
    char line[512];

    *status = (struct process_status){.own_pid = pid};
    if (!file)
        return -errno;
    while (fgets(line, sizeof line, file)) {
        char *last = strrchr(line, '\t');
        char *effective = strncmp(line, "Uid:\t", 5) == 0 ? strchr(line + 5, '\t') : NULL;

        if (effective)
            status->uid = number_at(effective, 0);
        if (strncmp(line, "NSpid:", 6) == 0 && last)
            status->own_pid = number_at(last, pid);
        if (strncmp(line, "CapEff:", 7) == 0)
            status->capabilities = strtoull(line + 7, NULL, 16);
        status->no_new_privileges = number_behind(line, "NoNewPrivs:", status->no_new_privileges);
        status->seccomp = number_behind(line, "Seccomp:", status->seccomp);
    }
    fclose(file);
    return 0;
}

bool process_variable(pid_t pid, const char *name, char *value, size_t size)
{
    FILE *file = open_of(pid, "environ");
    size_t length = strlen(name), room = 0;
    bool found = false;
    char *entry = NULL;

    value[0] = '\0';
    while (file && !found && getdelim(&entry, &room, '\0', file) > 0) {
        found = strncmp(entry, name, length) == 0 && entry[length] == '=';
        if (found)
            snprintf(value, size, "%s", entry + length + 1);
    }
    free(entry);
    if (file)
        fclose(file);
    return found;
}

/* A link to "mnt:[4026531841]". */
unsigned long process_namespace(pid_t pid, const char *kind)
{
    char path[64], text[64] = "", *number;

    snprintf(path, sizeof path, "/proc/%ld/ns/%s", (long)pid, kind);
    if (readlink(path, text, sizeof text - 1) < 0)
        return 0;
    number = strchr(text, '[');
    return number ? strtoul(number + 1, NULL, 10) : 0;
}

bool process_elsewhere(pid_t pid, const char *kind)
{
    unsigned long ours = process_namespace(getpid(), kind), theirs = process_namespace(pid, kind);

    return ours && theirs && ours != theirs;
}
