/*
 * Builds the ELF image of trampolines and names slots in it.
 *
 * Reading order: layout, the parts in file order, then the file itself.
 * Formats: System V gABI 4.1 chapter 4-5 (ELF), LSB 5 core 10.6 (.eh_frame, .eh_frame_hdr).
 */
#include "image.h"

#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

#include "arch.h"
#include "file_limit.h"
#include "file_system.h"
#include "log.h"
#include "pyperf.h"
#include "trampoline.h"

/* -- Layout --------------------------------------------------------------------------------- */

enum section {
    SECTION_NULL,
    SECTION_NOTE,
    SECTION_EH_FRAME_HDR,
    SECTION_EH_FRAME,
    SECTION_TEXT,
    SECTION_SYMTAB,
    SECTION_STRTAB,
    SECTION_CODE,
    SECTION_SHSTRTAB,
    SECTION_COUNT
};

static const char section_names[] = "\0.note.gnu.build-id\0.eh_frame_hdr\0.eh_frame\0.text"
                                    "\0.symtab\0.strtab\0" PYPERF_CODE_SECTION "\0.shstrtab";
enum { /* offsets into section_names */
       NAME_NOTE = 1,
       NAME_EH_FRAME_HDR = NAME_NOTE + sizeof ".note.gnu.build-id",
       NAME_EH_FRAME = NAME_EH_FRAME_HDR + sizeof ".eh_frame_hdr",
       NAME_TEXT = NAME_EH_FRAME + sizeof ".eh_frame",
       NAME_SYMTAB = NAME_TEXT + sizeof ".text",
       NAME_STRTAB = NAME_SYMTAB + sizeof ".symtab",
       NAME_CODE = NAME_STRTAB + sizeof ".strtab",
       NAME_SHSTRTAB = NAME_CODE + sizeof PYPERF_CODE_SECTION,
};

/* The longest name has to fit into any new image. */
enum { ROOM_MIN = PYPERF_NAME_MAX + 2048 };
enum { BUILD_ID_SIZE = 20, PROGRAM_HEADERS = 4 };

struct note {
    Elf64_Nhdr header;
    char name[4];
    unsigned char build_id[BUILD_ID_SIZE];
};

/* DW_EH_PE_*: LSB core 10.5 */
enum {
    PE_UDATA4 = 0x03,
    PE_PCREL_SDATA4 = 0x1b,
    PE_DATAREL_SDATA4 = 0x3b,
};

static const unsigned char cie_program[] = {PYPERF_ARCH_CIE_PROGRAM};
static const unsigned char fde_program[] = {PYPERF_ARCH_FDE_PROGRAM};

/* What all slots of an image are copies of: the trampoline, matched to the interpreter. */
struct slot {
    unsigned char code[PYPERF_ARCH_SLOT_SIZE];
    unsigned char cfi[sizeof fde_program];
};

struct cie {
    uint32_t length;
    uint32_t id; /* 0 */
    unsigned char version;
    char augmentation[3]; /* "zR" */
    unsigned char code_align, data_align, return_register;
    unsigned char augmentation_size, fde_encoding;
    unsigned char program[7]; /* padded with DW_CFA_nop */
};

enum { FDE_HEAD = 17 }; /* bytes before the program, which pads the whole to a multiple of 8 */

struct fde {
    uint32_t length;
    uint32_t cie_distance;
    int32_t slot; /* relative to this field */
    uint32_t slot_size;
    unsigned char augmentation_size;
    unsigned char program[((FDE_HEAD + sizeof fde_program + 7) & ~7UL) - FDE_HEAD];
};

_Static_assert(sizeof cie_program <= sizeof(((struct cie *)0)->program), "CIE too small");
_Static_assert(offsetof(struct fde, program) == FDE_HEAD, "FDE_HEAD is wrong");
_Static_assert(sizeof(struct cie) % 8 == 0 && sizeof(struct fde) % 8 == 0, "unaligned CFI");

struct eh_frame_hdr {
    unsigned char version, eh_frame_encoding, count_encoding, table_encoding;
    int32_t eh_frame; /* relative to this field */
    uint32_t count;
    struct {
        int32_t slot, fde; /* relative to the header */
    } table[];
};

/* What the image keeps at the start of its writable part; .symtab and .strtab follow. */
struct image_tail {
    Elf64_Shdr sections[SECTION_COUNT];
    char section_names[sizeof section_names];
};

struct layout {
    size_t note, eh_frame_hdr, eh_frame, text, text_end;
    size_t tail, symtab, strtab, room, file_size;
};

static size_t align(size_t value, size_t to)
{
    return (value + to - 1) & ~(to - 1);
}

static struct layout layout_for(unsigned capacity, size_t room)
{
    struct layout l;
    l.note = align(sizeof(Elf64_Ehdr) + PROGRAM_HEADERS * sizeof(Elf64_Phdr), 8);
    l.eh_frame_hdr = align(l.note + sizeof(struct note), 8);
    l.eh_frame = align(l.eh_frame_hdr + sizeof(struct eh_frame_hdr) + capacity * 8UL, 8);
    /* The terminator, a zero length, ends .eh_frame. */
    size_t eh_frame_end = l.eh_frame + sizeof(struct cie) + capacity * sizeof(struct fde) + 4;
    l.text = align(eh_frame_end, PYPERF_ARCH_SLOT_SIZE);
    l.text_end = l.text + (size_t)capacity * PYPERF_ARCH_SLOT_SIZE;
    l.tail = align(l.text_end, PYPERF_ARCH_PAGE_MAX);
    l.symtab = align(l.tail + sizeof(struct image_tail), 8);
    l.strtab = l.symtab + (capacity + 1UL) * sizeof(Elf64_Sym);
    /* No more blocks than it needs: with larger pages the last one extends beyond the end. */
    size_t least = room > ROOM_MIN ? room : ROOM_MIN;
    l.file_size = align(l.strtab + 1 + least + sizeof(struct pyperf_code_row), 4096);
    l.room = l.file_size - l.strtab;
    return l;
}

/* Between the two parts the file has a hole. */
size_t pyperf_image_room(unsigned capacity, size_t size)
{
    struct layout l = layout_for(capacity, 0);
    size_t others =
        align(l.text_end, 4096) + l.strtab - l.tail + 1 + sizeof(struct pyperf_code_row);
    return size > others ? size - others : 0;
}

/* -- The executable part -------------------------------------------------------------------- */

static void fill_headers(unsigned char *out, const struct layout *l)
{
    *(Elf64_Ehdr *)out = (Elf64_Ehdr){
        .e_ident = {ELFMAG0, ELFMAG1, ELFMAG2, ELFMAG3, ELFCLASS64, ELFDATA2LSB, EV_CURRENT,
                    ELFOSABI_NONE},
        .e_type = ET_DYN,
        .e_machine = PYPERF_ARCH_MACHINE,
        .e_version = EV_CURRENT,
        .e_phoff = sizeof(Elf64_Ehdr),
        .e_shoff = l->tail,
        .e_ehsize = sizeof(Elf64_Ehdr),
        .e_phentsize = sizeof(Elf64_Phdr),
        .e_phnum = PROGRAM_HEADERS,
        .e_shentsize = sizeof(Elf64_Shdr),
        .e_shnum = SECTION_COUNT,
        .e_shstrndx = SECTION_SHSTRTAB,
    };
    Elf64_Phdr *program = (Elf64_Phdr *)(out + sizeof(Elf64_Ehdr));
    program[0] = (Elf64_Phdr){.p_type = PT_LOAD,
                              .p_flags = PF_R | PF_X,
                              .p_filesz = l->text_end,
                              .p_memsz = l->text_end,
                              .p_align = PYPERF_ARCH_PAGE_MAX};
    program[1] = (Elf64_Phdr){.p_type = PT_NOTE,
                              .p_flags = PF_R,
                              .p_offset = l->note,
                              .p_vaddr = l->note,
                              .p_paddr = l->note,
                              .p_filesz = sizeof(struct note),
                              .p_memsz = sizeof(struct note),
                              .p_align = 4};
    program[2] = (Elf64_Phdr){.p_type = PT_GNU_EH_FRAME,
                              .p_flags = PF_R,
                              .p_offset = l->eh_frame_hdr,
                              .p_vaddr = l->eh_frame_hdr,
                              .p_paddr = l->eh_frame_hdr,
                              .p_filesz = l->eh_frame - l->eh_frame_hdr,
                              .p_memsz = l->eh_frame - l->eh_frame_hdr,
                              .p_align = 4};
    program[3] = (Elf64_Phdr){.p_type = PT_GNU_STACK, .p_flags = PF_R | PF_W, .p_align = 16};
}

static void fill_note(unsigned char *out, const struct layout *l,
                      const unsigned char build_id[BUILD_ID_SIZE])
{
    struct note *note = (struct note *)(out + l->note);
    note->header = (Elf64_Nhdr){
        .n_namesz = sizeof note->name, .n_descsz = BUILD_ID_SIZE, .n_type = NT_GNU_BUILD_ID};
    memcpy(note->name, "GNU", 4);
    memcpy(note->build_id, build_id, BUILD_ID_SIZE);
}

static void fill_unwind(unsigned char *out, const struct layout *l, const struct slot *model,
                        unsigned capacity)
{
    struct eh_frame_hdr *header = (struct eh_frame_hdr *)(out + l->eh_frame_hdr);
    header->version = 1;
    header->eh_frame_encoding = PE_PCREL_SDATA4;
    header->count_encoding = PE_UDATA4;
    header->table_encoding = PE_DATAREL_SDATA4;
    header->eh_frame =
        (int32_t)(l->eh_frame - l->eh_frame_hdr - offsetof(struct eh_frame_hdr, eh_frame));
    header->count = capacity;

    struct cie *cie = (struct cie *)(out + l->eh_frame);
    *cie = (struct cie){.length = sizeof *cie - sizeof cie->length,
                        .version = 1,
                        .augmentation = "zR",
                        .code_align = PYPERF_ARCH_CODE_ALIGN,
                        .data_align = 0x78, /* SLEB128 of -8 */
                        .return_register = PYPERF_ARCH_RETURN_REG,
                        .augmentation_size = 1,
                        .fde_encoding = PE_PCREL_SDATA4};
    memcpy(cie->program, cie_program, sizeof cie_program);

    struct fde fde = {.length = sizeof fde - sizeof fde.length, .slot_size = PYPERF_ARCH_SLOT_SIZE};
    memcpy(fde.program, model->cfi, sizeof model->cfi);
    size_t at = l->eh_frame + sizeof(struct cie);
    size_t slot = l->text;
    for (unsigned i = 0; i < capacity; i++) {
        fde.cie_distance = (uint32_t)(at + offsetof(struct fde, cie_distance) - l->eh_frame);
        fde.slot = (int32_t)(slot - (at + offsetof(struct fde, slot)));
        memcpy(out + at, &fde, sizeof fde);
        header->table[i].slot = (int32_t)(slot - l->eh_frame_hdr);
        header->table[i].fde = (int32_t)(at - l->eh_frame_hdr);
        at += sizeof fde;
        slot += PYPERF_ARCH_SLOT_SIZE;
    }
}

static void fill_text(unsigned char *out, const struct layout *l, const struct slot *slot,
                      unsigned capacity)
{
    for (unsigned i = 0; i < capacity; i++)
        memcpy(out + l->text + (size_t)i * PYPERF_ARCH_SLOT_SIZE, slot->code, sizeof slot->code);
}

static const void *matched = pyperf_trampoline;

void pyperf_image_match(const void *function)
{
    matched = function;
}

static struct slot make_slot(void)
{
    struct slot slot;
    memcpy(slot.code, pyperf_trampoline, sizeof slot.code);
    memcpy(slot.cfi, fde_program, sizeof slot.cfi);
    if (!pyperf_arch_signs(matched))
        pyperf_arch_unsign(slot.code, sizeof slot.code, slot.cfi, sizeof slot.cfi);
    return slot;
}

/* -- The writable part ---------------------------------------------------------------------- */

static void fill_tail(struct image_tail *tail, const struct layout *l)
{
    *tail = (struct image_tail){.sections = {{0}}};
    memcpy(tail->section_names, section_names, sizeof section_names);
    Elf64_Shdr *s = tail->sections;
    s[SECTION_NOTE] = (Elf64_Shdr){.sh_name = NAME_NOTE,
                                   .sh_type = SHT_NOTE,
                                   .sh_flags = SHF_ALLOC,
                                   .sh_offset = l->note,
                                   .sh_size = sizeof(struct note),
                                   .sh_addralign = 4};
    s[SECTION_EH_FRAME_HDR] = (Elf64_Shdr){.sh_name = NAME_EH_FRAME_HDR,
                                           .sh_type = SHT_PROGBITS,
                                           .sh_flags = SHF_ALLOC,
                                           .sh_offset = l->eh_frame_hdr,
                                           .sh_size = l->eh_frame - l->eh_frame_hdr,
                                           .sh_addralign = 4};
    s[SECTION_EH_FRAME] = (Elf64_Shdr){.sh_name = NAME_EH_FRAME,
                                       .sh_type = SHT_PROGBITS,
                                       .sh_flags = SHF_ALLOC,
                                       .sh_offset = l->eh_frame,
                                       .sh_size = l->text - l->eh_frame,
                                       .sh_addralign = 8};
    s[SECTION_TEXT] = (Elf64_Shdr){.sh_name = NAME_TEXT,
                                   .sh_type = SHT_PROGBITS,
                                   .sh_flags = SHF_ALLOC | SHF_EXECINSTR,
                                   .sh_offset = l->text,
                                   .sh_size = l->text_end - l->text,
                                   .sh_addralign = PYPERF_ARCH_SLOT_SIZE};
    for (enum section i = SECTION_NOTE; i <= SECTION_TEXT; i++)
        s[i].sh_addr = s[i].sh_offset;
    s[SECTION_SYMTAB] = (Elf64_Shdr){.sh_name = NAME_SYMTAB,
                                     .sh_type = SHT_SYMTAB,
                                     .sh_offset = l->symtab,
                                     .sh_size = sizeof(Elf64_Sym), /* the null symbol */
                                     .sh_link = SECTION_STRTAB,
                                     .sh_info = 1, /* the first global one */
                                     .sh_addralign = 8,
                                     .sh_entsize = sizeof(Elf64_Sym)};
    s[SECTION_STRTAB] = (Elf64_Shdr){.sh_name = NAME_STRTAB,
                                     .sh_type = SHT_STRTAB,
                                     .sh_offset = l->strtab,
                                     .sh_size = 1,
                                     .sh_addralign = 1};
    s[SECTION_CODE] = (Elf64_Shdr){.sh_name = NAME_CODE,
                                   .sh_type = SHT_PROGBITS,
                                   .sh_offset = l->file_size,
                                   .sh_size = 0,
                                   .sh_addralign = 1};
    s[SECTION_SHSTRTAB] =
        (Elf64_Shdr){.sh_name = NAME_SHSTRTAB,
                     .sh_type = SHT_STRTAB,
                     .sh_offset = l->tail + offsetof(struct image_tail, section_names),
                     .sh_size = sizeof section_names,
                     .sh_addralign = 1};
}

/* `size` bytes of `bytes` to `at`, in the mapping of the file's end. */
struct piece {
    void *at;
    const void *bytes;
    size_t size;
};

enum { MAX_PIECES = 10 };

/* By the kernel, which answers with an error where a store of ours would fault. */
static int write_pieces(const struct piece *pieces, unsigned count)
{
    struct iovec from[MAX_PIECES], to[MAX_PIECES];
    ssize_t total = 0;
    for (unsigned i = 0; i < count; i++) {
        from[i] = (struct iovec){(void *)(uintptr_t)pieces[i].bytes, pieces[i].size};
        to[i] = (struct iovec){pieces[i].at, pieces[i].size};
        total += (ssize_t)pieces[i].size;
    }
    ssize_t written = process_vm_writev(getpid(), from, count, to, count, 0);
    if (written == total)
        return 0;
    return written < 0 ? -errno : -EIO;
}

/* -- Rows of the code table ----------------------------------------------------------------- */

enum { END_ROW = sizeof(struct pyperf_code_row) }; /* there is always room for the last one */

/* A row with what belongs to it, before it is in the file. */
struct row {
    struct pyperf_code_row row, clock;
    uint64_t elsewhere;   /* 0: it is a slot of this image */
    bool tick;            /* the clock's row is needed */
    size_t lines_size;    /* as far as it is not too large */
    size_t size;          /* of all together */
    Elf64_Off section[2]; /* the header's sh_offset and sh_size */
};

_Static_assert(offsetof(Elf64_Shdr, sh_size) == offsetof(Elf64_Shdr, sh_offset) + sizeof(Elf64_Off),
               "not one piece");

static size_t room_left(const struct pyperf_image *image)
{
    return image->room - image->strings_used - image->rows_used - END_ROW;
}

static Elf64_Shdr *rows_header(const struct pyperf_image *image)
{
    return &((struct image_tail *)image->tail)->sections[SECTION_CODE];
}

static unsigned char *rows_begin(const struct pyperf_image *image, size_t used)
{
    return (unsigned char *)image->tail + image->tail_size - used;
}

size_t pyperf_image_row_room(const struct pyperf_code *code)
{
    return 2 * sizeof(struct pyperf_code_row) + sizeof(uint64_t) + code->lines_size;
}

static void compose_row(const struct pyperf_image *image, struct row *out, uintptr_t slot,
                        const struct pyperf_code *code)
{
    size_t index = (slot - image->text) / PYPERF_ARCH_SLOT_SIZE;
    bool elsewhere = !code->context && (slot < image->text || index >= image->capacity);
    out->elsewhere = elsewhere ? slot : 0;
    out->tick = image->rows_used == 0 || code->now > image->rows_time;
    out->lines_size = code->lines_size <= PYPERF_CODE_LINES_MAX ? code->lines_size : 0;
    out->row = (struct pyperf_code_row){.bytecode = code->bytecode,
                                        .length = code->length,
                                        .first_line = code->first_line,
                                        .lines_size = (uint32_t)out->lines_size,
                                        .slot = code->context ? PYPERF_CODE_CONTEXT
                                                : elsewhere   ? PYPERF_CODE_ELSEWHERE
                                                              : (uint16_t)index,
                                        .file = code->file};
    out->size = sizeof out->row + out->lines_size;
    if (elsewhere)
        out->size += sizeof out->elsewhere;
    if (out->tick) {
        out->size += sizeof out->clock;
        out->clock = (struct pyperf_code_row){
            .bytecode = code->now, .length = code->lines_format, .slot = PYPERF_CODE_CLOCK};
    }
    out->section[1] = image->rows_used + out->size;
    out->section[0] = (uintptr_t)rows_begin(image, out->section[1]) - image->base;
}

/* The pieces of a row, in the order in which a reader may find them.  Their number. */
static unsigned row_pieces(const struct pyperf_image *image, const struct row *row,
                           const struct pyperf_code *code, struct piece pieces[])
{
    unsigned char *at = rows_begin(image, row->section[1]);
    unsigned count = 0;
    pieces[count++] = (struct piece){at, &row->row, sizeof row->row};
    at += sizeof row->row;
    if (row->elsewhere != 0) {
        pieces[count++] = (struct piece){at, &row->elsewhere, sizeof row->elsewhere};
        at += sizeof row->elsewhere;
    }
    if (row->lines_size != 0)
        pieces[count++] = (struct piece){at, code->lines, row->lines_size};
    if (row->tick)
        pieces[count++] = (struct piece){at + row->lines_size, &row->clock, sizeof row->clock};
    pieces[count++] =
        (struct piece){&rows_header(image)->sh_offset, row->section, sizeof row->section};
    return count;
}

/* The same by stores of our own. */
static void store_row(const struct pyperf_image *image, const struct row *row,
                      const struct pyperf_code *code)
{
    unsigned char *at = rows_begin(image, row->section[1]);
    memcpy(at, &row->row, sizeof row->row);
    at += sizeof row->row;
    if (row->elsewhere != 0) {
        memcpy(at, &row->elsewhere, sizeof row->elsewhere);
        at += sizeof row->elsewhere;
    }
    memcpy(at, code->lines, row->lines_size);
    if (row->tick)
        memcpy(at + row->lines_size, &row->clock, sizeof row->clock);
    __atomic_store_n(&rows_header(image)->sh_offset, row->section[0], __ATOMIC_RELEASE);
    __atomic_store_n(&rows_header(image)->sh_size, row->section[1], __ATOMIC_RELEASE);
}

static void row_is_stored(struct pyperf_image *image, const struct row *row,
                          const struct pyperf_code *code)
{
    image->rows_used += row->size;
    if (code->now > image->rows_time)
        image->rows_time = code->now;
}

int pyperf_image_describe(struct pyperf_image *image, uintptr_t slot,
                          const struct pyperf_code *code)
{
    struct row row;
    if (image->tail == NULL)
        return -ENOSPC;
    compose_row(image, &row, slot, code);
    if (row.size > room_left(image))
        return -ENOSPC;
    if (image->stores_may_fault) {
        struct piece pieces[MAX_PIECES];
        int status = write_pieces(pieces, row_pieces(image, &row, code, pieces));
        if (status != 0)
            return status;
    } else {
        store_row(image, &row, code);
    }
    row_is_stored(image, &row, code);
    return 0;
}

void pyperf_image_end_rows(struct pyperf_image *image, uint64_t now)
{
    if (image->tail == NULL || image->rows_used == 0)
        return;
    const struct pyperf_code end = {.now = image->rows_time, .lines = ""};
    struct row row;
    compose_row(image, &row, image->text, &end);
    row.row = (struct pyperf_code_row){.bytecode = now, .slot = PYPERF_CODE_END};
    struct piece pieces[MAX_PIECES];
    if (row.size <= room_left(image) + END_ROW &&
        (!image->stores_may_fault
             ? (store_row(image, &row, &end), 0)
             : write_pieces(pieces, row_pieces(image, &row, &end, pieces))) == 0)
        row_is_stored(image, &row, &end);
}

/* -- Symbols -------------------------------------------------------------------------------- */

/* Writes a name and its symbol.  The sizes last, so that a reader at any moment finds whole
 * entries only. */
static int write_symbol(struct pyperf_image *image, uintptr_t slot, const char *name, size_t length,
                        const struct pyperf_code *code)
{
    struct image_tail *tail = image->tail;
    if (tail == NULL)
        return -ENOSPC;
    struct row row;
    row.size = 0;
    if (code != NULL)
        compose_row(image, &row, slot, code);
    if (length + 1 + row.size > room_left(image))
        return -ENOSPC;
    Elf64_Sym *symbols = (Elf64_Sym *)((unsigned char *)tail + align(sizeof *tail, 8));
    unsigned char *strings = (unsigned char *)tail + (image->tail_size - image->room);
    const Elf64_Sym symbol = {.st_name = (Elf64_Word)image->strings_used,
                              .st_info = ELF64_ST_INFO(STB_GLOBAL, STT_FUNC),
                              .st_shndx = SECTION_TEXT,
                              .st_value = slot - image->base,
                              .st_size = PYPERF_ARCH_SLOT_SIZE};
    size_t index = image->used + 1UL; /* behind the null symbol */
    const Elf64_Xword strings_size = image->strings_used + length + 1;
    const Elf64_Xword symbols_size = (index + 1) * sizeof symbol;
    /* The byte behind a name is 0 from the start. */
    if (image->stores_may_fault) {
        struct piece pieces[MAX_PIECES] = {
            {strings + image->strings_used, name, length},
            {&symbols[index], &symbol, sizeof symbol},
            {&tail->sections[SECTION_STRTAB].sh_size, &strings_size, sizeof strings_size},
            {&tail->sections[SECTION_SYMTAB].sh_size, &symbols_size, sizeof symbols_size},
        };
        unsigned rows = code != NULL ? row_pieces(image, &row, code, pieces + 4) : 0;
        int status = write_pieces(pieces, 4 + rows);
        if (status != 0)
            return status;
    } else {
        memcpy(strings + image->strings_used, name, length);
        symbols[index] = symbol;
        __atomic_store_n(&tail->sections[SECTION_STRTAB].sh_size, strings_size, __ATOMIC_RELEASE);
        __atomic_store_n(&tail->sections[SECTION_SYMTAB].sh_size, symbols_size, __ATOMIC_RELEASE);
        if (code != NULL)
            store_row(image, &row, code);
    }
    image->strings_used = strings_size;
    if (code != NULL)
        row_is_stored(image, &row, code);
    return 0;
}

uintptr_t pyperf_image_add(struct pyperf_image *image, const char *name, size_t length,
                           const struct pyperf_code *code)
{
    if (image->used == image->capacity)
        return 0;
    uintptr_t slot = image->text + (uintptr_t)image->used * PYPERF_ARCH_SLOT_SIZE;
    if (image->path[0] != '\0') {
        int status = write_symbol(image, slot, name, length, code);
        if (status != 0) {
            if (status != -ENOSPC) /* the file takes no more */
                image->used = image->capacity;
            return 0;
        }
    }
    image->used++;
    return slot;
}

/* -- The file ------------------------------------------------------------------------------- */

static void random_bytes(void *out, size_t size)
{
    if (getrandom(out, size, GRND_NONBLOCK) == (ssize_t)size)
        return;
    /* No entropy yet (early boot) or no such call: unique is enough, secret is not needed. */
    struct timespec now = {0};
    clock_gettime(CLOCK_MONOTONIC, &now);
    uint64_t state = ((uint64_t)now.tv_sec << 30) ^ (uint64_t)now.tv_nsec ^
                     ((uint64_t)getpid() << 40) ^ (uintptr_t)out;
    for (unsigned char *byte = out; size > 0; size--) {
        state = state * 6364136223846793005U + 1442695040888963407U; /* Knuth, MMIX */
        *byte++ = (unsigned char)(state >> 56);
    }
}

static int write_all(int fd, const void *bytes, size_t size, off_t at)
{
    const unsigned char *data = bytes;
    while (size > 0) {
        ssize_t written = pwrite(fd, data, size, at);
        if (written < 0 && errno == EINTR)
            continue;
        if (written <= 0)
            return written < 0 ? -errno : -EIO;
        data += written;
        at += written;
        size -= (size_t)written;
    }
    return 0;
}

/* Reserved, not sparse: a full disk must fail here, not as SIGBUS in a store later.  A
 * signal may make it give up (EINTR, fallocate(2)), and a profiler's timer does so every time. */
static int reserve_blocks(int fd, size_t at, size_t size)
{
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    int status = -posix_fallocate(fd, (off_t)at, (off_t)size);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return status;
}

/* Address space that starts where the program header's alignment allows; NULL: none.  libdw assumes
 * that an object ends on such a boundary, and perf 7 drops the call chains of a process in which
 * two objects overlap. */
static unsigned char *reserve_space(size_t size)
{
    const size_t slack = PYPERF_ARCH_PAGE_MAX - (size_t)getpagesize();
    unsigned char *space =
        mmap(NULL, size + slack, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (space == MAP_FAILED)
        return NULL;
    size_t before = -(uintptr_t)space & (PYPERF_ARCH_PAGE_MAX - 1);
    if (before != 0)
        munmap(space, before);
    if (before != slack)
        munmap(space + before + size, slack - before);
    return space + before;
}

/* The file's whole content but for names.  Later no other process of this user shall cut it short:
 * as with any library, this one would die where it next calls a slot.  */
static int write_file(int fd, const struct layout *l, const unsigned char *prefix, mode_t mode)
{
    if (pyperf_exceeds_file_limit(l->file_size))
        return -EFBIG;
    struct image_tail tail;
    fill_tail(&tail, l);
    int status = reserve_blocks(fd, l->tail, l->file_size - l->tail);
    if (status == 0)
        status = write_all(fd, prefix, l->text_end, 0);
    if (status == 0)
        status = write_all(fd, &tail, sizeof tail, (off_t)l->tail);
    if (status == 0 && fchmod(fd, mode) != 0)
        status = -errno;
    return status;
}

/* Both parts where the file offset says, so that perf takes them for parts of one object. */
static int map_file(struct pyperf_image *image, int fd, const struct layout *l)
{
    size_t space = align(l->file_size, PYPERF_ARCH_PAGE_MAX);
    unsigned char *base = reserve_space(space);
    if (base == NULL)
        return -ENOMEM;
    size_t tail_size = l->file_size - l->tail;
    unsigned char *tail = base + l->tail;
    int status = 0;
    if (mmap(base, l->tail, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_FIXED, fd, 0) == MAP_FAILED ||
        mmap(tail, tail_size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED, fd, (off_t)l->tail) ==
            MAP_FAILED)
        status = -errno;
    image->stores_may_fault = !pyperf_file_system_is_known(fd);
    if (status == 0 && image->stores_may_fault) /* is that call allowed here? */
        status = write_pieces(&(struct piece){tail + tail_size - 1, "", 1}, 1);
    if (status != 0) {
        munmap(base, space);
        return status;
    }
    /* A child must not write into its parent's file. */
    madvise(tail, tail_size, MADV_DONTFORK);
    image->base = (uintptr_t)base;
    image->tail = tail;
    image->tail_size = tail_size;
    image->room = l->room;
    image->strings_used = 1; /* the empty name */
    image->rows_used = 0;
    image->rows_time = 0;
    return 0;
}

static unsigned char *fill_prefix(const struct layout *l, unsigned capacity)
{
    unsigned char *prefix = mmap(NULL, l->tail, PROT_READ | PROT_WRITE,
                                 MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
    if (prefix == MAP_FAILED)
        return NULL;
    unsigned char build_id[BUILD_ID_SIZE];
    random_bytes(build_id, sizeof build_id);
    fill_headers(prefix, l);
    fill_note(prefix, l, build_id);
    struct slot slot = make_slot();
    fill_unwind(prefix, l, &slot, capacity);
    fill_text(prefix, l, &slot, capacity);
    return prefix;
}

static void describe(struct pyperf_image *image, const struct layout *l, unsigned capacity)
{
    image->text = image->base + l->text;
    image->end = image->base + l->tail;
    image->eh_frame_hdr = image->base + l->eh_frame_hdr;
    image->capacity = capacity;
    image->used = 0;
}

int pyperf_image_create(struct pyperf_image *image, const char *directory, unsigned number,
                        unsigned capacity, size_t room, mode_t mode)
{
    unsigned long long random;
    random_bytes(&random, sizeof random);
    int length = snprintf(image->path, sizeof image->path, PYPERF_IMAGE_FORMAT, directory,
                          (long)getpid(), number, random);
    if (length < 0 || (size_t)length >= sizeof image->path)
        return -ENAMETOOLONG;

    struct layout l = layout_for(capacity, room);
    int fd = open(image->path, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
    if (fd < 0)
        return -errno;
    int status = -ENOMEM;
    unsigned char *prefix = fill_prefix(&l, capacity);
    if (prefix != NULL) {
        status = write_file(fd, &l, prefix, mode);
        munmap(prefix, l.tail);
    }
    if (status == 0)
        status = map_file(image, fd, &l);
    close(fd);
    if (status != 0) {
        unlink(image->path);
        return status;
    }
    describe(image, &l, capacity);
    pyperf_log_debug("image %s: %u slots at %#lx", image->path, capacity,
                     (unsigned long)image->text);
    return 0;
}

int pyperf_image_create_anonymous(struct pyperf_image *image, unsigned capacity)
{
    struct layout l = layout_for(capacity, 0);
    unsigned char *prefix = fill_prefix(&l, capacity);
    if (prefix == NULL)
        return -ENOMEM;
    if (mprotect(prefix, l.tail, PROT_READ | PROT_EXEC) != 0) {
        int status = -errno;
        munmap(prefix, l.tail);
        return status;
    }
    pyperf_arch_sync_code(prefix, l.text_end);
    *image = (struct pyperf_image){.base = (uintptr_t)prefix};
    describe(image, &l, capacity);
    pyperf_log_debug("anonymous trampolines: %u slots at %#lx", capacity,
                     (unsigned long)image->text);
    return 0;
}

void pyperf_image_disown(struct pyperf_image *image)
{
    image->tail = NULL;
    image->used = image->capacity;
}
