#include "recording/kernel.h"
#include "recording/bytes.h"

#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* A mapping of "[kernel.kallsyms]_text", whose offset is the address of _text: in perf,
 * perf_event__synthesize_kernel_mmap(). */
void kernel_take(struct kernel *kernel, const struct record *record)
{
    enum {
        OFFSET = sizeof(struct perf_event_header) + 24, /* of struct perf_record_mmap and _mmap2 */
        NAME = OFFSET + 8,
        NAME2 = NAME + 32,
    };
    static const char dso[] = "[kernel.kallsyms]";
    size_t at = record->type == PERF_RECORD_MMAP2 ? NAME2 : NAME, length = sizeof dso - 1;
    const char *name = (const char *)record->bytes + at;

    if ((record->type != PERF_RECORD_MMAP && record->type != PERF_RECORD_MMAP2) ||
        record->size <= at + length || !memchr(name, '\0', record->size - at) ||
        strncmp(name, dso, length) != 0 || !name[length] ||
        strlen(name + length) >= sizeof kernel->anchor)
        return;
    strcpy(kernel->anchor, name + length);
    kernel->anchored = bytes_u64(record->bytes + OFFSET);
}

/* From the notes of the running kernel; without a size if there is none. */
static struct build_id running_id(void)
{
    unsigned char notes[4096];
    int fd = open("/sys/kernel/notes", O_RDONLY | O_CLOEXEC);
    ssize_t size = fd >= 0 ? read(fd, notes, sizeof notes) : -1;
    struct build_id id = {.size = 0};
    Elf64_Nhdr note;

    if (fd >= 0)
        close(fd);
    for (ssize_t at = 0; at + (ssize_t)sizeof note <= size;) {
        ssize_t name = at + (ssize_t)sizeof note, content;
        memcpy(&note, notes + at, sizeof note);
        content = name + (ssize_t)((note.n_namesz + 3U) & ~3U);
        at = content + (ssize_t)((note.n_descsz + 3U) & ~3U);
        if (at > size)
            break;
        if (note.n_type != NT_GNU_BUILD_ID || note.n_namesz != 4 || note.n_descsz > BUILD_ID_MAX ||
            memcmp(notes + name, "GNU", 4) != 0)
            continue;
        id.size = (unsigned char)note.n_descsz;
        memcpy(id.bytes, notes + content, id.size);
        break;
    }
    return id;
}

/* Where perf keeps its copy of the list; false if there is none. */
static bool copy_path(const struct kernel *kernel, char path[PATH_MAX])
{
    char id[BUILD_ID_TEXT];

    build_id_text(&kernel->build_id, id);
    return kernel->cache && id[0] &&
           snprintf(path, PATH_MAX, "%s/[kernel.kallsyms]/%s/kallsyms", kernel->cache, id) <
               PATH_MAX;
}

static FILE *open_list(const struct kernel *kernel)
{
    char path[PATH_MAX];

    if (kernel->runs)
        return fopen("/proc/kallsyms", "re");
    return copy_path(kernel, path) ? fopen(path, "re") : NULL;
}

/* "ffffffff81000000 T _text", and "\t[module]" behind a module's symbols.  Kept as two strings, the
 * second empty for the kernel itself.  perf gives each the room up to the next. */
static int read_line(struct kernel *kernel, char *line)
{
    char *name, *module, *end;
    uint64_t start = strtoull(line, &name, 16);
    struct symbol *symbol;
    char type;

    if (start == 0 || name[0] != ' ' || !kallsyms_is_function(name[1]) || name[2] != ' ')
        return 0;
    type = name[1];
    name += 3;
    end = name + strcspn(name, "\n");
    *end = '\0';
    module = strchr(name, '\t');
    if (module)
        *module = '\0';
    else
        end++; /* the line's end, as an empty string */
    if (strcmp(name, kernel->anchor) == 0)
        kernel->moved = kernel->anchored - start;
    if (symbols_add(&kernel->symbols, start, 0, name, (size_t)(end - name)) != 0)
        return -ENOMEM;
    symbol = &kernel->symbols.list[kernel->symbols.count - 1];
    symbol->global = type == 'T';
    symbol->weak = type == 'W' || type == 'w';
    return 0;
}

static void read_all(struct kernel *kernel)
{
    FILE *text = open_list(kernel);
    char *line = NULL;
    size_t room = 0;

    kernel->all_read = true;
    if (text) /* by itself libc reads /proc in pieces of 1 KiB */
        setvbuf(text, NULL, _IOFBF, 64 << 10);
    while (text && getline(&line, &room, text) > 0)
        if (read_line(kernel, line) != 0)
            break;
    free(line);
    if (text)
        fclose(text);
    symbols_finish(&kernel->symbols);
}

void kernel_read(struct kernel *kernel, const struct build_id *build_id, const char *cache)
{
    const struct build_id running = running_id();
    char path[PATH_MAX];

    kernel->runs = !build_id->size || (running.size && build_id_same(build_id, &running));
    kernel->build_id = kernel->runs ? running : *build_id;
    kernel->cache = cache;
    if (kernel->anchor[0] && copy_path(kernel, path))
        kallsyms_open(&kernel->own, path, kernel->anchor);
}

/* The copy may be older than modules and BPF programs, but the kernel's own symbols never change.
 * Each is kept when it is first found. */
static const char *own_name(struct kernel *kernel, uint64_t address)
{
    uint64_t moved = kernel->anchored - kernel->own.start;
    const char *kept = table_get(&kernel->own_names, address);
    struct kallsyms_name name;

    if (kept || !kallsyms_find(&kernel->own, address - moved, &name))
        return kept;
    kept = symbols_keep(&kernel->symbols, name.text, name.length);
    return kept && table_set(&kernel->own_names, address, (void *)kept) == 0 ? kept : NULL;
}

const char *kernel_name(struct kernel *kernel, uint64_t address, const char **file)
{
    const char *own = own_name(kernel, address), *module;
    const struct symbol *symbol;

    *file = "[kernel.kallsyms]";
    if (own)
        return own;
    if (!kernel->all_read)
        read_all(kernel);
    symbol = symbols_find(&kernel->symbols, address - kernel->moved);
    module = symbol ? symbol->name + strlen(symbol->name) + 1 : "";
    if (kernel->moved && *module) /* modules move each on its own */
        return NULL;
    if (*module)
        *file = module;
    return symbol ? symbol->name : NULL;
}

void kernel_free(struct kernel *kernel)
{
    symbols_free(&kernel->symbols);
    table_free(&kernel->own_names, NULL);
    kallsyms_close(&kernel->own);
}
