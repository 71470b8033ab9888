/*
 * preload/image.h has the picture: first what is mapped executable, then sections that only readers
 * of the file need.  The first part is cut after the last slot in use; the second is written anew.
 * Formats: System V gABI 4.1 chapter 4, LSB 5 core 10.6 (.eh_frame_hdr).
 */
#include "perf/trim.h"

#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <pyperf.h>

enum { SECTIONS_MAX = 16, IMAGE_MOST = 1 << 26, HOLE = 4096 };

/* An image while it is trimmed, and its sections; none of them is missing but `codes`, in images of
 * a library that writes no code table. */
struct trim {
    unsigned char *bytes;
    size_t size;
    Elf64_Ehdr *header;
    Elf64_Phdr *programs;
    Elf64_Shdr sections[SECTIONS_MAX];
    Elf64_Shdr *text, *unwind, *unwind_table, *symbols, *strings, *codes, *names;
};

/* -- Reading -------------------------------------------------------------------------------- */

/* Reads the section headers before the sections: so no size is ahead of what has been read. */
static int read_file(struct trim *trim, const char *path)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW), rc = 0;
    struct stat status;
    ssize_t length = 0;

    if (fd < 0)
        return -errno;
    if (fstat(fd, &status) != 0)
        rc = -errno;
    else if (!S_ISREG(status.st_mode) || status.st_size < (off_t)sizeof(Elf64_Ehdr) ||
             status.st_size > IMAGE_MOST)
        rc = -EBADMSG;
    trim->bytes = rc ? NULL : malloc((size_t)status.st_size);
    if (rc == 0 && !trim->bytes)
        rc = -ENOMEM;
    while (rc == 0 && trim->size < (size_t)status.st_size) {
        length = read(fd, trim->bytes + trim->size, (size_t)status.st_size - trim->size);
        if (length <= 0)
            rc = length < 0 ? -errno : -EBADMSG;
        else
            trim->size += (size_t)length;
    }
    close(fd);
    return rc;
}

static bool lies_within(const struct trim *trim, uint64_t offset, uint64_t size)
{
    return offset <= trim->size && size <= trim->size - offset;
}

static const char *name_of(const struct trim *trim, const Elf64_Shdr *section)
{
    const Elf64_Shdr *names = trim->names;
    const char *name = (const char *)trim->bytes + names->sh_offset + section->sh_name;

    if (section->sh_name >= names->sh_size ||
        !memchr(name, '\0', names->sh_size - section->sh_name))
        return "";
    return name;
}

static int find_sections(struct trim *trim)
{
    size_t count = trim->header->e_shnum;

    trim->names = &trim->sections[trim->header->e_shstrndx];
    for (size_t i = 1; i < count; i++) {
        Elf64_Shdr *section = &trim->sections[i];
        const char *name = name_of(trim, section);
        if (!lies_within(trim, section->sh_offset, section->sh_size))
            return -EBADMSG;
        if (strcmp(name, ".text") == 0)
            trim->text = section;
        else if (strcmp(name, ".eh_frame") == 0)
            trim->unwind = section;
        else if (strcmp(name, ".eh_frame_hdr") == 0)
            trim->unwind_table = section;
        else if (strcmp(name, ".symtab") == 0)
            trim->symbols = section;
        else if (strcmp(name, ".strtab") == 0)
            trim->strings = section;
        else if (strcmp(name, PYPERF_CODE_SECTION) == 0)
            trim->codes = section;
        else if (section != trim->names && !(section->sh_flags & SHF_ALLOC))
            return -EBADMSG; /* an unknown section would be lost */
    }
    return trim->text && trim->unwind && trim->unwind_table && trim->symbols && trim->strings
               ? 0
               : -EBADMSG;
}

static int read_headers(struct trim *trim)
{
    static const unsigned char magic[] = {ELFMAG0, ELFMAG1,    ELFMAG2,
                                          ELFMAG3, ELFCLASS64, ELFDATA2LSB};
    Elf64_Ehdr *header = (Elf64_Ehdr *)trim->bytes;

    trim->header = header;
    if (memcmp(header->e_ident, magic, sizeof magic) != 0 ||
        header->e_shentsize != sizeof(Elf64_Shdr) || header->e_phentsize != sizeof(Elf64_Phdr) ||
        header->e_shnum > SECTIONS_MAX || header->e_shstrndx >= header->e_shnum ||
        header->e_phoff % 8 ||
        !lies_within(trim, header->e_shoff, header->e_shnum * sizeof(Elf64_Shdr)) ||
        !lies_within(trim, header->e_phoff, header->e_phnum * sizeof(Elf64_Phdr)))
        return -EBADMSG;
    trim->programs = (Elf64_Phdr *)(trim->bytes + header->e_phoff);
    memcpy(trim->sections, trim->bytes + header->e_shoff, header->e_shnum * sizeof(Elf64_Shdr));
    return lies_within(trim, trim->sections[header->e_shstrndx].sh_offset,
                       trim->sections[header->e_shstrndx].sh_size)
               ? find_sections(trim)
               : -EBADMSG;
}

/* -- The part that is mapped ---------------------------------------------------------------- */

/* Where the last slot with a name ends; at least one slot stays. */
static uint64_t end_of_slots(const struct trim *trim, uint64_t *slots)
{
    const Elf64_Shdr *text = trim->text;
    uint64_t end = text->sh_addr + text->sh_addralign;
    Elf64_Sym symbol;

    for (uint64_t i = 1; i < trim->symbols->sh_size / sizeof symbol; i++) {
        memcpy(&symbol, trim->bytes + trim->symbols->sh_offset + i * sizeof symbol, sizeof symbol);
        if (symbol.st_value + symbol.st_size > end)
            end = symbol.st_value + symbol.st_size;
    }
    *slots = (end - text->sh_addr) / text->sh_addralign;
    return end;
}

/* .eh_frame_hdr as image.c writes it: four encodings, then these. */
struct unwind_table {
    unsigned char encodings[4];
    int32_t unwind;
    uint32_t count;
    struct {
        int32_t slot, entry; /* relative to the table */
    } entries[];
};

/* Ends the unwind table after the entry of the last slot in use. */
static int cut_unwind(struct trim *trim, uint64_t slots)
{
    static const unsigned char encodings[] = {1, 0x1b, 0x03, 0x3b};
    Elf64_Shdr *section = trim->unwind_table, *unwind = trim->unwind;
    struct unwind_table *table = (struct unwind_table *)(trim->bytes + section->sh_offset);
    uint64_t size = sizeof *table + slots * sizeof table->entries[0], entry, end;
    uint32_t length;

    if (section->sh_offset % 4 || section->sh_size < size ||
        memcmp(table->encodings, encodings, sizeof encodings) != 0 || table->count < slots ||
        section->sh_addr + (uint64_t)table->entries[slots - 1].slot !=
            trim->text->sh_addr + (slots - 1) * trim->text->sh_addralign)
        return -EBADMSG;
    entry = section->sh_offset + (uint64_t)table->entries[slots - 1].entry;
    if (entry < unwind->sh_offset || entry + 4 > unwind->sh_offset + unwind->sh_size)
        return -EBADMSG;
    memcpy(&length, trim->bytes + entry, sizeof length);
    end = entry + sizeof length + length;
    if (end + 4 > unwind->sh_offset + unwind->sh_size)
        return -EBADMSG;
    table->count = (uint32_t)slots;
    memset(trim->bytes + section->sh_offset + size, 0, section->sh_size - size);
    memset(trim->bytes + end, 0, unwind->sh_offset + unwind->sh_size - end);
    section->sh_size = size;
    unwind->sh_size = end + 4 - unwind->sh_offset; /* a zero length, the terminator */
    return 0;
}

/* Returns the file offset after the last slot in use, or -errno. */
static int64_t cut_mapped(struct trim *trim)
{
    Elf64_Shdr *text = trim->text;
    uint64_t slots, end;
    int rc;

    if (text->sh_offset != text->sh_addr || !text->sh_addralign ||
        text->sh_size < text->sh_addralign || trim->symbols->sh_entsize != sizeof(Elf64_Sym))
        return -EBADMSG;
    end = end_of_slots(trim, &slots);
    if (end > text->sh_addr + text->sh_size)
        return -EBADMSG;
    rc = cut_unwind(trim, slots);
    if (rc)
        return rc;
    text->sh_size = end - text->sh_addr;
    for (int i = 0; i < trim->header->e_phnum; i++) {
        Elf64_Phdr *program = &trim->programs[i];
        if (program->p_type == PT_LOAD && program->p_flags & PF_X)
            program->p_filesz = program->p_memsz = end - program->p_offset;
        else if (program->p_type == PT_GNU_EH_FRAME)
            program->p_filesz = program->p_memsz = trim->unwind_table->sh_size;
    }
    return (int64_t)end;
}

/* -- The rest ------------------------------------------------------------------------------- */

static uint64_t put(struct trimmed *out, uint64_t at, const void *bytes, uint64_t size)
{
    memcpy(out->bytes + at, bytes, size);
    return at + size;
}

static uint64_t put_section(struct trimmed *out, uint64_t at, const struct trim *trim,
                            Elf64_Shdr *section)
{
    uint64_t from = section->sh_offset;

    section->sh_offset = at = (at + 7) & ~7ULL;
    return put(out, at, trim->bytes + from, section->sh_size);
}

static int assemble(struct trimmed *out, struct trim *trim, uint64_t end)
{
    size_t headers = trim->header->e_shnum * sizeof(Elf64_Shdr);
    size_t codes = trim->codes ? trim->codes->sh_size : 0;
    uint64_t at = end;

    out->size = end + trim->symbols->sh_size + trim->strings->sh_size + codes +
                trim->names->sh_size + headers + 5 * 8UL;
    out->bytes = calloc(1, out->size);
    if (!out->bytes)
        return -ENOMEM;
    at = put_section(out, at, trim, trim->symbols);
    at = put_section(out, at, trim, trim->strings);
    if (trim->codes)
        at = put_section(out, at, trim, trim->codes);
    at = put_section(out, at, trim, trim->names);
    at = (at + 7) & ~7ULL;
    trim->header->e_shoff = at;
    out->size = put(out, at, trim->sections, headers);
    put(out, 0, trim->bytes, end);
    return 0;
}

int trim_read(struct trimmed *trimmed, const char *path)
{
    struct trim trim = {.size = 0};
    int rc = read_file(&trim, path);
    int64_t end = 0;

    *trimmed = (struct trimmed){.size = 0};
    if (rc == 0)
        rc = trim.bytes ? read_headers(&trim) : -EBADMSG;
    if (rc == 0)
        end = cut_mapped(&trim);
    if (rc == 0)
        rc = end < 0 ? (int)end : assemble(trimmed, &trim, (uint64_t)end);
    free(trim.bytes);
    return rc;
}

void trim_free(struct trimmed *trimmed)
{
    free(trimmed->bytes);
    *trimmed = (struct trimmed){.size = 0};
}

/* -- Files ---------------------------------------------------------------------------------- */

int trim_write(const struct trimmed *trimmed, int fd)
{
    static const unsigned char empty[HOLE];

    if (ftruncate(fd, (off_t)trimmed->size) != 0)
        return -errno;
    for (size_t at = 0; at < trimmed->size; at += HOLE) {
        size_t size = trimmed->size - at < HOLE ? trimmed->size - at : HOLE;
        ssize_t length;
        if (memcmp(trimmed->bytes + at, empty, size) == 0)
            continue;
        length = pwrite(fd, trimmed->bytes + at, size, (off_t)at);
        if (length != (ssize_t)size)
            return length < 0 ? -errno : -EIO;
    }
    return 0;
}

bool trim_is_at(const struct trimmed *trimmed, const char *path)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    unsigned char bytes[HOLE];
    struct stat status;
    bool same = fd >= 0 && fstat(fd, &status) == 0 && status.st_size == (off_t)trimmed->size;

    for (size_t at = 0; same && at < trimmed->size; at += HOLE) {
        size_t size = trimmed->size - at < HOLE ? trimmed->size - at : HOLE;
        same = pread(fd, bytes, size, (off_t)at) == (ssize_t)size &&
               memcmp(bytes, trimmed->bytes + at, size) == 0;
    }
    if (fd >= 0)
        close(fd);
    return same;
}
