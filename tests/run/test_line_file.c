/* Line files, as elfutils and the tools on this machine read them. */
#include "elf_file.h"
#include "lines/line_file.h"
#include "support.h"

#include <elfutils/libdw.h>
#include <elfutils/libdwelf.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static const char F[] = "py::f:/srv/a.py", G[] = "py::<lambda>:/srv/b.py",
                  STRING[] = "py::s:<string>";

static struct line_file *file;
static char path[PATH_MAX];

static const char *source_of(const char *name)
{
    return strrchr(name, ':') + 1;
}

static uint64_t ask(const char *name, unsigned first, unsigned last, unsigned line)
{
    uint64_t address = 0;

    ck_assert_int_eq(line_file_address(file, name, source_of(name), first, last, line, &address),
                     0);
    ck_assert_uint_gt(address, LINE_FILE_TEXT);
    ck_assert_uint_lt(address, LINE_FILE_TEXT + line_file_text_size(file));
    return address;
}

static struct build_id write_file(void)
{
    struct build_id id;
    int fd;

    snprintf(path, sizeof path, "%s/lines.so", support_directory());
    fd = open(path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    ck_assert_int_eq(line_file_write(file, fd, &id), 0);
    close(fd);
    return id;
}

/* -- What is in a file ---------------------------------------------------------------------- */

/* Exactly one symbol has the address. */
static void check_symbol(uint64_t address, const char *expected)
{
    struct elf_file elf = elf_file_open(path);
    unsigned found = 0;

    for (size_t i = 0; i < elf_file_symbol_count(&elf); i++) {
        const char *name;
        Elf64_Sym symbol = elf_file_symbol(&elf, i, &name);
        if (address - symbol.st_value >= symbol.st_size)
            continue;
        found++;
        ck_assert_str_eq(name, expected);
    }
    ck_assert_uint_eq(found, 1);
    elf_file_close(&elf);
}

static void check_line(uint64_t address, const char *source, int line)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC), number = 0;
    Dwarf *dwarf = dwarf_begin(fd, DWARF_C_READ);
    Dwarf_Die unit;
    Dwarf_Line *row;

    ck_assert_ptr_nonnull(dwarf_addrdie(dwarf, address, &unit));
    row = dwarf_getsrc_die(&unit, address);
    ck_assert_ptr_nonnull(row);
    ck_assert_int_eq(dwarf_lineno(row, &number), 0);
    ck_assert_int_eq(number, line);
    ck_assert_str_eq(dwarf_linesrc(row, NULL, NULL), source);
    dwarf_end(dwarf);
    close(fd);
}

/* What callers and their call instructions lead to. */
static void check(uint64_t address, const char *name, int line)
{
    for (uint64_t at = address - 1; at <= address; at++) {
        check_symbol(at, name);
        check_line(at, source_of(name), line);
    }
}

START_TEST(test_lines)
{
    static const unsigned lines[] = {10, 11, 13, 40, 57, 74, 75, 90};
    enum { COUNT = sizeof lines / sizeof *lines };
    uint64_t in_f[COUNT], in_g[COUNT], whole, text;
    struct elf_file elf;

    file = line_file_new();
    for (int i = COUNT - 1; i >= 0; i--) {
        in_f[i] = ask(F, 10, 90, lines[i]);
        in_g[i] = ask(G, 1, 60000, lines[i]);
    }
    whole = ask(STRING, 7, 7, 7);
    write_file();
    elf_file_lint(path);
    for (int i = 0; i < COUNT; i++) {
        check(in_f[i], F, (int)lines[i]);
        check(in_g[i], G, (int)lines[i]);
    }
    check(whole, STRING, 7);
    elf = elf_file_open(path);
    text = elf_file_section(&elf, ".text", NULL).sh_addr;
    ck_assert_uint_eq(text, LINE_FILE_TEXT);
    ck_assert_uint_eq(text, elf_file_section(&elf, ".text", NULL).sh_offset);
    ck_assert_uint_eq(elf_file_section(&elf, ".text", NULL).sh_size, line_file_text_size(file));
    elf_file_close(&elf);
    line_file_free(file);
}
END_TEST

/* No line, whatever is beside it: the last line of another, the first of its own. */
START_TEST(test_unknown)
{
    uint64_t of_f, of_g, of_string;

    file = line_file_new();
    of_f = ask(F, 1, 2, 0);
    ask(F, 1, 2, 1);
    ask(F, 1, 2, 2);
    of_g = ask(G, 1, 2, 0);
    ask(G, 1, 2, 1);
    ask(G, 1, 2, 2);
    of_string = ask(STRING, 0, 0, 0);
    write_file();
    elf_file_lint(path);
    check(of_f, F, 0);
    check(of_g, G, 0);
    check(of_string, STRING, 0);
    line_file_free(file);
}
END_TEST

START_TEST(test_again)
{
    uint64_t unknown, inner, below, above, odd, size;

    file = line_file_new();
    unknown = ask(G, 100, 110, 0);
    inner = ask(G, 100, 110, 105);
    below = ask(G, 90, 105, 95);
    above = ask(G, 50, 200, 150);
    odd = ask(G, 300, 310, 7); /* a line that is not where the code is said to be */
    size = line_file_text_size(file);
    ck_assert_uint_eq(ask(G, 1, 1, 0), unknown);
    ck_assert_uint_eq(ask(G, 90, 200, 105), inner);
    ck_assert_uint_eq(ask(G, 90, 99, 95), below);
    ck_assert_uint_eq(ask(G, 150, 150, 150), above);
    ck_assert_uint_eq(ask(G, 300, 310, 7), odd);
    ck_assert_uint_eq(line_file_text_size(file), size);
    write_file();
    elf_file_lint(path);
    check(unknown, G, 0);
    check(inner, G, 105);
    check(below, G, 95);
    check(above, G, 150);
    check(odd, G, 7);
    line_file_free(file);
}
END_TEST

START_TEST(test_bounds)
{
    uint64_t first, last, address;
    int rc = 0;

    file = line_file_new();
    first = ask(F, 1, UINT_MAX, 1);
    last = ask(F, 1, UINT_MAX, INT_MAX);
    ck_assert_uint_le(line_file_text_size(file), 2 * 4 * (LINE_FILE_LINES_MOST + 1));
    write_file();
    check(first, F, 1);
    check(last, F, INT_MAX);
    for (unsigned i = 1; rc == 0 && i < 1000; i++)
        rc = line_file_address(file, F, source_of(F), 1, UINT_MAX, i * LINE_FILE_LINES_MOST,
                               &address);
    ck_assert_int_eq(rc, -EFBIG);
    ck_assert_uint_le(line_file_text_size(file), LINE_FILE_TEXT_MOST);
    ck_assert_uint_eq(ask(F, 1, UINT_MAX, INT_MAX), last);
    line_file_free(file);
    file = line_file_new();
    write_file(); /* of nothing */
    line_file_free(file);
}
END_TEST

START_TEST(test_build_id)
{
    struct build_id ids[3];
    const void *bytes;
    int fd;
    Elf *elf;

    for (int i = 0; i < 3; i++) {
        file = line_file_new();
        ask(F, 10, 20, i < 2 ? 11 : 12);
        ids[i] = write_file();
        line_file_free(file);
    }
    ck_assert_uint_eq(ids[0].size, BUILD_ID_MAX);
    ck_assert(build_id_same(&ids[0], &ids[1]));
    ck_assert(!build_id_same(&ids[0], &ids[2]));
    fd = open(path, O_RDONLY | O_CLOEXEC);
    elf = elf_begin(fd, ELF_C_READ, NULL);
    ck_assert_int_eq(dwelf_elf_gnu_build_id(elf, &bytes), BUILD_ID_MAX);
    ck_assert_mem_eq(bytes, ids[2].bytes, BUILD_ID_MAX);
    elf_end(elf);
    close(fd);
}
END_TEST

/* Within the time that a test has; and lambdas, which share a name. */
START_TEST(test_many)
{
    enum { COUNT = 100000 };
    char name[64];
    uint64_t address = 0, lambda = 0;
    int rc = 0; /* an assertion each would take most of the time */

    file = line_file_new();
    for (unsigned i = 1; rc == 0 && i <= COUNT; i++) {
        sprintf(name, "py::function_%u:/srv/%u.py", i, i);
        for (unsigned line = 10; rc == 0 && line < 20; line += 3)
            rc = line_file_address(file, name, source_of(name), 10, 50, line, &address);
        rc = rc ? rc : line_file_address(file, G, source_of(G), i, i, i, &lambda);
    }
    ck_assert_int_eq(rc, 0);
    write_file();
    elf_file_lint(path);
    check_line(address, source_of(name), 19);
    check_line(lambda, source_of(G), COUNT);
    line_file_free(file);
}
END_TEST

/* -- What tools say ------------------------------------------------------------------------- */

static const char *output_of(const char *format, uint64_t address)
{
    static char output[4096];
    char command[4 * PATH_MAX];
    FILE *pipe;

    snprintf(command, sizeof command, format, path, (unsigned long)address);
    pipe = popen(command, "r");
    output[fread(output, 1, sizeof output - 1, pipe)] = '\0';
    ck_assert_msg(pclose(pipe) == 0, "%s: %s", command, output);
    return output;
}

static void require(const char *tool, const char *package)
{
    char command[64];

    snprintf(command, sizeof command, "command -v %s >/dev/null", tool);
    if (system(command) != 0)
        support_skip("%s is not installed (package %s)", tool, package);
}

/* `known` and `unknown` are what it says of lines, after names or before. */
static void check_tool(const char *format, const char *known, const char *unknown)
{
    uint64_t line, none;

    file = line_file_new();
    none = ask(F, 10, 20, 0);
    line = ask(F, 10, 20, 12);
    ask(G, 1, 3, 3);
    write_file();
    line_file_free(file);
    for (int before = 0; before < 2; before++) {
        const char *output = output_of(format, line - before);
        ck_assert_ptr_nonnull(strstr(output, "py::f:/srv/a"));
        ck_assert_ptr_nonnull(strstr(output, known));
        output = output_of(format, none - before);
        ck_assert_ptr_nonnull(strstr(output, "py::f:/srv/a"));
        ck_assert_ptr_nonnull(strstr(output, unknown));
    }
}

START_TEST(test_addr2line)
{
    require("addr2line", "binutils");
    check_tool("addr2line -f -e '%s' %#lx", "\n/srv/a.py:12\n", "\n/srv/a.py:?\n");
}
END_TEST

START_TEST(test_eu_addr2line)
{
    require("eu-addr2line", "elfutils");
    check_tool("eu-addr2line -f -e '%s' %#lx", "\n/srv/a.py:12\n", "\n/srv/a.py:0\n");
}
END_TEST

START_TEST(test_llvm)
{
    require("llvm-symbolizer", "llvm");
    check_tool("llvm-symbolizer -e '%s' %#lx", "\n/srv/a.py:12:0\n", "\n/srv/a.py:0:0\n");
}
END_TEST

START_TEST(test_gdb)
{
    require("gdb", "gdb");
    check_tool("gdb -nx -batch '%s' -ex 'info line *%#lx' 2>&1", "Line 12 of \"/srv/a.py\"",
               "No line number information");
}
END_TEST

/* What perf annotate reads: the source of each line that has a row, before its instruction. */
START_TEST(test_objdump)
{
    char name[PATH_MAX + 8], source[PATH_MAX];
    const char *output, *at;
    unsigned instructions = 0;
    FILE *text;

    require("objdump", "binutils");
    snprintf(source, sizeof source, "%s/source.py", support_directory());
    snprintf(name, sizeof name, "py::f:%s", source);
    text = fopen(source, "w");
    fputs("def f():\n    first = 1\n    second = 2\n    third = 3\n    return 4\n", text);
    fclose(text);
    file = line_file_new();
    ask(name, 1, 100, 2);
    ask(name, 1, 100, 4);
    ask(name, 1, 100, 80);
    write_file();
    line_file_free(file);
    output =
        output_of("objdump -d -l -S --no-show-raw-insn '%s' --start-address=%#lx", LINE_FILE_TEXT);
    for (at = output; (at = strstr(at, "\tnop")) != NULL; at++)
        instructions++;
    ck_assert_msg(instructions == 5, "%s", output); /* line not known, 2, 3, 4, 80 */
    at = strstr(output, "source.py:2\n");
    ck_assert_msg(at && (at = strstr(at, "    first = 1\n")) && (at = strstr(at, "\tnop")) &&
                      (at = strstr(at, "source.py:4")) && (at = strstr(at, "    third = 3\n")) &&
                      (at = strstr(at, "\tnop")),
                  "%s", output);
}
END_TEST

/* Code of which little was asked for takes no space. */
START_TEST(test_holes)
{
    struct stat status;

    file = line_file_new();
    ask(F, 1, 1 << 20, 7);
    ask(F, 1, 1 << 20, 1 << 19);
    write_file();
    ck_assert_int_eq(stat(path, &status), 0);
    ck_assert_int_gt(status.st_size, 4 << 20);
    ck_assert_int_lt(status.st_blocks * 512, 32 << 10);
    line_file_free(file);
}
END_TEST

START_TEST(test_buildid_cache)
{
    char id[BUILD_ID_TEXT], command[4 * PATH_MAX];
    const char *cache = support_directory();
    struct build_id build_id;

    require("perf", "linux-perf");
    file = line_file_new();
    ask(F, 10, 20, 12);
    build_id = write_file();
    line_file_free(file);
    build_id_text(&build_id, id);
    snprintf(
        command, sizeof command,
        "perf --buildid-dir '%s' buildid-cache --add '%s' && cmp '%s' '%s/.build-id/%.2s/%s/elf'",
        cache, path, path, cache, id, id + 2);
    ck_assert_msg(system(command) == 0, "%s", command);
}
END_TEST

SUPPORT_MAIN(test_lines, test_unknown, test_again, test_bounds, test_build_id, test_many,
             test_addr2line, test_eu_addr2line, test_llvm, test_gdb, test_objdump, test_holes,
             test_buildid_cache)
