/*
 * Describes images to gdb; see gdb.h.
 *
 * Each description is a small ELF object in memory: an empty .text where the slots are, one
 * unwind entry for all of them, and one symbol.  The entry says what holds while a slot's callee
 * runs, so everywhere in a backtrace but in a slot that was itself stopped at its first or last
 * instructions.
 */
#include "gdb.h"

#include <elf.h>
#include <stdint.h>
#include <string.h>

#include "arch.h"
#include "exported.h"
#include "image.h"

/* -- The interface -------------------------------------------------------------------------- */

enum { INTERFACE_VERSION = 1, REGISTER = 1, TABLE_SIZE = 64 };

struct code_entry {
    struct code_entry *next, *previous;
    const void *symfile;
    uint64_t symfile_size;
};

struct descriptor {
    uint32_t version;
    uint32_t action;
    struct code_entry *relevant, *first;
};

extern EXPORTED struct descriptor __jit_debug_descriptor;
EXPORTED void __jit_debug_register_code(void);

struct descriptor __jit_debug_descriptor = {.version = INTERFACE_VERSION};

/* gdb stops here and reads the list. */
__attribute__((noinline)) void __jit_debug_register_code(void)
{
    __asm__ volatile("" ::: "memory");
}

/* -- One description ------------------------------------------------------------------------ */

enum section { SECTION_NULL, SECTION_TEXT, SECTION_EH_FRAME, SECTION_SYMTAB, SECTION_STRTAB };
enum { SECTION_COUNT = SECTION_STRTAB + 1, CFI_SIZE = 16 };

static const char strings[] = "\0.text\0.eh_frame\0.symtab\0.strtab\0py::<trampoline>";
enum { /* offsets into strings */
       NAME_TEXT = 1,
       NAME_EH_FRAME = NAME_TEXT + sizeof ".text",
       NAME_SYMTAB = NAME_EH_FRAME + sizeof ".eh_frame",
       NAME_STRTAB = NAME_SYMTAB + sizeof ".symtab",
       NAME_SLOTS = NAME_STRTAB + sizeof ".strtab",
};

static const unsigned char cfi_program[] = {PYPERF_ARCH_BODY_PROGRAM};
_Static_assert(sizeof cfi_program <= CFI_SIZE, "CFI_SIZE too small");

/* .eh_frame (LSB core 10.6): addresses are absolute. */
struct unwind {
    struct {
        uint32_t length, id;
        unsigned char version, augmentation[3];
        unsigned char code_align, data_align, return_register, augmentation_size, encoding;
        unsigned char program[CFI_SIZE + 3];
    } cie;
    struct {
        uint32_t length, cie_distance;
        uint64_t start, size;
        unsigned char augmentation_size, padding[7];
    } fde;
    uint32_t end;
};

struct symfile {
    Elf64_Ehdr header;
    Elf64_Shdr sections[SECTION_COUNT];
    struct unwind unwind;
    Elf64_Sym symbols[2];
    char strings[sizeof strings];
};

static void fill_unwind(struct unwind *unwind, uintptr_t text, size_t size)
{
    unwind->cie.length = sizeof unwind->cie - sizeof unwind->cie.length;
    unwind->cie.version = 1;
    memcpy(unwind->cie.augmentation, "zR", 3);
    unwind->cie.code_align = PYPERF_ARCH_CODE_ALIGN;
    unwind->cie.data_align = 0x78; /* SLEB128 of -8 */
    unwind->cie.return_register = PYPERF_ARCH_RETURN_REG;
    unwind->cie.augmentation_size = 1;
    memcpy(unwind->cie.program, cfi_program, sizeof cfi_program);
    if (!pyperf_arch_signs((const void *)text))
        pyperf_arch_unsign(NULL, 0, unwind->cie.program, sizeof cfi_program);
    unwind->fde.length = sizeof unwind->fde - sizeof unwind->fde.length;
    unwind->fde.cie_distance =
        offsetof(struct unwind, fde.cie_distance) - offsetof(struct unwind, cie);
    unwind->fde.start = text;
    unwind->fde.size = size;
}

static void fill(struct symfile *file, uintptr_t text, size_t size)
{
    file->header = (Elf64_Ehdr){
        .e_ident = {ELFMAG0, ELFMAG1, ELFMAG2, ELFMAG3, ELFCLASS64, ELFDATA2LSB, EV_CURRENT},
        .e_type = ET_REL, /* gdb takes the sections' addresses as they stand */
        .e_machine = PYPERF_ARCH_MACHINE,
        .e_version = EV_CURRENT,
        .e_shoff = offsetof(struct symfile, sections),
        .e_ehsize = sizeof(Elf64_Ehdr),
        .e_shentsize = sizeof(Elf64_Shdr),
        .e_shnum = SECTION_COUNT,
        .e_shstrndx = SECTION_STRTAB,
    };
    file->sections[SECTION_TEXT] = (Elf64_Shdr){.sh_name = NAME_TEXT,
                                                .sh_type = SHT_NOBITS,
                                                .sh_flags = SHF_ALLOC | SHF_EXECINSTR,
                                                .sh_addr = text,
                                                .sh_size = size,
                                                .sh_addralign = PYPERF_ARCH_SLOT_SIZE};
    file->sections[SECTION_EH_FRAME] = (Elf64_Shdr){.sh_name = NAME_EH_FRAME,
                                                    .sh_type = SHT_PROGBITS,
                                                    .sh_flags = SHF_ALLOC,
                                                    .sh_addr = (uintptr_t)&file->unwind,
                                                    .sh_offset = offsetof(struct symfile, unwind),
                                                    .sh_size = sizeof file->unwind,
                                                    .sh_addralign = 8};
    file->sections[SECTION_SYMTAB] = (Elf64_Shdr){.sh_name = NAME_SYMTAB,
                                                  .sh_type = SHT_SYMTAB,
                                                  .sh_offset = offsetof(struct symfile, symbols),
                                                  .sh_size = sizeof file->symbols,
                                                  .sh_link = SECTION_STRTAB,
                                                  .sh_info = 1,
                                                  .sh_addralign = 8,
                                                  .sh_entsize = sizeof(Elf64_Sym)};
    file->sections[SECTION_STRTAB] = (Elf64_Shdr){.sh_name = NAME_STRTAB,
                                                  .sh_type = SHT_STRTAB,
                                                  .sh_offset = offsetof(struct symfile, strings),
                                                  .sh_size = sizeof strings,
                                                  .sh_addralign = 1};
    fill_unwind(&file->unwind, text, size);
    file->symbols[1] = (Elf64_Sym){.st_name = NAME_SLOTS,
                                   .st_info = ELF64_ST_INFO(STB_GLOBAL, STT_FUNC),
                                   .st_shndx = SECTION_TEXT,
                                   .st_value = 0, /* relative to the section, in ET_REL */
                                   .st_size = size};
    memcpy(file->strings, strings, sizeof strings);
}

void pyperf_gdb_add(const struct pyperf_image *image)
{
    static struct {
        struct code_entry entry;
        struct symfile file;
    } table[TABLE_SIZE];
    static unsigned count;
    if (count == TABLE_SIZE)
        return;
    struct code_entry *entry = &table[count].entry;
    struct symfile *file = &table[count++].file;
    fill(file, image->text, (size_t)image->capacity * PYPERF_ARCH_SLOT_SIZE);
    entry->symfile = file;
    entry->symfile_size = sizeof *file;
    entry->next = __jit_debug_descriptor.first;
    if (entry->next != NULL)
        entry->next->previous = entry;
    __jit_debug_descriptor.first = __jit_debug_descriptor.relevant = entry;
    __jit_debug_descriptor.action = REGISTER;
    __jit_debug_register_code();
}
