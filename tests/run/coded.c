#include "coded.h"

#include <elf.h>
#include <stdlib.h>
#include <string.h>

enum { SECTION_NAMES = 1, SECTION_STRINGS, SECTION_SYMBOLS, SECTION_CODE, SECTIONS };

static const char names[] = "\0.shstrtab\0.strtab\0.symtab\0" PYPERF_CODE_SECTION;
static const char strings[] = "\0py::f:/f.py";
enum { AT_STRTAB = 11, AT_SYMTAB = 19, AT_CODE = 27 }; /* in `names` */

static size_t put(struct coded *coded, const void *bytes, size_t size)
{
    size_t at = coded->size;

    if (size > sizeof coded->bytes - at)
        abort();
    if (bytes)
        memcpy(coded->bytes + at, bytes, size);
    coded->size += size;
    return at;
}

static void align(struct coded *coded)
{
    static const char zeros[8];
    put(coded, zeros, -coded->size & 7);
}

void coded_row(struct coded *rows, const struct pyperf_code_row *row, uint64_t elsewhere,
               const void *lines)
{
    put(rows, row, sizeof *row);
    if (row->slot == PYPERF_CODE_ELSEWHERE)
        put(rows, &elsewhere, sizeof elsewhere);
    put(rows, lines, row->lines_size);
}

void coded_clock(struct coded *rows, uint64_t time, uint32_t format)
{
    const struct pyperf_code_row clock = {
        .bytecode = time, .length = format, .slot = PYPERF_CODE_CLOCK};

    coded_row(rows, &clock, 0, NULL);
}

void coded_image(struct coded *image, const void *rows, size_t size)
{
    Elf64_Ehdr header = {
        .e_ident = {ELFMAG0, ELFMAG1, ELFMAG2, ELFMAG3, ELFCLASS64, ELFDATA2LSB, EV_CURRENT},
        .e_type = ET_DYN,
        .e_version = EV_CURRENT,
        .e_ehsize = sizeof(Elf64_Ehdr),
        .e_shentsize = sizeof(Elf64_Shdr),
        .e_shnum = SECTIONS,
        .e_shstrndx = SECTION_NAMES,
    };
    Elf64_Shdr sections[SECTIONS] = {
        [SECTION_NAMES] = {.sh_name = 1, .sh_type = SHT_STRTAB, .sh_size = sizeof names},
        [SECTION_STRINGS] = {.sh_name = AT_STRTAB,
                             .sh_type = SHT_STRTAB,
                             .sh_size = sizeof strings},
        [SECTION_SYMBOLS] = {.sh_name = AT_SYMTAB,
                             .sh_type = SHT_SYMTAB,
                             .sh_size = (CODED_SLOTS + 1) * sizeof(Elf64_Sym),
                             .sh_link = SECTION_STRINGS,
                             .sh_info = 1,
                             .sh_addralign = 8,
                             .sh_entsize = sizeof(Elf64_Sym)},
        [SECTION_CODE] = {.sh_name = AT_CODE, .sh_type = SHT_PROGBITS, .sh_size = size},
    };
    Elf64_Sym symbols[CODED_SLOTS + 1] = {{.st_name = 0}};

    for (unsigned i = 0; i < CODED_SLOTS; i++)
        symbols[i + 1] = (Elf64_Sym){.st_name = 1,
                                     .st_info = ELF64_ST_INFO(STB_GLOBAL, STT_FUNC),
                                     .st_shndx = SHN_ABS,
                                     .st_value = CODED_TEXT + i * CODED_SLOT,
                                     .st_size = CODED_SLOT};
    image->size = 0;
    put(image, &header, sizeof header);
    sections[SECTION_SYMBOLS].sh_offset = put(image, symbols, sizeof symbols);
    sections[SECTION_NAMES].sh_offset = put(image, names, sizeof names);
    sections[SECTION_STRINGS].sh_offset = put(image, strings, sizeof strings);
    align(image);
    header.e_shoff = image->size;
    for (unsigned i = SECTION_CODE; i < SECTIONS; i++)
        sections[i].sh_offset = image->size + sizeof sections;
    put(image, sections, sizeof sections);
    put(image, rows, size);
    memcpy(image->bytes, &header, sizeof header);
}
