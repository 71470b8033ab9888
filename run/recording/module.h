/*
 * A file that a recording's addresses lie in: its symbols, and how to unwind through its code.
 * Everything is read when it is first asked for, and a damaged file only knows less.
 */
#ifndef RUN_RECORDING_MODULE_H
#define RUN_RECORDING_MODULE_H

#include "recording/spaces.h"
#include "recording/symbols.h"
#include "recording/table.h"

#include <elfutils/libdw.h>
#include <stdbool.h>
#include <stdint.h>

enum module_kind {
    MODULE_FILE,
    MODULE_VDSO,
    MODULE_MAP, /* memory without a file: /tmp/perf-PID.map may have names */
};

struct module_segment {
    uint64_t offset, size, address; /* of the file's bytes, and where they are linked to */
};

struct module {
    char *path; /* as the process saw it; what perf calls the DSO */
    struct build_id build_id;
    enum module_kind kind;
    bool is_image, is_library; /* one of the library's images, or the library itself: by its name */
    bool is_greenlet;          /* greenlet's, which has each greenlet's first frame: likewise */
    uint32_t pid;              /* of the process that mapped it first */
    bool opened;

    int fd;
    Elf *elf; /* NULL: there is no such file, or not the one that was recorded */
    Dwarf *dwarf;
    Dwarf_CFI *cfi[2]; /* of .eh_frame and .debug_frame; each NULL if there is none */
    struct module_segment *segments;
    size_t segment_count;
    struct symbols symbols;
    struct table rules; /* address + 1 -> struct rule (rule.h) */
};

/* Where else files are looked for than at their paths. */
struct module_places {
    const char *cache; /* perf's build-id cache; NULL: none */
};

/* Is this what the kernel calls memory that no file backs? */
bool module_is_memory(const char *path);

/* NULL only for want of memory.  For memory without a file, `path` is that of its process's perf
 * map, and `kind` says so.  `build_id` is copied. */
struct module *module_new(const char *path, enum module_kind kind, const struct build_id *build_id,
                          uint32_t pid);
void module_free(void *value); /* a struct module; void as a table releases it */

/* Finds and opens the file, unless that was done before. */
void module_open(struct module *module, const struct module_places *places);

/* The address, as symbols and unwind tables know it, of what is mapped at `address`.  Open modules
 * only. */
uint64_t module_address(const struct module *module, const struct mapping *mapping,
                        uint64_t address);

#endif
