/* Reads an image, or any ELF file, back through libelf. */
#ifndef PYPERF_TESTS_ELF_FILE_H
#define PYPERF_TESTS_ELF_FILE_H

#include <elf.h>
#include <libelf.h>
#include <stdbool.h>
#include <stddef.h>

struct elf_file {
    int fd;
    Elf *elf;
};

/* Fails the test when `path` is no 64-bit ELF file. */
struct elf_file elf_file_open(const char *path);
void elf_file_close(struct elf_file *file);

/* The section of that name: its header, and its data if `data` is not NULL.  Fails the test when
 * there is none. */
Elf64_Shdr elf_file_section(const struct elf_file *file, const char *name, Elf_Data **data);

/* Symbols besides the null one. */
size_t elf_file_symbol_count(const struct elf_file *file);

/* Symbol `index` (from 0), and its name, which lives until the file is closed. */
Elf64_Sym elf_file_symbol(const struct elf_file *file, size_t index, const char **name);

/* Whether a symbol of exactly that name is in the file at `path`. */
bool elf_file_names(const char *path, const char *name);

/* Fails the test unless eu-elflint finds nothing to say; skips it where there is no eu-elflint. */
void elf_file_lint(const char *path);

#endif
