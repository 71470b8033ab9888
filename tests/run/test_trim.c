/* Images as the library makes them, trimmed: what perf and elfutils read in them. */
#include "elf_file.h"
#include "image.h"
#include "perf/trim.h"
#include "support.h"

#include <pyperf.h>

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static struct pyperf_image image;
static char path[PATH_MAX];
enum { ROOM = 100 }; /* of a name and a row */

static void add(unsigned count)
{
    char name[64];

    for (; count; count--) {
        int length = sprintf(name, "py::function_%u:/srv/app.py", image.used);
        const struct pyperf_code code = {
            .bytecode = image.used * 64UL, .lines = name, .lines_size = image.used % 5, .now = 1};
        ck_assert_uint_ne(pyperf_image_add(&image, name, (size_t)length, &code), 0);
    }
}

static void check_rows(const struct elf_file *before, const struct elf_file *after)
{
    Elf_Data *old, *new;
    Elf64_Shdr section = elf_file_section(after, PYPERF_CODE_SECTION, &new);

    ck_assert_uint_eq(section.sh_size, elf_file_section(before, PYPERF_CODE_SECTION, &old).sh_size);
    ck_assert(section.sh_size == 0 || memcmp(new->d_buf, old->d_buf, section.sh_size) == 0);
}

static void create(unsigned capacity, unsigned used)
{
    ck_assert_int_eq(pyperf_image_create(&image, support_directory(), 0, capacity, capacity * ROOM,
                                         PYPERF_IMAGE_MODE),
                     0);
    add(used);
    snprintf(path, sizeof path, "%s/trimmed.so", support_directory());
}

static void write_trimmed(const struct trimmed *trimmed)
{
    int fd = open(path, O_RDWR | O_CREAT | O_TRUNC, 0600);

    ck_assert_int_eq(trim_write(trimmed, fd), 0);
    close(fd);
}

static void trim(void)
{
    struct trimmed trimmed;

    ck_assert_int_eq(trim_read(&trimmed, image.path), 0);
    write_trimmed(&trimmed);
    ck_assert(trim_is_at(&trimmed, path));
    trim_free(&trimmed);
}

/* The section's bytes, of which the trimmed file has as many, but for `end`. */
static void check_bytes(const struct elf_file *before, const struct elf_file *after,
                        const char *name, size_t end)
{
    Elf_Data *old, *new;
    Elf64_Shdr section = elf_file_section(after, name, &new);

    ck_assert_uint_eq(section.sh_offset, elf_file_section(before, name, &old).sh_offset);
    ck_assert_uint_le(new->d_size, old->d_size);
    ck_assert_mem_eq(new->d_buf, old->d_buf, new->d_size - end);
}

/* The same names at the same addresses, the same code and unwind rules below them. */
static void check_same(unsigned count)
{
    struct elf_file before = elf_file_open(image.path), after = elf_file_open(path);

    ck_assert_uint_eq(elf_file_symbol_count(&after), count);
    for (unsigned i = 0; i < count; i++) {
        const char *name, *old_name;
        Elf64_Sym symbol = elf_file_symbol(&after, i, &name);
        Elf64_Sym old = elf_file_symbol(&before, i, &old_name);
        ck_assert_str_eq(name, old_name);
        ck_assert_uint_eq(symbol.st_value, old.st_value);
    }
    check_bytes(&before, &after, ".text", 0);
    check_bytes(&before, &after, ".note.gnu.build-id", 0);
    check_bytes(&before, &after, ".eh_frame", 4);
    check_rows(&before, &after);
    elf_file_close(&before);
    elf_file_close(&after);
    elf_file_lint(path);
}

START_TEST(test_same)
{
    static const unsigned used[] = {0, 1, 7, 299, 300};

    for (size_t i = 0; i < sizeof used / sizeof *used; i++) {
        create(300, used[i]);
        trim();
        check_same(used[i]);
    }
}
END_TEST

START_TEST(test_small)
{
    struct stat before, after;

    create(16384, 100);
    trim();
    ck_assert_int_eq(stat(image.path, &before), 0);
    ck_assert_int_eq(stat(path, &after), 0);
    /* Eight pages at most: headers, the table's and the rules' beginnings, slots, names, rows. */
    ck_assert_int_le(after.st_blocks * 512, 32768);
    ck_assert_int_gt(before.st_blocks * 512, 1 << 20);
    check_same(100);
}
END_TEST

START_TEST(test_new_names)
{
    struct trimmed trimmed;

    create(300, 10);
    trim();
    ck_assert_int_eq(trim_read(&trimmed, image.path), 0);
    ck_assert(trim_is_at(&trimmed, path));
    trim_free(&trimmed);
    add(1);
    ck_assert_int_eq(trim_read(&trimmed, image.path), 0);
    ck_assert(!trim_is_at(&trimmed, path));
    write_trimmed(&trimmed);
    trim_free(&trimmed);
    check_same(11);
}
END_TEST

/* What is trimmed already stays as it is. */
START_TEST(test_twice)
{
    struct trimmed trimmed;

    create(300, 10);
    trim();
    ck_assert_int_eq(trim_read(&trimmed, path), 0);
    ck_assert(trim_is_at(&trimmed, path));
    trim_free(&trimmed);
}
END_TEST

static int trim_bytes(const char *bytes, size_t size)
{
    struct trimmed trimmed;
    int fd = open(path, O_RDWR | O_CREAT | O_TRUNC, 0600), rc;

    ck_assert_int_eq(write(fd, bytes, size), size);
    close(fd);
    rc = trim_read(&trimmed, path);
    if (rc == 0)
        trim_free(&trimmed);
    return rc;
}

/* Whatever a byte is changed to, and wherever the file ends, nothing is read beyond it (asan). */
START_TEST(test_damaged)
{
    size_t size;
    char *bytes;

    create(8, 4);
    bytes = support_read(image.path, &size);
    ck_assert_ptr_nonnull(bytes);
    for (size_t i = 0; i < size; i += i < 1024 || i % 4096 < 768 ? 1 : 61) {
        static const char values[] = {0, 1, 0x7f, (char)0xff};
        char before = bytes[i];
        for (size_t v = 0; v < sizeof values; v++) {
            int rc;
            bytes[i] = values[v];
            rc = trim_bytes(bytes, size);
            ck_assert_msg(rc == 0 || rc == -EBADMSG || rc == -ENOMEM, "byte %zu: %d", i, rc);
        }
        bytes[i] = before;
    }
    for (size_t end = 0; end < size; end += 97)
        ck_assert_int_ne(trim_bytes(bytes, end), -ENOMEM);
    ck_assert_int_eq(trim_bytes("", 0), -EBADMSG);
    ck_assert_int_eq(trim_bytes(bytes, 64), -EBADMSG);
    free(bytes);
}
END_TEST

START_TEST(test_no_image)
{
    struct trimmed trimmed;

    ck_assert_int_eq(trim_read(&trimmed, "/proc/self/exe"), -ELOOP); /* no link is followed */
    ck_assert_int_eq(trim_read(&trimmed, "/no/such/file"), -ENOENT);
    ck_assert_int_eq(trim_read(&trimmed, "/usr/bin/env"), -EBADMSG);
    ck_assert_int_eq(trim_read(&trimmed, "/dev/null"), -EBADMSG);
}
END_TEST

SUPPORT_MAIN(test_same, test_small, test_new_names, test_twice, test_damaged, test_no_image)
