/*
 * The file's tables decide; names and paths are only a fallback.  Four passes gather the facts:
 * headers, dynamic section, dynamic symbols, and the code that those symbols point to.
 */
#include "python/elfinfo.h"
#include "base/number.h"
#include "python/prologue.h"

#include <errno.h>
#include <fcntl.h>
#include <gelf.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

const char *elfinfo_machine_name(uint16_t machine)
{
    switch (machine) {
    case EM_X86_64:
        return "x86_64";
    case EM_AARCH64:
        return "aarch64";
    case EM_386:
        return "i386";
    case EM_ARM:
        return "arm";
    case EM_RISCV:
        return "riscv64";
    case EM_PPC64:
        return "ppc64";
    case EM_S390:
        return "s390x";
    default:
        return "unknown";
    }
}

bool elfinfo_version_of_name(const char *name, int *major, int *minor)
{
    const char *slash = strrchr(name, '/');
    const char *python = strstr(slash ? slash : name, "python");

    return python && number_pair(python + strlen("python"), major, minor);
}

/* -- Bytes at a virtual address ------------------------------------------------------------- */

/* The `length` bytes of the file that are loaded at `address`; NULL if there are none. */
static const unsigned char *bytes_at(Elf *elf, GElf_Addr address, size_t length)
{
    size_t count, size;
    const char *file = elf_rawfile(elf, &size);

    if (!file || elf_getphdrnum(elf, &count) != 0)
        return NULL;
    for (size_t i = 0; i < count; i++) {
        GElf_Phdr segment;
        if (!gelf_getphdr(elf, (int)i, &segment) || segment.p_type != PT_LOAD ||
            address < segment.p_vaddr || address - segment.p_vaddr >= segment.p_filesz ||
            segment.p_filesz - (address - segment.p_vaddr) < length)
            continue;
        if (segment.p_offset > size || size - segment.p_offset < address - segment.p_vaddr ||
            size - segment.p_offset - (address - segment.p_vaddr) < length)
            return NULL;
        return (const unsigned char *)file + segment.p_offset + (address - segment.p_vaddr);
    }
    return NULL;
}

/* -- Headers and dynamic section ------------------------------------------------------------ */

static void read_segments(struct elfinfo *info, Elf *elf)
{
    size_t count, size;
    const char *file = elf_rawfile(elf, &size);

    if (!file || elf_getphdrnum(elf, &count) != 0)
        return;
    for (size_t i = 0; i < count; i++) {
        GElf_Phdr segment;
        if (!gelf_getphdr(elf, (int)i, &segment) || segment.p_type != PT_INTERP)
            continue;
        info->dynamic = true;
        if (segment.p_offset < size && segment.p_filesz <= size - segment.p_offset &&
            segment.p_filesz < sizeof info->loader)
            memcpy(info->loader, file + segment.p_offset, (size_t)segment.p_filesz);
    }
}

static void read_library_name(struct elfinfo *info, const char *name, bool own)
{
    if (strncmp(name, "libpypy", 7) == 0)
        info->needs_pypy = true;
    if (strncmp(name, "libpython", 9) != 0 || strcmp(name, "libpython3.so") == 0)
        return;
    if (!own)
        info->needs_libpython = true;
    snprintf(info->libpython_name, sizeof info->libpython_name, "%s", name);
}

static void read_dynamic(struct elfinfo *info, Elf *elf, Elf_Scn *section, const GElf_Shdr *header)
{
    Elf_Data *data = elf_getdata(section, NULL);
    GElf_Dyn entry;

    for (int i = 0; data && gelf_getdyn(data, i, &entry); i++) {
        const char *name;
        if (entry.d_tag == DT_NULL)
            break;
        if (entry.d_tag != DT_NEEDED && entry.d_tag != DT_SONAME)
            continue;
        name = elf_strptr(elf, header->sh_link, (size_t)entry.d_un.d_val);
        if (name)
            read_library_name(info, name, entry.d_tag == DT_SONAME);
    }
}

/* -- Dynamic symbols ------------------------------------------------------------------------ */

/* Py_Version, 3.11 and later, is an unsigned long: 0xMMmmuuLS as PY_VERSION_HEX. */
static void read_version(struct elfinfo *info, Elf *elf, const GElf_Sym *symbol)
{
    const unsigned char *bytes = bytes_at(elf, symbol->st_value, 4);

    if (!bytes)
        return;
    info->micro = bytes[1]; /* little-endian: every architecture we support */
    info->minor = bytes[2];
    info->major = bytes[3];
}

static void read_prologue(struct elfinfo *info, Elf *elf, const GElf_Sym *symbol)
{
    const size_t most = 64;
    size_t length = symbol->st_size < most ? (size_t)symbol->st_size : most;
    const unsigned char *code = bytes_at(elf, symbol->st_value, length);

    if (!code || length < 8)
        return;
    info->pointers_of++;
    info->pointers_seen += prologue_keeps_frame_pointer(info->machine, code, length);
}

static void read_symbols(struct elfinfo *info, Elf *elf, Elf_Scn *section, const GElf_Shdr *header)
{
    Elf_Data *data = elf_getdata(section, NULL);
    GElf_Sym symbol;

    for (int i = 0; data && gelf_getsym(data, i, &symbol); i++) {
        const char *name;
        if (symbol.st_shndx == SHN_UNDEF)
            continue;
        name = elf_strptr(elf, header->sh_link, symbol.st_name);
        if (!name || (strncmp(name, "Py", 2) != 0 && strncmp(name, "_Py", 3) != 0))
            continue;
        if (strcmp(name, "_PyEval_EvalFrameDefault") == 0)
            info->has_evaluator = true;
        else if (strcmp(name, "_Py_MergeZeroLocalRefcount") == 0) /* only with Py_GIL_DISABLED */
            info->free_threaded = true;
        else if (strcmp(name, "Py_Version") == 0)
            read_version(info, elf, &symbol);
        if (GELF_ST_TYPE(symbol.st_info) == STT_FUNC && prologue_is_well_known(name))
            read_prologue(info, elf, &symbol);
    }
}

/* -- Version of an interpreter older than Py_Version ---------------------------------------- */

/*
 * PY_VERSION is often compiled into immediate operands, but the name of the library folder,
 * "python3.9" or "lib/python3.9", is a string among every interpreter's constants.
 */
static void search_version(struct elfinfo *info, Elf_Scn *section)
{
    static const char folder[] = "python3.";
    Elf_Data *data = elf_getdata(section, NULL);
    const char *start = data ? data->d_buf : NULL;
    const char *end = start ? start + data->d_size : NULL;

    while (start && start < end) {
        const char *stop = memchr(start, '\0', (size_t)(end - start));
        if (!stop)
            return;
        start += strncmp(start, "lib/", 4) == 0 ? 4 : 0;
        if (strncmp(start, folder, sizeof folder - 1) == 0 && stop - start < 16 &&
            strspn(start + sizeof folder - 1, "0123456789") == strlen(start + sizeof folder - 1))
            elfinfo_version_of_name(start, &info->major, &info->minor);
        start = stop + 1;
    }
}

static bool is_constants(Elf *elf, const GElf_Shdr *header)
{
    size_t names;
    const char *name;

    if (elf_getshdrstrndx(elf, &names) != 0)
        return false;
    name = elf_strptr(elf, names, header->sh_name);
    return name && header->sh_type == SHT_PROGBITS && strcmp(name, ".rodata") == 0;
}

static void read_sections(struct elfinfo *info, Elf *elf)
{
    Elf_Scn *section = NULL, *constants = NULL;
    GElf_Shdr header;

    while ((section = elf_nextscn(elf, section)) != NULL) {
        if (!gelf_getshdr(section, &header))
            continue;
        if (header.sh_type == SHT_DYNAMIC)
            read_dynamic(info, elf, section, &header);
        else if (header.sh_type == SHT_DYNSYM)
            read_symbols(info, elf, section, &header);
        else if (is_constants(elf, &header))
            constants = section;
    }
    if (info->has_evaluator && info->major == 0 && constants)
        search_version(info, constants);
    if (info->major == 0 && info->libpython_name[0])
        elfinfo_version_of_name(info->libpython_name, &info->major, &info->minor);
}

/* -- Verdicts ------------------------------------------------------------------------------- */

/*
 * Seen: 17 of 18 in Debian's 3.15, built with frame pointers (a compiler may put an early return
 * before the prologue); 0 of 18 in 3.6 to 3.13; 5 of 18 in Debian's 3.14, built without (a function
 * that uses its frame's address gets a frame pointer all the same).
 */
static void judge_pointers(struct elfinfo *info)
{
    if (info->pointers_of < 4)
        info->pointers = POINTERS_UNKNOWN;
    else if (info->pointers_seen * 4 >= info->pointers_of * 3)
        info->pointers = POINTERS_PRESENT;
    else if (info->pointers_seen * 2 <= info->pointers_of)
        info->pointers = POINTERS_ABSENT;
}

int elfinfo_read(struct elfinfo *info, Elf *elf)
{
    GElf_Ehdr header;

    *info = (struct elfinfo){.micro = -1};
    if (elf_kind(elf) != ELF_K_ELF || !gelf_getehdr(elf, &header) ||
        (header.e_type != ET_EXEC && header.e_type != ET_DYN))
        return -ENOEXEC;
    info->machine = header.e_machine;
    info->executable = header.e_type == ET_EXEC || header.e_entry != 0;
    read_segments(info, elf);
    read_sections(info, elf);
    judge_pointers(info);
    return 0;
}

int elfinfo_read_path(struct elfinfo *info, const char *path)
{
    int fd, rc;
    Elf *elf;

    elf_version(EV_CURRENT);
    fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0)
        return -errno;
    elf = elf_begin(fd, ELF_C_READ_MMAP, NULL);
    rc = elf ? elfinfo_read(info, elf) : -ENOEXEC;
    elf_end(elf);
    close(fd);
    return rc;
}
