#include "recording/module.h"
#include "base/path.h"
#include "base/process.h"
#include "recording/jitmap.h"
#include "recording/rule.h"

#include <pyperf.h>

#include <elfutils/libdwelf.h>
#include <fcntl.h>
#include <gelf.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/stat.h>
#include <unistd.h>

static bool starts(const char *text, const char *beginning)
{
    return strncmp(text, beginning, strlen(beginning)) == 0;
}

/* Names that the kernel gives to memory that is not a file's: fs/proc/task_mmu.c, and what shared
 * and huge mappings without a file are called. */
bool module_is_memory(const char *path)
{
    return starts(path, "//anon") || starts(path, "/dev/zero") || starts(path, "/anon_hugepage") ||
           starts(path, "/SYSV") || starts(path, "/memfd:") || starts(path, "anon_inode:") ||
           starts(path, "[heap]") || starts(path, "[stack") || starts(path, "[anon");
}

struct module *module_new(const char *path, enum module_kind kind, const struct build_id *build_id,
                          uint32_t pid)
{
    struct module *module = calloc(1, sizeof *module);
    const char *name = path_base_name(path);

    if (!module)
        return NULL;
    module->fd = -1;
    module->build_id = *build_id;
    module->kind = kind;
    module->is_image = starts(name, "pyperf-") && strstr(name, ".so");
    module->is_library = strcmp(name, PYPERF_LIBRARY) == 0;
    module->is_greenlet = strstr(name, "greenlet") != NULL;
    module->pid = pid;
    module->path = strdup(path);
    if (!module->path) {
        free(module);
        return NULL;
    }
    return module;
}

static void close_file(struct module *module)
{
    if (module->cfi[0])
        dwarf_cfi_end(module->cfi[0]);
    if (module->dwarf)
        dwarf_end(module->dwarf);
    if (module->elf)
        elf_end(module->elf);
    if (module->fd >= 0)
        close(module->fd);
    module->fd = -1;
    module->elf = NULL;
    module->dwarf = NULL;
    module->cfi[0] = module->cfi[1] = NULL;
}

void module_free(void *value)
{
    struct module *module = value;

    table_free(&module->rules, rule_free);
    close_file(module);
    symbols_free(&module->symbols);
    free(module->segments);
    free(module->path);
    free(module);
}

static struct build_id id_of(Elf *elf)
{
    struct build_id id = {.size = 0};
    const void *bytes;
    ssize_t size = dwelf_elf_gnu_build_id(elf, &bytes);

    if (size > 0 && size <= BUILD_ID_MAX) {
        id.size = (unsigned char)size;
        memcpy(id.bytes, bytes, (size_t)size);
    }
    return id;
}

/* -- Finding the file ----------------------------------------------------------------------- */

/* Takes the file unless it is another one than was recorded. */
static bool try_file(struct module *module, const char *path)
{
    struct stat status;
    struct build_id id;

    module->fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    if (module->fd < 0)
        return false;
    if (fstat(module->fd, &status) == 0 && S_ISREG(status.st_mode))
        module->elf = elf_begin(module->fd, ELF_C_READ_MMAP, NULL);
    if (module->elf && elf_kind(module->elf) == ELF_K_ELF) {
        id = id_of(module->elf);
        if (!module->build_id.size || !id.size || build_id_same(&id, &module->build_id)) {
            if (!module->build_id.size)
                module->build_id = id;
            return true;
        }
    }
    close_file(module);
    return false;
}

/* DIR/.build-id/ab/cdef.../elf is what perf keeps today, without "elf" before perf 4.12. */
static bool try_cache(struct module *module, const char *cache)
{
    static const char *const names[] = {"/elf", "/vdso", ""};
    char id[BUILD_ID_TEXT], path[PATH_MAX];

    if (!cache || module->build_id.size < 2)
        return false;
    build_id_text(&module->build_id, id);
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (snprintf(path, sizeof path, "%s/.build-id/%.2s/%s%s", cache, id, id + 2, names[i]) <
                (int)sizeof path &&
            try_file(module, path))
            return true;
    return false;
}

/* A container's files: its processes' root folders lead to them, as long as one lives. */
static bool try_paths(struct module *module)
{
    char path[PATH_MAX];
    bool fits = snprintf(path, sizeof path, "/proc/%u/root%s", module->pid, module->path) <
                (int)sizeof path;
    bool elsewhere = process_elsewhere((pid_t)module->pid, "mnt");

    if (elsewhere && fits && try_file(module, path))
        return true;
    return try_file(module, module->path);
}

/* The vdso of this very kernel: its size is in its own section headers. */
static bool try_own_vdso(struct module *module)
{
    char *image = (char *)getauxval(AT_SYSINFO_EHDR); // NOLINT(performance-no-int-to-ptr)
    Elf64_Ehdr header;
    struct build_id id;

    if (!image)
        return false;
    memcpy(&header, image, sizeof header);
    module->elf = elf_memory(image, header.e_shoff + (size_t)header.e_shnum * header.e_shentsize);
    if (!module->elf)
        return false;
    id = id_of(module->elf);
    if (!module->build_id.size || build_id_same(&id, &module->build_id))
        return true;
    close_file(module);
    return false;
}

/* A file with debug information for a stripped one: Debian's place, by build-id. */
static Elf *open_debug_file(const struct module *module, int *fd)
{
    char id[BUILD_ID_TEXT], path[PATH_MAX];
    Elf *elf;

    if (module->build_id.size < 2)
        return NULL;
    build_id_text(&module->build_id, id);
    snprintf(path, sizeof path, "/usr/lib/debug/.build-id/%.2s/%s.debug", id, id + 2);
    *fd = open(path, O_RDONLY | O_CLOEXEC);
    elf = *fd >= 0 ? elf_begin(*fd, ELF_C_READ_MMAP, NULL) : NULL;
    if (!elf && *fd >= 0)
        close(*fd);
    return elf;
}

/* -- Reading it ----------------------------------------------------------------------------- */

static void read_segments(struct module *module)
{
    size_t count = 0;
    GElf_Phdr header;

    if (elf_getphdrnum(module->elf, &count) != 0 || !count)
        return;
    module->segments = calloc(count, sizeof *module->segments);
    for (int i = 0; module->segments && i < (int)count; i++)
        if (gelf_getphdr(module->elf, i, &header) && header.p_type == PT_LOAD)
            module->segments[module->segment_count++] =
                (struct module_segment){header.p_offset, header.p_filesz, header.p_vaddr};
}

static void read_symbols(struct module *module)
{
    bool found = symbols_add_table(&module->symbols, module->elf, false) == 0;
    int fd = -1;
    Elf *debug = found ? NULL : open_debug_file(module, &fd);

    if (debug) {
        found = symbols_add_table(&module->symbols, debug, false) == 0;
        elf_end(debug);
        close(fd);
    }
    if (!found)
        symbols_add_table(&module->symbols, module->elf, true);
    symbols_add_plt(&module->symbols, module->elf);
    symbols_finish(&module->symbols);
}

static void read_unwind_tables(struct module *module)
{
    module->cfi[0] = dwarf_getcfi_elf(module->elf);
    module->dwarf = dwarf_begin_elf(module->elf, DWARF_C_READ, NULL);
    module->cfi[1] = module->dwarf ? dwarf_getcfi(module->dwarf) : NULL;
}

void module_open(struct module *module, const struct module_places *places)
{
    bool found;

    if (module->opened)
        return;
    module->opened = true;
    elf_version(EV_CURRENT);
    if (module->kind == MODULE_MAP) {
        jitmap_read(&module->symbols, module->path);
        return;
    }
    /* An image that its process still adds names to has more of them than a copy in the cache. */
    found = (module->kind == MODULE_FILE && try_paths(module)) ||
            try_cache(module, places->cache) ||
            (module->kind == MODULE_VDSO && try_own_vdso(module));
    if (!found)
        return;
    read_segments(module);
    read_symbols(module);
    read_unwind_tables(module);
}

/* The last page of a segment may be mapped beyond its end. */
uint64_t module_address(const struct module *module, const struct mapping *mapping,
                        uint64_t address)
{
    enum { PAGE = 65536 };
    uint64_t offset = address - mapping->start + mapping->offset;

    if (module->kind == MODULE_MAP)
        return address;

    for (size_t i = 0; i < module->segment_count; i++) {
        const struct module_segment *segment = &module->segments[i];
        if (offset >= segment->offset && offset - segment->offset < segment->size)
            return segment->address + (offset - segment->offset);
    }
    for (size_t i = 0; i < module->segment_count; i++) {
        const struct module_segment *segment = &module->segments[i];
        if (offset + PAGE >= segment->offset && offset < segment->offset + segment->size + PAGE)
            return segment->address + (offset - segment->offset);
    }
    return offset;
}
