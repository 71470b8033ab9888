/* The image's unwind tables: the same as the assembler makes from trampoline_*.S, for each slot. */
#include <dwarf.h>
#include <elfutils/libdw.h>
#include <stdlib.h>
#include <string.h>

#include "arch.h"
#include "elf_file.h"
#include "image.h"
#include "machine.h"
#include "pyperf.h"
#include "support.h"
#include "trampoline.h"

enum { CAPACITY = 1000 };

static struct pyperf_image image;

static void create(void)
{
    ck_assert_int_eq(
        pyperf_image_create(&image, support_directory(), 0, CAPACITY, 0, PYPERF_IMAGE_MODE), 0);
}

/* One FDE and its CIE.  The fields that an encoding spreads out are decoded, the programs are as
 * they stand in the file, without padding. */
struct unwind_entry {
    uint64_t fde, start, size; /* addresses as in the file */
    Dwarf_CIE cie;
    uint8_t cie_program[64], program[64];
    size_t cie_program_size, program_size;
};

static size_t copy_program(uint8_t to[64], const uint8_t *from, const uint8_t *end)
{
    while (end > from && end[-1] == 0) /* DW_CFA_nop */
        end--;
    ck_assert_int_le(end - from, 64);
    memcpy(to, from, (size_t)(end - from));
    return (size_t)(end - from);
}

/* The first FDE, from file offset `at` in .eh_frame on, that covers `address`. */
static struct unwind_entry find_entry(const struct elf_file *file, uint64_t address, Dwarf_Off at)
{
    Elf_Data *data;
    Elf64_Shdr section = elf_file_section(file, ".eh_frame", &data);
    const uint8_t *bytes = data->d_buf;
    const unsigned char *ident = (const unsigned char *)elf_getident(file->elf, NULL);
    Dwarf_CFI_Entry found, cie;
    Dwarf_Off next;
    for (; dwarf_next_cfi(ident, data, true, at, &next, &found) == 0; at = next) {
        if (dwarf_cfi_cie_p(&found))
            continue;
        Dwarf_Off after;
        ck_assert_int_eq(dwarf_next_cfi(ident, data, true, found.fde.CIE_pointer, &after, &cie), 0);
        /* Both are made with "zR" and DW_EH_PE_pcrel | DW_EH_PE_sdata4; no FDE has more than 127
         * bytes of augmentation. */
        if (strcmp(cie.cie.augmentation, "zR") != 0 || cie.cie.augmentation_data[0] != 0x1b)
            continue;
        int32_t relative;
        uint32_t size;
        memcpy(&relative, found.fde.start, sizeof relative);
        memcpy(&size, found.fde.start + 4, sizeof size);
        uint64_t start =
            section.sh_addr + (uint64_t)(found.fde.start - bytes) + (uint64_t)(int64_t)relative;
        if (address - start >= size)
            continue;
        struct unwind_entry entry = {
            .fde = section.sh_addr + at, .start = start, .size = size, .cie = cie.cie};
        entry.cie_program_size = copy_program(entry.cie_program, cie.cie.initial_instructions,
                                              cie.cie.initial_instructions_end);
        entry.program_size =
            copy_program(entry.program, found.fde.start + 9 + found.fde.start[8], found.fde.end);
        return entry;
    }
    ck_abort_msg("no FDE for %#lx", (unsigned long)address);
}

static uint64_t template_address(const struct elf_file *file)
{
    const char *name;
    for (size_t i = 0; i < elf_file_symbol_count(file); i++) {
        Elf64_Sym symbol = elf_file_symbol(file, i, &name);
        if (strcmp(name, "pyperf_trampoline") == 0)
            return symbol.st_value;
    }
    ck_abort_msg("this program has no pyperf_trampoline");
}

START_TEST(every_entry_equals_the_assemblers)
{
    struct elf_file own = elf_file_open("/proc/self/exe");
    struct unwind_entry expected = find_entry(&own, template_address(&own), 0);
    ck_assert_uint_gt(expected.program_size, 8);

    create();
    struct elf_file file = elf_file_open(image.path);
    Dwarf_Off from = 0;
    for (unsigned i = 0; i < CAPACITY; i++) {
        uint64_t slot = image.text - image.base + (uint64_t)i * PYPERF_ARCH_SLOT_SIZE;
        struct unwind_entry entry = find_entry(&file, slot + PYPERF_ARCH_SLOT_SIZE - 1, from);
        from = entry.fde - elf_file_section(&file, ".eh_frame", NULL).sh_addr;
        ck_assert_uint_eq(entry.start, slot);
        ck_assert_uint_eq(entry.size, expected.size);
        ck_assert_uint_eq(entry.cie.code_alignment_factor, expected.cie.code_alignment_factor);
        ck_assert_int_eq(entry.cie.data_alignment_factor, expected.cie.data_alignment_factor);
        ck_assert_uint_eq(entry.cie.return_address_register, expected.cie.return_address_register);
        ck_assert_uint_eq(entry.cie_program_size, expected.cie_program_size);
        ck_assert_mem_eq(entry.cie_program, expected.cie_program, expected.cie_program_size);
        ck_assert_uint_eq(entry.program_size, expected.program_size);
        ck_assert_mem_eq(entry.program, expected.program, expected.program_size);
    }
    elf_file_close(&file);
    elf_file_close(&own);
}
END_TEST

START_TEST(the_template_fills_a_slot)
{
    struct elf_file own = elf_file_open("/proc/self/exe");
    struct unwind_entry entry = find_entry(&own, template_address(&own), 0);
    ck_assert_uint_eq(entry.size, PYPERF_ARCH_SLOT_SIZE);
    elf_file_close(&own);
}
END_TEST

/* LSB core 10.6.2: four encodings, where .eh_frame is, how many entries, and the sorted table. */
struct search_table {
    uint8_t version, eh_frame_encoding, count_encoding, table_encoding;
    int32_t eh_frame;
    uint32_t count;
    struct {
        int32_t slot, fde;
    } rows[];
};

START_TEST(the_search_table_finds_every_slot)
{
    create();
    struct elf_file file = elf_file_open(image.path);
    Elf_Data *data;
    Elf64_Shdr header = elf_file_section(&file, ".eh_frame_hdr", &data);
    Elf64_Shdr frames = elf_file_section(&file, ".eh_frame", NULL);
    const struct search_table *table = data->d_buf;
    ck_assert_uint_eq(table->version, 1);
    ck_assert_uint_eq(table->eh_frame_encoding, 0x1b); /* pcrel | sdata4 */
    ck_assert_uint_eq(table->count_encoding, 0x03);    /* udata4 */
    ck_assert_uint_eq(table->table_encoding, 0x3b);    /* datarel | sdata4 */
    ck_assert_uint_eq(header.sh_addr + 4 + (uint64_t)(int64_t)table->eh_frame, frames.sh_addr);
    ck_assert_uint_eq(table->count, CAPACITY);
    ck_assert_uint_le(sizeof *table + CAPACITY * sizeof table->rows[0], header.sh_size);
    for (unsigned i = 0; i < CAPACITY; i++) {
        uint64_t slot = header.sh_addr + (uint64_t)(int64_t)table->rows[i].slot;
        uint64_t fde = header.sh_addr + (uint64_t)(int64_t)table->rows[i].fde;
        ck_assert_uint_eq(slot, image.text - image.base + (uint64_t)i * PYPERF_ARCH_SLOT_SIZE);
        struct unwind_entry entry = find_entry(&file, slot, fde - frames.sh_addr);
        ck_assert_uint_eq(entry.fde, fde);
        ck_assert_uint_eq(entry.start, slot);
    }
    elf_file_close(&file);
}
END_TEST

START_TEST(the_process_sees_the_same_tables)
{
    create();
    char *file = support_read(image.path, NULL);
    ck_assert_mem_eq((void *)image.base, file, image.end - image.base);
    free(file);
}
END_TEST

/* A callee's epilogue may have restored the frame pointer while its own rule still looks for it
 * below the stack pointer (GCC's do), where perf copies nothing: it is unknown then. */
START_TEST(no_frame_is_found_by_the_frame_pointer)
{
    create();
    struct elf_file file = elf_file_open(image.path);
    Dwarf_CFI *cfi = dwarf_getcfi_elf(file.elf);
    ck_assert_ptr_nonnull(cfi);
    for (uint64_t at = 0; at < PYPERF_ARCH_SLOT_SIZE; at++) {
        Dwarf_Frame *frame;
        Dwarf_Op *rule;
        size_t length;
        ck_assert_int_eq(dwarf_cfi_addrframe(cfi, image.text - image.base + at, &frame), 0);
        ck_assert_int_eq(dwarf_frame_cfa(frame, &rule, &length), 0);
        ck_assert_uint_eq(length, 1);
        ck_assert_msg(rule->atom == DW_OP_bregx && rule->number == DWARF_STACK_POINTER,
                      "offset %u: operation %#x, register %u", (unsigned)at, rule->atom,
                      (unsigned)rule->number);
        free(frame);
    }
    dwarf_cfi_end(cfi);
    elf_file_close(&file);
}
END_TEST

SUPPORT_MAIN(no_frame_is_found_by_the_frame_pointer, every_entry_equals_the_assemblers,
             the_template_fills_a_slot, the_search_table_finds_every_slot,
             the_process_sees_the_same_tables)
