/*
 * The ELF file around the sections.  Addresses are file offsets, so that consumers need not tell
 * them apart.  Format: System V gABI 4.1 chapters 4 and 5.
 */
#include "lines/debug.h"
#include "lines/line_file.h"
#include "recording/processor.h"

#include <errno.h>
#include <fcntl.h>
#include <libelf.h>
#include <stdlib.h>
#include <string.h>

enum section {
    SECTION_NULL,
    SECTION_NOTE,
    SECTION_TEXT,
    SECTION_SYMTAB,
    SECTION_STRTAB,
    SECTION_DEBUG, /* in the order of enum debug_section */
    SECTION_SHSTRTAB = SECTION_DEBUG + DEBUG_SECTIONS,
    SECTION_COUNT
};

static const char section_names[] = "\0.note.gnu.build-id\0.text\0.symtab\0.strtab\0.debug_info"
                                    "\0.debug_abbrev\0.debug_line\0.debug_aranges\0.shstrtab";

enum { HOLE = 1 << 12 }; /* a block of nearly every file system; headers and note fit in it */
enum { PROGRAM_HEADERS = 4, NOTE_AT = sizeof(Elf64_Ehdr) + PROGRAM_HEADERS * sizeof(Elf64_Phdr) };

struct note {
    Elf64_Nhdr header;
    char name[4];
    unsigned char build_id[BUILD_ID_MAX];
};

struct output {
    Elf *elf;
    uint64_t text_size, end; /* of the file so far */
    unsigned char *text;
    struct note note;
    Elf64_Sym *symbols;
    struct text debug[DEBUG_SECTIONS];
};

/* -- What sections hold --------------------------------------------------------------------- */

static void put_nop(const struct output *output, uint64_t address)
{
    memcpy(output->text + (address - LINE_FILE_TEXT), processor_here.nop,
           sizeof processor_here.nop);
}

/* An instruction for each line that has a row in the line table. */
static void put_nops(const struct output *output, const struct range *range)
{
    unsigned index = range_next_asked(range, 0), next;

    put_nop(output, range->address);
    for (; index < range->lines; index = next) {
        next = range_next_asked(range, index + 1);
        if (next == range->lines || next - index > RANGE_GAP_MOST)
            put_nop(output, range_address(range, index));
        else
            for (unsigned i = index; i < next; i++)
                put_nop(output, range_address(range, i));
    }
}

static int make_text(struct output *output, const struct line_file *file)
{
    _Static_assert(sizeof processor_here.nop == ADDRESSES, "an instruction for each line");

    output->text = calloc(1, output->text_size + 1); /* 0 bytes might be NULL */
    if (!output->text)
        return -ENOMEM;
    for (const struct range *range = file->ranges; range; range = range->next)
        put_nops(output, range);
    return 0;
}

static int make_symbols(struct output *output, const struct line_file *file)
{
    Elf64_Sym *symbol = calloc(file->range_count + 1, sizeof *symbol);

    output->symbols = symbol;
    if (!symbol)
        return -ENOMEM;
    for (const struct range *range = file->ranges; range; range = range->next)
        *++symbol = (Elf64_Sym){.st_name = range->name,
                                .st_info = ELF64_ST_INFO(STB_LOCAL, STT_FUNC),
                                .st_shndx = SECTION_TEXT,
                                .st_value = range->address,
                                .st_size = range_size(range)};
    return 0;
}

/* FNV-1a, as in recording/table.c. */
static uint64_t hash(const void *bytes, size_t size)
{
    uint64_t value = 0xcbf29ce484222325ULL;

    for (size_t i = 0; i < size; i++)
        value = (value ^ ((const unsigned char *)bytes)[i]) * 0x100000001b3ULL;
    return value;
}

/* Of three sections that together say all: addresses, names, and lines with their files. */
static void make_note(struct output *output, const struct line_file *file, struct build_id *id)
{
    const struct text *lines = &output->debug[DEBUG_LINE];
    uint64_t names = hash(file->names.bytes, file->names.size);
    uint64_t rows = hash(lines->bytes, lines->size);
    uint32_t addresses =
        (uint32_t)hash(output->symbols, (file->range_count + 1) * sizeof *output->symbols);

    *id = (struct build_id){.size = BUILD_ID_MAX};
    memcpy(id->bytes, &names, sizeof names);
    memcpy(id->bytes + sizeof names, &rows, sizeof rows);
    memcpy(id->bytes + sizeof names + sizeof rows, &addresses, sizeof addresses);
    output->note = (struct note){
        .header = {.n_namesz = 4, .n_descsz = BUILD_ID_MAX, .n_type = NT_GNU_BUILD_ID},
        .name = "GNU"};
    memcpy(output->note.build_id, id->bytes, BUILD_ID_MAX);
}

/* -- Sections ------------------------------------------------------------------------------- */

/* Sections come in their order: so does the file.  `bytes` stay until it is written. */
static int add_section(struct output *output, Elf64_Shdr header, void *bytes, Elf_Type type)
{
    Elf_Scn *section = elf_newscn(output->elf);
    Elf64_Shdr *place = section ? elf64_getshdr(section) : NULL;
    const char *name = section_names;
    Elf_Data *data;

    if (!place)
        return -ENOMEM;
    for (size_t i = elf_ndxscn(section); i; i--)
        name += strlen(name) + 1;
    header.sh_name = (Elf64_Word)(name - section_names);
    output->end = (output->end + header.sh_addralign - 1) & -header.sh_addralign;
    header.sh_offset = output->end;
    output->end += header.sh_size;
    *place = header;
    data = elf_newdata(section);
    if (!data)
        return -ENOMEM;
    data->d_buf = bytes;
    data->d_size = header.sh_size;
    data->d_align = header.sh_addralign;
    data->d_type = type;
    return 0;
}

static int add_sections(struct output *output, const struct line_file *file)
{
    const Elf64_Shdr note = {.sh_type = SHT_NOTE,
                             .sh_flags = SHF_ALLOC,
                             .sh_addr = NOTE_AT,
                             .sh_size = sizeof output->note,
                             .sh_addralign = 4};
    const Elf64_Shdr text = {.sh_type = SHT_PROGBITS,
                             .sh_flags = SHF_ALLOC | SHF_EXECINSTR,
                             .sh_addr = LINE_FILE_TEXT,
                             .sh_size = output->text_size,
                             .sh_addralign = LINE_FILE_TEXT};
    const Elf64_Shdr symbols = {.sh_type = SHT_SYMTAB,
                                .sh_size = (file->range_count + 1) * sizeof(Elf64_Sym),
                                .sh_link = SECTION_STRTAB,
                                .sh_info = (Elf64_Word)file->range_count + 1, /* all are local */
                                .sh_addralign = 8,
                                .sh_entsize = sizeof(Elf64_Sym)};
    const Elf64_Shdr names = {
        .sh_type = SHT_STRTAB, .sh_size = file->names.size, .sh_addralign = 1};
    const Elf64_Shdr section_strings = {
        .sh_type = SHT_STRTAB, .sh_size = sizeof section_names, .sh_addralign = 1};
    int rc = add_section(output, note, &output->note, ELF_T_BYTE);

    if (rc == 0)
        rc = add_section(output, text, output->text, ELF_T_BYTE);
    if (rc == 0)
        rc = add_section(output, symbols, output->symbols, ELF_T_SYM);
    if (rc == 0)
        rc = add_section(output, names, file->names.bytes, ELF_T_BYTE);
    for (int i = 0; i < DEBUG_SECTIONS && rc == 0; i++) {
        const Elf64_Shdr debug = {
            .sh_type = SHT_PROGBITS, .sh_size = output->debug[i].size, .sh_addralign = 1};
        rc = add_section(output, debug, output->debug[i].bytes, ELF_T_BYTE);
    }
    if (rc == 0)
        rc = add_section(output, section_strings, (void *)section_names, ELF_T_BYTE);
    return rc;
}

/* -- Headers -------------------------------------------------------------------------------- */

static int set_headers(struct output *output)
{
    Elf64_Ehdr *header = elf64_newehdr(output->elf);
    Elf64_Phdr *programs = header ? elf64_newphdr(output->elf, PROGRAM_HEADERS) : NULL;
    const uint64_t note_end = NOTE_AT + sizeof output->note;

    if (!programs)
        return -ENOMEM;
    header->e_ident[EI_DATA] = ELFDATA2LSB;
    header->e_type = ET_DYN;
    header->e_machine = processor_here.machine;
    header->e_version = EV_CURRENT;
    header->e_phoff = sizeof *header;
    header->e_shstrndx = SECTION_SHSTRTAB;
    programs[0] = (Elf64_Phdr){.p_type = PT_LOAD,
                               .p_flags = PF_R,
                               .p_filesz = note_end,
                               .p_memsz = note_end,
                               .p_align = LINE_FILE_TEXT};
    programs[1] = (Elf64_Phdr){.p_type = PT_LOAD,
                               .p_flags = PF_R | PF_X,
                               .p_offset = LINE_FILE_TEXT,
                               .p_vaddr = LINE_FILE_TEXT,
                               .p_paddr = LINE_FILE_TEXT,
                               .p_filesz = output->text_size,
                               .p_memsz = output->text_size,
                               .p_align = LINE_FILE_TEXT};
    programs[2] = (Elf64_Phdr){.p_type = PT_NOTE,
                               .p_flags = PF_R,
                               .p_offset = NOTE_AT,
                               .p_vaddr = NOTE_AT,
                               .p_paddr = NOTE_AT,
                               .p_filesz = sizeof output->note,
                               .p_memsz = sizeof output->note,
                               .p_align = 4};
    programs[3] = (Elf64_Phdr){.p_type = PT_GNU_STACK, .p_flags = PF_R | PF_W, .p_align = 16};
    output->end = note_end - sizeof output->note;
    return 0;
}

static void punch(int fd, uint64_t begin, uint64_t end)
{
    if (begin < end)
        fallocate(fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, (off_t)begin,
                  (off_t)(end - begin));
}

/* Most of what lies in front of the code, and much of it where few lines were asked for, is zeros.
 * Where there cannot be holes they stay. */
static void punch_holes(const struct output *output, int fd)
{
    static const unsigned char zeros[HOLE];
    uint64_t begin = HOLE, at = 0;

    for (; at + HOLE <= output->text_size; at += HOLE)
        if (memcmp(output->text + at, zeros, HOLE) != 0) {
            punch(fd, begin, LINE_FILE_TEXT + at);
            begin = LINE_FILE_TEXT + at + HOLE;
        }
    punch(fd, begin, LINE_FILE_TEXT + at);
}

static int write_file(struct output *output, const struct line_file *file, int fd)
{
    int rc;

    elf_flagelf(output->elf, ELF_C_SET, ELF_F_LAYOUT);
    rc = set_headers(output);
    if (rc == 0)
        rc = add_sections(output, file);
    if (rc)
        return rc;
    output->end = (output->end + 7) & ~7ULL;
    elf64_getehdr(output->elf)->e_shoff = output->end;
    errno = 0;
    if (elf_update(output->elf, ELF_C_WRITE) < 0)
        return errno ? -errno : -EIO;
    punch_holes(output, fd);
    return 0;
}

int line_file_write(const struct line_file *file, int fd, struct build_id *id)
{
    struct output output = {.text_size = file->text_size};
    int rc = debug_make(output.debug, file);

    if (rc == 0)
        rc = fflush(file->names.stream) ? -ENOMEM : make_symbols(&output, file);
    if (rc == 0)
        rc = make_text(&output, file);
    if (rc == 0) {
        make_note(&output, file, id);
        elf_version(EV_CURRENT);
        output.elf = elf_begin(fd, ELF_C_WRITE, NULL);
        rc = output.elf ? write_file(&output, file, fd) : -ENOMEM;
        elf_end(output.elf);
    }
    for (int i = 0; i < DEBUG_SECTIONS; i++)
        text_free(&output.debug[i]);
    free(output.symbols);
    free(output.text);
    return rc;
}
