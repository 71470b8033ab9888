#include "elf_file.h"

#include <fcntl.h>
#include <gelf.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "support.h"

struct elf_file elf_file_open(const char *path)
{
    elf_version(EV_CURRENT);
    struct elf_file file = {.fd = open(path, O_RDONLY | O_CLOEXEC)};
    ck_assert_int_ge(file.fd, 0);
    file.elf = elf_begin(file.fd, ELF_C_READ, NULL);
    ck_assert_ptr_nonnull(elf64_getehdr(file.elf));
    return file;
}

void elf_file_close(struct elf_file *file)
{
    elf_end(file->elf);
    close(file->fd);
}

Elf64_Shdr elf_file_section(const struct elf_file *file, const char *name, Elf_Data **data)
{
    size_t names;
    ck_assert_int_eq(elf_getshdrstrndx(file->elf, &names), 0);
    for (Elf_Scn *section = NULL; (section = elf_nextscn(file->elf, section)) != NULL;) {
        Elf64_Shdr *header = elf64_getshdr(section);
        if (strcmp(elf_strptr(file->elf, names, header->sh_name), name) != 0)
            continue;
        if (data != NULL)
            *data = elf_getdata(section, NULL);
        return *header;
    }
    ck_abort_msg("no section %s", name);
}

size_t elf_file_symbol_count(const struct elf_file *file)
{
    return elf_file_section(file, ".symtab", NULL).sh_size / sizeof(Elf64_Sym) - 1;
}

Elf64_Sym elf_file_symbol(const struct elf_file *file, size_t index, const char **name)
{
    Elf_Data *data;
    Elf64_Shdr header = elf_file_section(file, ".symtab", &data);
    GElf_Sym symbol;
    ck_assert_ptr_nonnull(gelf_getsym(data, (int)index + 1, &symbol));
    *name = elf_strptr(file->elf, header.sh_link, symbol.st_name);
    ck_assert_ptr_nonnull(*name);
    return symbol;
}

bool elf_file_names(const char *path, const char *name)
{
    struct elf_file file = elf_file_open(path);
    bool found = false;
    for (size_t i = 0; i < elf_file_symbol_count(&file) && !found; i++) {
        const char *present;
        elf_file_symbol(&file, i, &present);
        found = strcmp(present, name) == 0;
    }
    elf_file_close(&file);
    return found;
}

void elf_file_lint(const char *path)
{
    char command[512];
    snprintf(command, sizeof command, "eu-elflint --gnu-ld '%s'", path);
    if (system("command -v eu-elflint >/dev/null") != 0)
        support_skip("eu-elflint is not installed (package elfutils)");
    ck_assert_msg(system(command) == 0, "eu-elflint does not accept %s", path);
}
