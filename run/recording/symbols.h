/* Names of address ranges: of an ELF file, a perf map or the kernel. */
#ifndef RUN_RECORDING_SYMBOLS_H
#define RUN_RECORDING_SYMBOLS_H

#include <libelf.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct symbol {
    uint64_t start, end; /* end is the first address behind it */
    uint32_t order;      /* as they were added */
    bool typed, weak, global;
    const char *name;
};

struct symbols {
    struct symbol *list; /* sorted after symbols_finish() */
    size_t count, room;
    struct symbols_text *text; /* where names are kept */
};

/* Adds one; `size` 0: it goes on to the next symbol.  The name is copied.  0 or -ENOMEM. */
int symbols_add(struct symbols *symbols, uint64_t start, uint64_t size, const char *name,
                size_t length);

/* Keeps a copy of a name as long as the symbols, without adding one.  NULL: no memory. */
const char *symbols_keep(struct symbols *symbols, const char *name, size_t length);

/* Adds the functions of .symtab or, with `dynamic`, of .dynsym; C++ names are demangled.
 * 0, -ENOENT if there is no such table, or -ENOMEM. */
int symbols_add_table(struct symbols *symbols, Elf *elf, bool dynamic);

/* Adds "NAME@plt" for each entry of the procedure linkage table.  0 or -ENOMEM. */
int symbols_add_plt(struct symbols *symbols, Elf *elf);

/* Sorts, and of several symbols at one address keeps the one that perf would show. */
void symbols_finish(struct symbols *symbols);

/* The innermost one that covers the address; NULL if there is none. */
const struct symbol *symbols_find(const struct symbols *symbols, uint64_t address);

void symbols_free(struct symbols *symbols);

#endif
