/* Sections of an ELF file. */
#ifndef RUN_RECORDING_SECTIONS_H
#define RUN_RECORDING_SECTIONS_H

#include <gelf.h>
#include <stdint.h>

/* The first section of a type (SHT_*) or name, and its header; NULL if there is none. */
Elf_Scn *section_of_type(Elf *elf, uint32_t type, GElf_Shdr *header);
Elf_Scn *section_of_name(Elf *elf, const char *wanted, GElf_Shdr *header);

#endif
