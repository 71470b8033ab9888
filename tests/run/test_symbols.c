/* Names of addresses: from ELF files made here, and from perf maps. */
#include "recording/demangle.h"
#include "recording/jitmap.h"
#include "recording/processor.h"
#include "recording/symbols.h"
#include "suite.h"

#include <errno.h>
#include <gelf.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
    TEXT = 1, /* sections of the file */
    DATA,
    SYMTAB,
    STRTAB,
    PLT,
    RELOCATIONS,
    NAMES,
    SECTIONS,
    PLT_ADDRESS = 0x8000,
    ENTRIES = 64,
};

static struct symbols symbols;
static Elf64_Sym entries[ENTRIES];
static size_t entry_count;
static char strings[4096], path[64];
static size_t strings_size;
static const char *plt_name;
static size_t plt_size;
static uint16_t machine;
static Elf *elf;
static int fd;

/* -- An ELF file ---------------------------------------------------------------------------- */

static void entry(const char *name, uint64_t start, uint64_t size, int bind, int type,
                  uint16_t section)
{
    entries[entry_count++] = (Elf64_Sym){.st_name = (Elf64_Word)strings_size,
                                         .st_info = ELF64_ST_INFO(bind, type),
                                         .st_shndx = section,
                                         .st_value = start,
                                         .st_size = size};
    strcpy(strings + strings_size, name);
    strings_size += strlen(name) + 1;
}

static void function(const char *name, uint64_t start, uint64_t size)
{
    entry(name, start, size, STB_GLOBAL, STT_FUNC, TEXT);
}

static void section(Elf64_Word name, Elf64_Word type, Elf64_Xword flags, void *bytes, size_t size,
                    uint64_t address, Elf64_Word link)
{
    Elf_Scn *scn = elf_newscn(elf);
    Elf_Data *data = elf_newdata(scn);
    Elf64_Shdr *header = elf64_getshdr(scn);

    data->d_buf = bytes;
    data->d_size = size;
    data->d_align = 8;
    data->d_version = EV_CURRENT;
    data->d_type = type == SHT_SYMTAB || type == SHT_DYNSYM ? ELF_T_SYM
                   : type == SHT_RELA                       ? ELF_T_RELA
                                                            : ELF_T_BYTE;
    header->sh_name = name;
    header->sh_type = type;
    header->sh_flags = flags;
    header->sh_addr = address;
    header->sh_link = link;
    header->sh_entsize = type == SHT_RELA                           ? sizeof(Elf64_Rela)
                         : type == SHT_SYMTAB || type == SHT_DYNSYM ? sizeof(Elf64_Sym)
                                                                    : 0;
}

/* Relocation i of the PLT is for symbol i + 1. */
static void make_elf(bool dynamic)
{
    static char text[64], plt[256], names[64] = "\0.rela.plt\0";
    static Elf64_Rela relocations[ENTRIES];
    Elf64_Ehdr *header;

    fd = memfd_create("elf", MFD_CLOEXEC);
    elf = elf_begin(fd, ELF_C_WRITE, NULL);
    header = elf64_newehdr(elf);
    header->e_type = ET_DYN;
    header->e_machine = machine;
    header->e_ident[EI_DATA] = ELFDATA2LSB;
    header->e_shstrndx = NAMES;
    for (size_t i = 0; i + 1 < entry_count; i++)
        relocations[i].r_info = ELF64_R_INFO(i + 1, 0);
    strcpy(names + 16, plt_name ? plt_name : "");
    section(0, SHT_PROGBITS, SHF_ALLOC | SHF_EXECINSTR, text, sizeof text, 0, 0);
    section(0, SHT_PROGBITS, SHF_ALLOC | SHF_WRITE, text, sizeof text, 0, 0);
    section(0, dynamic ? SHT_DYNSYM : SHT_SYMTAB, 0, entries, entry_count * sizeof *entries, 0,
            STRTAB);
    section(0, SHT_STRTAB, 0, strings, sizeof strings, 0, 0);
    section(16, SHT_PROGBITS, SHF_EXECINSTR, plt, plt_size, PLT_ADDRESS, 0);
    section(1, SHT_RELA, 0, relocations, (entry_count - 1) * sizeof *relocations, 0, SYMTAB);
    section(0, SHT_STRTAB, 0, names, sizeof names, 0, 0);
    ck_assert_int_gt(elf_update(elf, ELF_C_WRITE), 0);
    elf_end(elf);
    elf = elf_begin(fd, ELF_C_READ_MMAP, NULL);
    ck_assert_ptr_nonnull(elf);
}

static void read_elf(void)
{
    make_elf(false);
    ck_assert_int_eq(symbols_add_table(&symbols, elf, false), 0);
    symbols_finish(&symbols);
}

static void check(uint64_t address, const char *name)
{
    const struct symbol *symbol = symbols_find(&symbols, address);

    if (name) {
        ck_assert_ptr_nonnull(symbol);
        ck_assert_str_eq(symbol->name, name);
    } else {
        ck_assert_ptr_null(symbol);
    }
}

START_TEST(test_find)
{
    function("second", 0x2000, 0x100);
    function("first", 0x1000, 0x100);
    read_elf();
    check(0, NULL);
    check(0xfff, NULL);
    check(0x1000, "first");
    check(0x10ff, "first");
    check(0x1100, NULL);
    check(0x2000, "second");
    check(0x20ff, "second");
    check(0x2100, NULL);
    check(UINT64_MAX, NULL);
}
END_TEST

/* What is no code has no name here. */
START_TEST(test_which)
{
    entry("object", 0x1000, 8, STB_GLOBAL, STT_OBJECT, DATA);
    entry("undefined", 0x1100, 8, STB_GLOBAL, STT_FUNC, SHN_UNDEF);
    entry("absolute", 0x1200, 8, STB_GLOBAL, STT_FUNC, SHN_ABS);
    entry("zero", 0, 8, STB_GLOBAL, STT_FUNC, TEXT);
    entry("label in data", 0x1400, 8, STB_GLOBAL, STT_NOTYPE, DATA);
    entry("label in code", 0x1500, 8, STB_LOCAL, STT_NOTYPE, TEXT);
    entry("file.c", 0x1600, 8, STB_LOCAL, STT_FILE, SHN_ABS);
    entry("$x", 0x1700, 8, STB_LOCAL, STT_NOTYPE, TEXT);
    entry("", 0x1800, 8, STB_LOCAL, STT_FUNC, TEXT);
    entry("ifunc", 0x1900, 8, STB_LOCAL, STT_GNU_IFUNC, TEXT);
    read_elf();
    for (uint64_t address = 0; address < 0x2000; address += 4)
        check(address, address >> 3 == 0x1500 >> 3   ? "label in code"
                       : address >> 3 == 0x1900 >> 3 ? "ifunc"
                                                     : NULL);
}
END_TEST

/* perf's order of preference; the first of each pair wins, whichever comes first. */
START_TEST(test_aliases)
{
    static const struct {
        const char *name;
        uint64_t size;
        int bind, type;
    } pairs[][2] = {
        {{"_a", 8, STB_WEAK, STT_FUNC}, {"typed", 8, STB_GLOBAL, STT_NOTYPE}},
        {{"_a", 8, STB_LOCAL, STT_FUNC}, {"strong", 8, STB_WEAK, STT_FUNC}},
        {{"_a", 8, STB_GLOBAL, STT_FUNC}, {"global", 8, STB_LOCAL, STT_FUNC}},
        {{"a", 8, STB_GLOBAL, STT_FUNC}, {"_underscores", 8, STB_GLOBAL, STT_FUNC}},
        {{"_a", 8, STB_GLOBAL, STT_FUNC}, {"__underscores", 8, STB_GLOBAL, STT_FUNC}},
        {{"longer", 8, STB_GLOBAL, STT_FUNC}, {"short", 8, STB_GLOBAL, STT_FUNC}},
    };
    const size_t count = sizeof pairs / sizeof *pairs;

    for (size_t i = 0; i < count; i++)
        for (size_t j = 0; j < 4; j++) {
            size_t which = j == 0 || j == 3 ? 0 : 1; /* both orders, at two addresses */
            entry(pairs[i][which].name, 0x1000 + i * 0x20 + j / 2 * 0x10, pairs[i][which].size,
                  pairs[i][which].bind, pairs[i][which].type, TEXT);
        }
    read_elf();
    for (size_t i = 0; i < count; i++) {
        check(0x1000 + i * 0x20, pairs[i][0].name);
        check(0x1010 + i * 0x20, pairs[i][0].name);
    }
}
END_TEST

/* Of two that are alike the first stays. */
START_TEST(test_equal_aliases)
{
    function("abc", 0x1000, 8);
    function("xyz", 0x1000, 8);
    read_elf();
    check(0x1000, "abc");
}
END_TEST

START_TEST(test_no_size)
{
    function("open", 0x1000, 0);
    function("alias, longer, but the first", 0x1800, 0);
    function("alias, the last", 0x1800, 0);
    function("next", 0x1900, 0x10);
    function("sized", 0x1a00, 0x10);
    function("longer but open", 0x1a00, 0);
    function("last", 0x2345, 0);
    read_elf();
    check(0x17ff, "open");
    check(0x1800, "alias, the last");
    check(0x18ff, "alias, the last");
    check(0x1900, "next");
    check(0x1910, NULL);
    check(0x1a00, "longer but open"); /* up to "last" */
    check(0x1a10, "longer but open");
    check(0x2345, "last");
    check(0x3fff, "last"); /* the page behind the next boundary */
    check(0x4000, NULL);
}
END_TEST

/* A part of a function may have a name of its own. */
START_TEST(test_nested)
{
    function("outer", 0x1000, 0x1000);
    function("inner", 0x1100, 0x100);
    function("innermost", 0x1140, 0x10);
    function("inner.2", 0x1300, 0x100);
    read_elf();
    check(0x10ff, "outer");
    check(0x1100, "inner");
    check(0x1140, "innermost");
    check(0x1150, "inner");
    check(0x1200, "outer");
    check(0x1300, "inner.2");
    check(0x1fff, "outer");
    check(0x2000, NULL);
}
END_TEST

START_TEST(test_tables)
{
    function("f", 0x1000, 8);
    make_elf(true);
    ck_assert_int_eq(symbols_add_table(&symbols, elf, false), -ENOENT);
    ck_assert_int_eq(symbols_add_table(&symbols, elf, true), 0);
    symbols_finish(&symbols);
    check(0x1000, "f");
}
END_TEST

START_TEST(test_no_symbols)
{
    symbols_finish(&symbols);
    check(0, NULL);
}
END_TEST

START_TEST(test_demangled)
{
    char *name = demangle("_ZN5outer5innerEi");

    if (!name)
        return; /* no libstdc++ here */
    free(name);
    function("_ZN5outer5innerEi", 0x1000, 8);
    function("_Z", 0x1008, 8);
    read_elf();
    check(0x1000, "outer::inner(int)");
    check(0x1008, "_Z");
    symbols_free(&symbols);
    plt_name = ".plt.sec";
    plt_size = 16;
    elf_end(elf);
    close(fd);
    make_elf(true);
    ck_assert_int_eq(symbols_add_plt(&symbols, elf), 0);
    check(PLT_ADDRESS, "outer::inner(int)@plt");
    ck_assert_ptr_null(demangle("main"));
}
END_TEST

/* The linker's own entry comes first in .plt, whose size differs; .plt.sec has none. */
START_TEST(test_plt)
{
    const struct {
        const char *section;
        uint64_t first;
    } kinds[] = {{".plt", processor_here.plt_header}, {".plt.sec", 0}};
    const uint64_t first = PLT_ADDRESS + kinds[_i].first;

    plt_name = kinds[_i].section;
    machine = processor_here.machine;
    plt_size = 3 * 16 + kinds[_i].first; /* less than there are relocations */
    entry("malloc", 0, 0, STB_GLOBAL, STT_FUNC, SHN_UNDEF);
    entry("", 0, 0, STB_GLOBAL, STT_FUNC, SHN_UNDEF);
    entry("free", 0, 0, STB_GLOBAL, STT_FUNC, SHN_UNDEF);
    entry("lost", 0, 0, STB_GLOBAL, STT_FUNC, SHN_UNDEF);
    make_elf(true);
    ck_assert_int_eq(symbols_add_plt(&symbols, elf), 0);
    symbols_finish(&symbols);
    ck_assert_uint_eq(symbols.count, 2);
    check(first - 1, NULL);
    check(first, "malloc@plt");
    check(first + 15, "malloc@plt");
    check(first + 16, NULL);
    check(first + 32, "free@plt");
    check(first + 48, NULL);
}
END_TEST

/* Any name, however long. */
START_TEST(test_long_names)
{
    static char name[200000];

    memset(name, 'n', sizeof name);
    for (uint64_t i = 0; i < 20; i++)
        ck_assert_int_eq(symbols_add(&symbols, 0x1000 + i, 1, name, i * 10000), 0);
    symbols_finish(&symbols);
    for (uint64_t i = 0; i < 20; i++)
        ck_assert_uint_eq(strlen(symbols_find(&symbols, 0x1000 + i)->name), i * 10000);
}
END_TEST

/* -- Perf maps ------------------------------------------------------------------------------ */

static int read_map(const char *text, size_t size)
{
    int rc;

    fd = memfd_create("map", MFD_CLOEXEC);
    ck_assert_int_eq(write(fd, text, size), size);
    snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    rc = jitmap_read(&symbols, path);
    close(fd);
    return rc;
}

START_TEST(test_map)
{
    static const char text[] = "7f0000002000 10 py::second:/a b/c.py\n"
                               "7f0000001000 1a first\n"
                               "\n"
                               "what is this\n"
                               "7f0000003000 10\n"
                               "7f0000003000 10 \n"
                               "0x7f0000004000 0x10 prefixed\n"
                               "7f0000005000 10 no line's end";

    ck_assert_int_eq(read_map(text, sizeof text - 1), 0);
    check(0x7f0000000fff, NULL);
    check(0x7f0000001000, "first");
    check(0x7f0000001019, "first");
    check(0x7f000000101a, NULL);
    check(0x7f0000002000, "py::second:/a b/c.py");
    check(0x7f0000003000, NULL);
    check(0x7f0000004000, "prefixed");
    check(0x7f0000005000, "no line's end");
}
END_TEST

START_TEST(test_map_of_nothing)
{
    static const char zeros[] = "\0\0 1 \0\n1000 8 cut\0off\n";

    ck_assert_int_eq(read_map("", 0), 0);
    check(0, NULL);
    ck_assert_int_eq(read_map(zeros, sizeof zeros - 1), 0);
    check(0x1000, "cut");
    ck_assert_int_eq(jitmap_read(&symbols, "/nonexistent/perf.map"), -ENOENT);
    ck_assert_int_eq(jitmap_read(&symbols, "/dev/null"), -EACCES);
    ck_assert_int_eq(jitmap_read(&symbols, "/tmp"), -EACCES);
}
END_TEST

/* Whoever may write to /tmp must not name our code; nor make us wait for a FIFO. */
START_TEST(test_map_of_others)
{
    char name[] = "/tmp/pyperf-test-map-XXXXXX";
    int rc;

    fd = mkstemp(name);
    ck_assert_int_eq(write(fd, "1000 8 forged\n", 14), 14);
    close(fd);
    if (geteuid() == 0) {
        ck_assert_int_eq(chown(name, 12345, 12345), 0);
        ck_assert_int_eq(jitmap_read(&symbols, name), 0); /* root reads all, as perf does */
        ck_assert_int_eq(chown(name, 0, 0), 0);
        ck_assert_int_eq(chmod(name, 0644), 0);
        ck_assert_int_eq(seteuid(12345), 0);
        rc = jitmap_read(&symbols, name);
        ck_assert_int_eq(seteuid(0), 0);
        ck_assert_int_eq(rc, -EACCES);
    }
    unlink(name);
    ck_assert_int_eq(mkfifo(name, 0600), 0);
    rc = jitmap_read(&symbols, name);
    unlink(name);
    ck_assert_int_eq(rc, -EACCES);
}
END_TEST

static void set_up(void)
{
    elf_version(EV_CURRENT);
    symbols = (struct symbols){.count = 0};
    entry_count = strings_size = plt_size = 0;
    plt_name = NULL;
    machine = EM_X86_64;
    elf = NULL;
    entry("", 0, 0, STB_LOCAL, STT_NOTYPE, SHN_UNDEF);
}

static void tear_down(void)
{
    symbols_free(&symbols);
    if (elf) {
        elf_end(elf);
        close(fd);
    }
}

int main(void)
{
    TCase *tests = tcase_create("symbols");

    tcase_add_checked_fixture(tests, set_up, tear_down);
    tcase_add_test(tests, test_find);
    tcase_add_test(tests, test_which);
    tcase_add_test(tests, test_aliases);
    tcase_add_test(tests, test_equal_aliases);
    tcase_add_test(tests, test_no_size);
    tcase_add_test(tests, test_nested);
    tcase_add_test(tests, test_tables);
    tcase_add_test(tests, test_no_symbols);
    tcase_add_test(tests, test_demangled);
    tcase_add_loop_test(tests, test_plt, 0, 2);
    tcase_add_test(tests, test_long_names);
    tcase_add_test(tests, test_map);
    tcase_add_test(tests, test_map_of_nothing);
    tcase_add_test(tests, test_map_of_others);
    return run_case("symbols", tests);
}
