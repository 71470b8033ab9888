#include "perf/slot_names.h"
#include "base/process.h"
#include "perf/image_name.h"
#include "recording/table.h"

#include <pyperf.h>

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <libelf.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static int open_image(int root, const char *path)
{
    int fd = openat(root, path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);

    return fd < 0 ? -errno : fd;
}

/* What it has mapped; else, for who is not root, what has that name. */
static int open_mapped(pid_t pid, int root, const struct process_mapping *mapping)
{
    int fd = process_open_mapping(pid, mapping);

    return fd >= 0 ? fd : open_image(root, mapping->path + 1);
}

/* Adds what an image names, as if it were mapped at address 0; closes `fd`. */
static int read_image(struct symbols *symbols, int fd, struct stat *status)
{
    Elf *elf = NULL;
    int rc = -errno;

    elf_version(EV_CURRENT);
    if (fstat(fd, status) == 0) {
        elf = elf_begin(fd, ELF_C_READ, NULL);
        rc = elf ? symbols_add_table(symbols, elf, false) : -EBADMSG;
    }
    elf_end(elf);
    close(fd);
    return rc;
}

/* Moves an image's names to where it is mapped. */
static int add_image(struct slot_names *names, const struct symbols *image, uint64_t base,
                     uid_t owner)
{
    int rc = 0;

    for (size_t i = 0; rc == 0 && i < image->count; i++) {
        const struct symbol *symbol = &image->list[i];
        rc = symbols_add(&names->symbols, base + symbol->start, symbol->end - symbol->start,
                         symbol->name, strlen(symbol->name));
    }
    names->images++;
    names->owner = owner;
    return rc;
}

/* -- Living processes ----------------------------------------------------------------------- */

int slot_names_read(struct slot_names *names, pid_t pid, int root)
{
    struct process_mapping mapping;
    struct process_maps maps;
    struct stat status;
    int rc = process_maps_open(&maps, pid);

    *names = (struct slot_names){.images = 0};
    if (rc)
        return rc;
    while (rc == 0 && process_maps_next(&maps, &mapping)) {
        struct symbols image = {.count = 0};
        int fd;
        if (!mapping.executable || !image_name_is(mapping.path))
            continue;
        fd = open_mapped(pid, root, &mapping);
        rc = fd < 0 ? fd : read_image(&image, fd, &status);
        /* Linked to address 0, with its text where it is in the file. */
        if (rc == 0)
            rc = add_image(names, &image, mapping.start - mapping.offset, status.st_uid);
        symbols_free(&image);
    }
    process_maps_close(&maps);
    return rc;
}

/* -- Killed ones ---------------------------------------------------------------------------- */

enum { IMAGES_MAX = 64 }; /* of one process: MOST_IMAGES in preload/slot.c */

/* By number: an earlier process may have had the same PID. */
struct left {
    char path[PATH_MAX];
    time_t made;
};

static void look_into(const char *folder, long pid, struct left list[IMAGES_MAX])
{
    DIR *files = opendir(folder);
    struct dirent *entry;

    while (files && (entry = readdir(files))) {
        struct image_name name;
        struct stat status;
        char path[PATH_MAX];
        if (snprintf(path, sizeof path, "%s/%s", folder, entry->d_name) >= (int)sizeof path ||
            !image_name_parse(&name, path) || name.pid != pid || name.number >= IMAGES_MAX ||
            lstat(path, &status) != 0 || status.st_mtime < list[name.number].made)
            continue;
        strcpy(list[name.number].path, path);
        list[name.number].made = status.st_mtime;
    }
    if (files)
        closedir(files);
}

/* Where the image was mapped, if lines of the map tell, and all of them alike. */
static bool find_base(const struct symbols *image, const struct table *lines, uint64_t *base)
{
    bool found = false;

    *base = 0;
    for (size_t i = 0; i < image->count; i++) {
        const struct symbol *line = table_get(lines, table_hash(0, image->list[i].name));
        if (line && found && line->start - image->list[i].start != *base)
            return false;
        if (line)
            *base = line->start - image->list[i].start;
        found |= line != NULL;
    }
    return found;
}

static int recover_image(struct slot_names *names, const char *path, const struct table *lines)
{
    struct symbols image = {.count = 0};
    struct stat status;
    uint64_t base;
    int fd = open_image(AT_FDCWD, path), rc = fd < 0 ? fd : read_image(&image, fd, &status);

    if (rc == 0 && find_base(&image, lines, &base))
        rc = add_image(names, &image, base, status.st_uid);
    symbols_free(&image);
    return rc;
}

int slot_names_recover(struct slot_names *names, long pid, const struct symbols *map)
{
    const char *usual[] = PYPERF_DIRECTORIES(getenv("XDG_RUNTIME_DIR"));
    const char *own = getenv(PYPERF_ENV_DIR);
    struct left *list = calloc(IMAGES_MAX, sizeof *list);
    struct table lines = {.count = 0};
    int rc = list ? 0 : -ENOMEM;

    *names = (struct slot_names){.images = 0};
    for (size_t i = 0; rc == 0 && i < map->count; i++)
        rc = table_set(&lines, table_hash(0, map->list[i].name), &map->list[i]);
    for (size_t i = 0; rc == 0 && i < sizeof usual / sizeof *usual; i++)
        if (usual[i] && usual[i][0] == '/')
            look_into(usual[i], pid, list);
    if (rc == 0 && own && own[0] == '/')
        look_into(own, pid, list);
    for (size_t i = 0; rc == 0 && i < IMAGES_MAX; i++)
        if (list[i].path[0])
            rc = recover_image(names, list[i].path, &lines);
    table_free(&lines, NULL);
    free(list);
    return rc;
}

void slot_names_free(struct slot_names *names)
{
    symbols_free(&names->symbols);
}
