/*
 * What perf knows we ask perf: which files were mapped (`perf script --show-mmap-events`), and to
 * add a file to its cache (`perf buildid-cache`).  The cache's layout is part of perf's interface
 * with other tools: DIR/.build-id/ab/cdef.../elf, see perf-buildid-cache(1).
 */
#include "perf/images.h"
#include "base/child.h"
#include "base/number.h"
#include "base/process.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

bool images_is_image(const char *path)
{
    const char *slash = strrchr(path, '/');
    int used = 0;

    if (!slash)
        return false;
    sscanf(slash, "/pyperf-%*[0-9]-%*[0-9]-%*16[0-9a-f].so%n", &used);
    return used > 0 && slash[used] == '\0';
}

/* -- Which ones ------------------------------------------------------------------------------- */

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
    snprintf(image->source, sizeof(image->source), "%s", image->path);
    if (access(image->source, R_OK) == 0)
        return;
    if (snprintf(image->source, sizeof(image->source), "/proc/%ld/root%s", pid, image->path) >=
            (int)sizeof(image->source) ||
        access(image->source, R_OK) != 0)
        image->source[0] = '\0';
}

static int add(struct images *images, const char *path, const char *id, long pid)
{
    struct image *image = find(images, path), *grown;

    if (!image) {
        grown = realloc(images->list, (images->count + 1) * sizeof(*grown));
        if (!grown)
            return -ENOMEM;
        images->list = grown;
        image = &grown[images->count++];
        *image = (struct image){.cached = false};
        snprintf(image->path, sizeof(image->path), "%s", path);
        set_source(image, pid);
    }
    if (id[0])
        snprintf(image->id, sizeof(image->id), "%s", id);
    return 0;
}

/*
 * "python3 92/92 PERF_RECORD_MMAP2 92/92: [0x7f..(0x1d000) @ 0 <66ee..>]: r-xp /tmp/pyperf-..so";
 * without a build-id device and inode stand in the place of <...>.
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
    if (!path || !images_is_image(path))
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
    while (rc == 0 && child.out && fgets(line, sizeof(line), child.out))
        rc = add_line(images, line);
    return child_close(&child) != 0 ? -EBADMSG : rc;
}

/* Lines "66ee86530d... /tmp/pyperf-1-0-....so": the recording's own table. */
static void read_table(struct images *images, const char *perf, const char *data)
{
    char *argv[] = {(char *)perf, "buildid-list", "-i", (char *)data, NULL};
    struct child_pipe child;
    char line[PATH_MAX + 256];

    if (child_open(&child, argv, ERRORS_NOWHERE) != 0)
        return;
    while (child.out && fgets(line, sizeof(line), child.out)) {
        char id[48], path[PATH_MAX];
        struct image *image;
        if (sscanf(line, "%40[0-9a-f] %4095[^\n]", id, path) != 2)
            continue;
        image = find(images, path);
        if (image && !image->id[0])
            snprintf(image->id, sizeof(image->id), "%s", id);
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

/* -- The cache -------------------------------------------------------------------------------- */

/* "buildid.dir" of perf-config(1), else $HOME/.debug. */
static int default_cache(const char *perf, char *dir, size_t size)
{
    char *argv[] = {(char *)perf, "config", "buildid.dir", NULL};
    char text[PATH_MAX + 64], *value;
    const char *home = getenv("HOME");

    if (child_capture(argv, text, sizeof(text)) == 0 && (value = strchr(text, '=')) &&
        value[1] == '/') {
        value[strcspn(value, "\n")] = '\0';
        return snprintf(dir, size, "%s", value + 1) < (int)size ? 0 : -ENAMETOOLONG;
    }
    return home && snprintf(dir, size, "%s/.debug", home) < (int)size ? 0 : -ENOENT;
}

static int entry_of(const struct image *image, const char *dir, char *entry, size_t size)
{
    return snprintf(entry, size, "%s/.build-id/%.2s/%s/elf", dir, image->id, image->id + 2) <
                   (int)size
               ? 0
               : -ENAMETOOLONG;
}

static bool same_content(const char *one, const char *other)
{
    char a[16384], b[16384];
    FILE *left = fopen(one, "re"), *right = fopen(other, "re");
    bool same = left && right;

    while (same) {
        size_t length = fread(a, 1, sizeof(a), left);
        same = fread(b, 1, sizeof(b), right) == length && memcmp(a, b, length) == 0;
        if (length < sizeof(a))
            break;
    }
    if (left)
        fclose(left);
    if (right)
        fclose(right);
    return same;
}

static int copy(int from, int to)
{
    char bytes[65536];
    ssize_t length;

    while ((length = read(from, bytes, sizeof(bytes))) > 0)
        if (write(to, bytes, (size_t)length) != length)
            return -EIO;
    return length < 0 ? -errno : 0;
}

/* Puts the image's present content in the place of a cache entry, in one step for readers. */
static int refresh(const char *path, const char *entry)
{
    char target[PATH_MAX], fresh[PATH_MAX + 16];
    int from, to, rc;

    if (!realpath(entry, target))
        return -errno;
    snprintf(fresh, sizeof(fresh), "%s.XXXXXX", target);
    from = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    if (from < 0)
        return -errno;
    to = mkostemp(fresh, O_CLOEXEC);
    rc = to < 0 ? -errno : copy(from, to);
    close(from);
    if (to < 0)
        return rc;
    if (close(to) != 0 || rc != 0 || rename(fresh, target) != 0) {
        rc = rc ? rc : -errno;
        unlink(fresh);
    }
    return rc;
}

static void add_to_cache(const struct image *image, const char *perf, const char *dir)
{
    char *argv[] = {(char *)perf, "--buildid-dir",       (char *)dir, "buildid-cache",
                    "--add",      (char *)image->source, NULL};
    char text[4096];

    child_capture(argv, text, sizeof(text));
}

static bool is_cached(const struct image *image, const char *perf, const char *dir)
{
    char entry[PATH_MAX];

    if (!image->id[0] || entry_of(image, dir, entry, sizeof(entry)) != 0)
        return false;
    if (access(entry, R_OK) != 0)
        add_to_cache(image, perf, dir);
    if (access(entry, R_OK) != 0)
        return false;
    return same_content(image->source, entry) || refresh(image->source, entry) == 0;
}

void images_cache(struct images *images, const char *perf, const char *cache)
{
    char dir[PATH_MAX];

    if (!images->count)
        return;
    if (cache ? !realpath(cache, dir) : default_cache(perf, dir, sizeof(dir)) != 0)
        return;
    for (size_t i = 0; i < images->count; i++)
        if (images->list[i].source[0])
            images->list[i].cached = is_cached(&images->list[i], perf, dir);
}

/* -- Removal ---------------------------------------------------------------------------------- */

static void mark_mapped(struct images *images, pid_t pid)
{
    struct process_mapping mapping;
    struct process_maps maps;

    if (process_maps_open(&maps, pid) != 0)
        return;
    while (process_maps_next(&maps, &mapping)) {
        struct image *image = find(images, mapping.path);
        if (image)
            image->mapped = true;
    }
    process_maps_close(&maps);
}

void images_remove(struct images *images)
{
    struct process_list processes;
    pid_t pid;

    if (images->count == 0 || process_list_open(&processes) != 0)
        return;
    while ((pid = process_list_next(&processes)) > 0)
        mark_mapped(images, pid);
    process_list_close(&processes);
    for (size_t i = 0; i < images->count; i++) {
        struct image *image = &images->list[i];
        if (!image->source[0])
            continue;
        if (!image->cached)
            images->kept_uncached++;
        else if (image->mapped)
            images->kept_alive++;
        else if (strcmp(image->source, image->path) == 0 && unlink(image->path) == 0)
            images->removed++;
    }
}
