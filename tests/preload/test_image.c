/* The ELF image: what other programs read in it, at every moment of its life. */
#include "image.h"
#include "pyperf.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "arch.h"
#include "code_rows.h"
#include "elf_file.h"
#include "support.h"
#include "trampoline.h"

enum { CAPACITY = 64, ROOM = 100 };

static struct pyperf_image image;

static void create(unsigned capacity)
{
    ck_assert_int_eq(pyperf_image_create(&image, support_directory(), 0, capacity, capacity * ROOM,
                                         PYPERF_IMAGE_MODE),
                     0);
}

static size_t name_of(char *name, unsigned i)
{
    return (size_t)sprintf(name, "py::outer.<locals>.function_%u:/srv/app/module.py", i);
}

static uintptr_t add(unsigned i)
{
    char name[128];
    size_t length = name_of(name, i);
    return pyperf_image_add(&image, name, length, NULL);
}

static void fill(unsigned count)
{
    while (image.used < count)
        ck_assert_uint_ne(add(image.used), 0);
}

/* Every symbol that was added, in order, and nothing else. */
static void check_symbols(const char *path, unsigned count)
{
    struct elf_file file = elf_file_open(path);
    Elf64_Shdr text = elf_file_section(&file, ".text", NULL);
    ck_assert_uint_eq(elf_file_symbol_count(&file), count);
    for (unsigned i = 0; i < count; i++) {
        char expected[128];
        const char *name;
        name_of(expected, i);
        Elf64_Sym symbol = elf_file_symbol(&file, i, &name);
        ck_assert_str_eq(name, expected);
        ck_assert_uint_eq(symbol.st_value, text.sh_addr + (uint64_t)i * PYPERF_ARCH_SLOT_SIZE);
        ck_assert_uint_eq(symbol.st_size, PYPERF_ARCH_SLOT_SIZE);
        ck_assert_uint_eq(ELF64_ST_TYPE(symbol.st_info), STT_FUNC);
    }
    elf_file_close(&file);
}

START_TEST(elflint_accepts_it_empty)
{
    create(CAPACITY);
    elf_file_lint(image.path);
}
END_TEST

START_TEST(elflint_accepts_it_half_full)
{
    create(CAPACITY);
    fill(CAPACITY / 2);
    elf_file_lint(image.path);
}
END_TEST

START_TEST(elflint_accepts_it_full)
{
    create(CAPACITY);
    fill(CAPACITY);
    elf_file_lint(image.path);
}
END_TEST

START_TEST(elflint_accepts_the_largest)
{
    create(65536);
    fill(65536);
    elf_file_lint(image.path);
}
END_TEST

START_TEST(every_symbol_reads_back)
{
    create(CAPACITY);
    for (unsigned count = 0; count <= CAPACITY; count += CAPACITY / 4) {
        fill(count);
        check_symbols(image.path, count);
    }
}
END_TEST

START_TEST(slots_are_given_once_and_in_order)
{
    create(CAPACITY);
    for (unsigned i = 0; i < CAPACITY; i++)
        ck_assert_uint_eq(add(i), image.text + (uintptr_t)i * PYPERF_ARCH_SLOT_SIZE);
    ck_assert_uint_eq(add(CAPACITY), 0);
    ck_assert_uint_eq(add(CAPACITY), 0);
    check_symbols(image.path, CAPACITY);
}
END_TEST

START_TEST(names_stop_where_the_string_table_ends)
{
    create(CAPACITY);
    char name[8192];
    memset(name, 'x', sizeof name);
    unsigned added = 0;
    while (pyperf_image_add(&image, name, sizeof name, NULL) != 0)
        added++;
    ck_assert_uint_gt(added, 0);
    ck_assert_uint_lt(added, CAPACITY);
    elf_file_lint(image.path);
    struct elf_file file = elf_file_open(image.path);
    ck_assert_uint_eq(elf_file_symbol_count(&file), added);
    Elf64_Shdr strings = elf_file_section(&file, ".strtab", NULL);
    struct stat status;
    ck_assert_int_eq(stat(image.path, &status), 0);
    ck_assert_uint_le(strings.sh_offset + strings.sh_size, (uint64_t)status.st_size);
    elf_file_close(&file);
    /* A short one still has room. */
    ck_assert_uint_ne(pyperf_image_add(&image, "py::f:m", 7, NULL), 0);
    ck_assert(elf_file_names(image.path, "py::f:m"));
}
END_TEST

START_TEST(every_slot_holds_the_trampoline)
{
    create(CAPACITY);
    struct elf_file file = elf_file_open(image.path);
    Elf_Data *text;
    ck_assert_uint_eq(elf_file_section(&file, ".text", &text).sh_size,
                      CAPACITY * PYPERF_ARCH_SLOT_SIZE);
    for (size_t at = 0; at < text->d_size; at += PYPERF_ARCH_SLOT_SIZE) {
        ck_assert_mem_eq((char *)text->d_buf + at, pyperf_trampoline, PYPERF_ARCH_SLOT_SIZE);
        ck_assert_mem_eq((char *)image.text + at, pyperf_trampoline, PYPERF_ARCH_SLOT_SIZE);
    }
    elf_file_close(&file);
}
END_TEST

static void *add_up(void *a, void *b, void *c)
{
    return (void *)((uintptr_t)a + (uintptr_t)b * 10 + (uintptr_t)c * 100);
}

START_TEST(every_slot_calls_next_with_its_arguments)
{
    create(CAPACITY);
    for (unsigned i = 0; i < CAPACITY; i++) {
        pyperf_slot_fn slot = (pyperf_slot_fn)add(i);
        ck_assert_ptr_eq(slot((void *)1, (void *)2, (void *)3, add_up), (void *)321);
    }
}
END_TEST

START_TEST(anonymous_slots_work_without_a_file)
{
    ck_assert_int_eq(pyperf_image_create_anonymous(&image, CAPACITY), 0);
    ck_assert_str_eq(image.path, "");
    for (unsigned i = 0; i < CAPACITY; i++) {
        pyperf_slot_fn slot = (pyperf_slot_fn)add(i);
        ck_assert_ptr_eq(slot((void *)4, (void *)5, (void *)6, add_up), (void *)654);
    }
    ck_assert_uint_eq(add(CAPACITY), 0);
}
END_TEST

START_TEST(text_is_never_writable)
{
    create(CAPACITY);
    FILE *stream = fopen("/proc/self/maps", "r");
    char line[512];
    unsigned seen = 0;
    while (fgets(line, sizeof line, stream) != NULL) {
        if (strstr(line, image.path) == NULL)
            continue;
        seen++;
        ck_assert_msg(strstr(line, "r-xp") != NULL || strstr(line, "rw-s") != NULL, "%s", line);
    }
    fclose(stream);
    ck_assert_uint_eq(seen, 2);
}
END_TEST

START_TEST(file_is_for_its_owner_to_read_only)
{
    umask(0);
    create(CAPACITY);
    struct stat status;
    ck_assert_int_eq(stat(image.path, &status), 0);
    ck_assert_uint_eq(status.st_mode, S_IFREG | PYPERF_IMAGE_MODE);
}
END_TEST

/* -- The code table ------------------------------------------------------------------------- */

static const char lines[] = "any bytes";

static struct pyperf_code code_of(unsigned i)
{
    return (struct pyperf_code){.bytecode = 0x7f0000001000 + i * 64UL,
                                .lines = lines,
                                .lines_size = i % sizeof lines,
                                .length = 2 * i,
                                .first_line = i + 1,
                                .lines_format = PYPERF_LINES_3_10,
                                .file = 5,
                                .now = 1000 + i / 3};
}

static uintptr_t add_with_row(unsigned i)
{
    char name[128];
    size_t length = name_of(name, i);
    struct pyperf_code code = code_of(i);
    return pyperf_image_add(&image, name, length, &code);
}

static void check_rows(unsigned count)
{
    struct code_row *rows;
    ck_assert_uint_eq(code_rows_read(image.path, &rows), count);
    for (unsigned i = 0; i < count; i++) {
        const struct pyperf_code code = code_of(i);
        const struct pyperf_code_row expected = {.bytecode = code.bytecode,
                                                 .length = code.length,
                                                 .first_line = code.first_line,
                                                 .lines_size = (uint32_t)code.lines_size,
                                                 .slot = (uint16_t)i,
                                                 .file = code.file};
        ck_assert_int_eq(memcmp(&rows[i].row, &expected, sizeof expected), 0);
        ck_assert_mem_eq(rows[i].lines, lines, code.lines_size);
        ck_assert_uint_eq(rows[i].time, code.now);
        ck_assert_uint_eq(rows[i].format, code.lines_format);
    }
    free(rows);
}

static void fill_with_rows(void)
{
    while (image.used < CAPACITY)
        ck_assert_uint_ne(add_with_row(image.used), 0);
}

START_TEST(every_row_reads_back)
{
    create(CAPACITY);
    check_rows(0);
    for (unsigned i = 0; i < CAPACITY; i++) {
        ck_assert_uint_ne(add_with_row(i), 0);
        check_rows(i + 1);
        elf_file_lint(image.path);
    }
    check_symbols(image.path, CAPACITY);
}
END_TEST

START_TEST(a_slot_gets_another_row)
{
    struct code_row *rows;
    create(CAPACITY);
    fill(2);
    struct pyperf_code code = code_of(7);
    ck_assert_int_eq(pyperf_image_describe(&image, image.text + PYPERF_ARCH_SLOT_SIZE, &code), 0);
    ck_assert_int_eq(pyperf_image_describe(&image, image.text, &code), 0);
    ck_assert_int_eq(pyperf_image_describe(&image, image.text - 4096, &code), 0);
    ck_assert_int_eq(pyperf_image_describe(&image, image.end, &code), 0);
    ck_assert_uint_eq(code_rows_read(image.path, &rows), 4);
    ck_assert_uint_eq(rows[0].row.slot, 1);
    ck_assert_uint_eq(rows[1].row.slot, 0);
    ck_assert_uint_eq(rows[2].elsewhere, image.text - 4096);
    ck_assert_uint_eq(rows[3].elsewhere, image.end);
    ck_assert_mem_eq(rows[3].lines, lines, 7);
    elf_file_lint(image.path);
    free(rows);
}
END_TEST

START_TEST(rows_and_names_stop_where_they_meet)
{
    struct code_row *rows;
    create(CAPACITY);
    char name[1000];
    memset(name, 'x', sizeof name);
    struct pyperf_code code = {.lines = name, .lines_size = 999, .now = 1};
    unsigned added = 0, described = 0;
    while (pyperf_image_add(&image, name, sizeof name, &code) != 0)
        added++;
    code.lines_size = 0;
    while (pyperf_image_describe(&image, image.text, &code) == 0)
        described++;
    ck_assert_uint_gt(added, 5);
    ck_assert_uint_gt(described, 0);
    pyperf_image_end_rows(&image, 2);
    elf_file_lint(image.path);
    ck_assert_uint_eq(code_rows_read(image.path, &rows), added + described + 1);
    for (unsigned i = 0; i < added; i++)
        ck_assert_mem_eq(rows[i].lines, name, 999);
    ck_assert_uint_eq(rows[added + described].row.slot, PYPERF_CODE_END);
    ck_assert_uint_eq(rows[added + described].row.bytecode, 2);
    struct elf_file file = elf_file_open(image.path);
    for (unsigned i = 0; i < added; i++) {
        const char *present;
        elf_file_symbol(&file, i, &present);
        ck_assert_uint_eq(strlen(present), sizeof name);
    }
    elf_file_close(&file);
    free(rows);
}
END_TEST

/* -- Where stores may fault ----------------------------------------------------------------- */

START_TEST(names_are_the_same_by_way_of_the_kernel)
{
    create(CAPACITY);
    image.stores_may_fault = true;
    fill(CAPACITY);
    elf_file_lint(image.path);
    check_symbols(image.path, CAPACITY);
}
END_TEST

START_TEST(rows_are_the_same_by_way_of_the_kernel)
{
    create(CAPACITY);
    image.stores_may_fault = true;
    fill_with_rows();
    elf_file_lint(image.path);
    check_symbols(image.path, CAPACITY);
    check_rows(CAPACITY);
}
END_TEST

START_TEST(a_page_that_cannot_be_had_ends_the_image_not_the_process)
{
    create(CAPACITY);
    image.stores_may_fault = true;
    fill(3);
    ck_assert_int_eq(truncate(image.path, (off_t)(image.end - image.base)), 0);
    ck_assert_uint_eq(add(3), 0);
    ck_assert_uint_eq(image.used, image.capacity);
}
END_TEST

START_TEST(build_ids_differ)
{
    const char *directory = support_directory();
    char ids[3][64];
    size_t size = 0;
    for (unsigned i = 0; i < 3; i++) {
        ck_assert_int_eq(pyperf_image_create(&image, directory, i, CAPACITY, 0, PYPERF_IMAGE_MODE),
                         0);
        struct elf_file file = elf_file_open(image.path);
        Elf_Data *note;
        elf_file_section(&file, ".note.gnu.build-id", &note);
        size = note->d_size;
        ck_assert_uint_eq(size, sizeof(Elf64_Nhdr) + 4 + 20);
        memcpy(ids[i], note->d_buf, size);
        elf_file_close(&file);
    }
    ck_assert_mem_ne(ids[0], ids[1], size);
    ck_assert_mem_ne(ids[1], ids[2], size);
}
END_TEST

/* -- Other processes ------------------------------------------------------------------------ */

static void add_and_die(void *directory)
{
    if (pyperf_image_create(&image, directory, 0, CAPACITY, 0, PYPERF_IMAGE_MODE) == 0)
        for (unsigned i = 0; i < CAPACITY / 2; i++)
            add(i);
    raise(SIGKILL);
}

START_TEST(names_survive_sigkill)
{
    const char *directory = support_directory();
    int status = support_in_child(fork, add_and_die, (void *)(uintptr_t)directory);
    ck_assert(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
    const char *path = support_only_file(directory, "pyperf-");
    check_symbols(path, CAPACITY / 2);
    elf_file_lint(path);
}
END_TEST

static void add_as_child(void *unused)
{
    (void)unused;
    void *tail = image.tail;
    pyperf_image_disown(&image);
    unsigned char resident;
    /* The parent's writable part is not even mapped here. */
    if (mincore(tail, 1, &resident) == 0 || errno != ENOMEM)
        _exit(1);
    if (add(1) != 0)
        _exit(2);
    /* Slots it has go on working. */
    if (((pyperf_slot_fn)image.text)((void *)1, (void *)2, (void *)3, add_up) != (void *)321)
        _exit(3);
}

START_TEST(a_forked_child_cannot_write_the_parents_file)
{
    create(CAPACITY);
    fill(1);
    support_child_succeeds(add_as_child, NULL);
    fill(2);
    check_symbols(image.path, 2);
}
END_TEST

static void create_another(void *directory)
{
    if (pyperf_image_create(&image, directory, 0, CAPACITY, 0, PYPERF_IMAGE_MODE) != 0 ||
        add(7) == 0)
        _exit(1);
}

START_TEST(two_processes_share_no_file)
{
    const char *directory = support_directory();
    for (int i = 0; i < 2; i++)
        support_child_succeeds(create_another, (void *)(uintptr_t)directory);
    ck_assert_uint_eq(support_count_files(directory, "pyperf-"), 2);
}
END_TEST

SUPPORT_MAIN(elflint_accepts_it_empty, elflint_accepts_it_half_full, elflint_accepts_it_full,
             elflint_accepts_the_largest, every_symbol_reads_back,
             slots_are_given_once_and_in_order, names_stop_where_the_string_table_ends,
             every_slot_holds_the_trampoline, every_slot_calls_next_with_its_arguments,
             anonymous_slots_work_without_a_file, text_is_never_writable,
             file_is_for_its_owner_to_read_only, every_row_reads_back, a_slot_gets_another_row,
             rows_and_names_stop_where_they_meet, names_are_the_same_by_way_of_the_kernel,
             rows_are_the_same_by_way_of_the_kernel,
             a_page_that_cannot_be_had_ends_the_image_not_the_process, build_ids_differ,
             names_survive_sigkill, a_forked_child_cannot_write_the_parents_file,
             two_processes_share_no_file)
