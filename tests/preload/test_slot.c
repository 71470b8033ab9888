/* From a function's name to its slot: sharing, spelling, limits, threads, processes. */
#include "slot.h"

#include <locale.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <unistd.h>

#include "elf_file.h"
#include "pyperf.h"
#include "slot_probe.h"
#include "support.h"

/* Both files tell it by exactly that name. */
static void check_name(const char *directory, pyperf_slot_fn slot, const char *expected)
{
    char *name = probe_mapped_name(slot);
    ck_assert_str_eq(name, expected);
    free(name);
    ck_assert(elf_file_names(support_only_file(directory, "pyperf-"), expected));
}

START_TEST(a_name_has_one_slot)
{
    const char *directory = probe_start();
    pyperf_slot_fn slot = probe_slot("Class.method", "/srv/app.py");
    ck_assert(probe_slot("Class.method", "/srv/app.py") == slot);
    ck_assert(probe_slot("Class.other", "/srv/app.py") != slot);
    ck_assert(probe_slot("Class.method", "/srv/bpp.py") != slot);
    ck_assert(probe_slot("Class.method", "/srv/app.py") == slot);
    check_name(directory, slot, "py::Class.method:/srv/app.py");
}
END_TEST

START_TEST(slots_of_many_names_are_distinct_and_stable)
{
    enum { COUNT = 20000 };
    probe_start();
    static pyperf_slot_fn slots[COUNT];
    for (unsigned i = 0; i < COUNT; i++)
        slots[i] = probe_slot_numbered(i);
    for (unsigned i = 0; i < COUNT; i++)
        ck_assert(probe_slot_numbered(i) == slots[i]);
    ck_assert(slots[0] != slots[COUNT - 1]);
    char *path = support_map_path();
    probe_settle();
    ck_assert_uint_eq(support_count_lines(path), COUNT);
    free(path);
}
END_TEST

START_TEST(further_images_follow_when_one_is_full)
{
    const char *directory = probe_start();
    for (unsigned i = 0; i < 3000; i++)
        probe_slot_numbered(i);
    ck_assert_uint_eq(support_count_files(directory, "pyperf-"), 5);
    char prefix[64];
    snprintf(prefix, sizeof prefix, "pyperf-%d-4-", getpid());
    const char *last = support_only_file(directory, prefix);
    elf_file_lint(last);
    ck_assert(elf_file_names(last, "py::function_2999:module.py"));
}
END_TEST

/* -- Spelling ------------------------------------------------------------------------------- */

START_TEST(control_characters_are_written_as_python_does)
{
    static const struct {
        const char *qualname, *filename, *expected;
    } cases[] = {
        {"f\ng", "m", "py::f\\ng:m"},
        {"f", "a\tb\r", "py::f:a\\tb\\r"},
        {"\x01\x1f\x7f", "m", "py::\\x01\\x1f\\x7f:m"},
        {"\x1b[31mred", "m", "py::\\x1b[31mred:m"},
        {"na\xc3\xafve", "\xe6\x96\x87.py", "py::na\xc3\xafve:\xe6\x96\x87.py"},
        {"<lambda>", "<string>", "py::<lambda>:<string>"},
        {"with space", "a b.py", "py::with space:a b.py"},
        {"", "", "py:::"},
    };
    const char *directory = probe_start();
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        check_name(directory, probe_slot(cases[i].qualname, cases[i].filename), cases[i].expected);
}
END_TEST

START_TEST(each_control_character_is_escaped_wherever_it_stands)
{
    probe_config.image = false; /* then no line waits */
    probe_start();
    for (int byte = 1; byte < 0x80; byte++) {
        for (size_t at = 0; at < 16; at++) {
            char qualname[] = "abcdefghijklmnop";
            qualname[at] = (char)byte;
            char *name = probe_mapped_name(probe_slot(qualname, "m"));
            bool control = byte < 0x20 || byte == 0x7f;
            ck_assert_int_eq(strchr(name, '\\') != NULL, control || byte == '\\');
            for (const char *c = name; *c != '\0'; c++)
                ck_assert_msg((unsigned char)*c >= 0x20 && *c != 0x7f, "byte %d at %zu", byte, at);
            free(name);
        }
    }
}
END_TEST

START_TEST(a_nul_is_part_of_the_name)
{
    const char *directory = probe_start();
    struct pyperf_symbol symbol = {"a\0b", 3, "m\0", 2};
    check_name(directory, pyperf_slot_for(&symbol, NULL), "py::a\\x00b:m\\x00");
}
END_TEST

/* `length` bytes of a name "py::<text...>:m", made of `character` as often as it fits and 'a's. */
static pyperf_slot_fn slot_of_length(size_t length, const char *character)
{
    size_t wanted = length - strlen("py:::m");
    char *qualname = malloc(wanted + 1);
    size_t pad = wanted % strlen(character);
    memset(qualname, 'a', pad);
    for (size_t at = pad; at < wanted; at += strlen(character))
        memcpy(qualname + at, character, strlen(character));
    qualname[wanted] = '\0';
    pyperf_slot_fn slot = probe_slot(qualname, "m");
    ck_assert(probe_slot(qualname, "m") == slot);
    free(qualname);
    return slot;
}

static void check_length(size_t length, const char *character, size_t least, size_t most)
{
    char *name = probe_mapped_name(slot_of_length(length, character));
    size_t written = strlen(name);
    ck_assert_uint_ge(written, least);
    ck_assert_uint_le(written, most);
    bool cut = written < 3 || strcmp(name + written - 3, "...") == 0;
    ck_assert_int_eq(cut, length > PYPERF_NAME_MAX);
    if (cut)
        name[written - 3] = '\0';
    else
        ck_assert_uint_eq(written, length);
    ck_assert_uint_ne(mbstowcs(NULL, name, 0), (size_t)-1); /* whole characters */
    free(name);
}

START_TEST(ten_thousand_characters_are_kept)
{
    probe_start();
    check_length(10000, "x", 10000, 10000);
}
END_TEST

START_TEST(a_name_is_cut_only_beyond_the_limit)
{
    ck_assert_ptr_nonnull(setlocale(LC_CTYPE, "C.UTF-8"));
    static const char *const characters[] = {"x", "\xc3\xaf", "\xe6\x96\x87", "\xf0\x9f\x90\x8d"};
    probe_config.image = false; /* then no line waits */
    probe_start();
    for (size_t i = 0; i < 4; i++)
        for (size_t length = PYPERF_NAME_MAX - 9; length <= PYPERF_NAME_MAX + 9; length++)
            check_length(length, characters[i], PYPERF_NAME_MAX - 9, PYPERF_NAME_MAX);
    check_length(100000, characters[2], PYPERF_NAME_MAX - 6, PYPERF_NAME_MAX);

    char filename[20000];
    memset(filename, 'x', sizeof filename - 1);
    filename[sizeof filename - 1] = '\0';
    char *name = probe_mapped_name(probe_slot("f", filename));
    ck_assert_uint_eq(strlen(name), PYPERF_NAME_MAX);
    free(name);
}
END_TEST

START_TEST(past_the_limit_new_names_share_one_slot)
{
    /* slot.c: each image as large as all before, up to the largest */
    enum { LIMIT = 262144, FIRST = 272, DOUBLED = 7, LARGEST = 16384 };
    const unsigned growing = FIRST << (DOUBLED - 1);
    probe_config.map = false;
    probe_start();
    support_log_to_file();
    pyperf_slot_fn first = probe_slot_numbered(0);
    for (unsigned i = 1; i < LIMIT - 1; i++)
        probe_slot_numbered(i);
    ck_assert_uint_eq(support_logged("share one name"), 0);
    pyperf_slot_fn other = probe_slot_numbered(LIMIT);
    for (unsigned i = LIMIT + 1; i < LIMIT + 100; i++)
        ck_assert(probe_slot_numbered(i) == other);
    ck_assert(probe_slot_numbered(0) == first);
    ck_assert(probe_slot_numbered(LIMIT - 2) != other);
    ck_assert_uint_eq(support_logged("share one name"), 1);
    char prefix[64];
    snprintf(prefix, sizeof prefix, "pyperf-%d-%u-", getpid(),
             DOUBLED + (LIMIT - growing - 1) / LARGEST);
    ck_assert(elf_file_names(support_only_file(probe_config.directory, prefix), PYPERF_NAME_OTHER));
}
END_TEST

/* -- Output --------------------------------------------------------------------------------- */

START_TEST(map_only_makes_no_image)
{
    probe_config.image = false;
    const char *directory = probe_start();
    char *name = probe_mapped_name(probe_slot_numbered(1));
    ck_assert_str_eq(name, "py::function_1:module.py");
    free(name);
    ck_assert_uint_eq(support_count_files(directory, ""), 0);
}
END_TEST

START_TEST(image_only_makes_no_map)
{
    probe_config.map = false;
    const char *directory = probe_start();
    probe_slot_numbered(1);
    ck_assert(elf_file_names(support_only_file(directory, "pyperf-"), "py::function_1:module.py"));
    char *path = support_map_path();
    ck_assert_int_ne(access(path, F_OK), 0);
    free(path);
}
END_TEST

START_TEST(without_a_usable_directory_names_are_in_the_map)
{
    support_log_to_file();
    ck_assert_int_eq(probe_start_in("/nonexistent"), 0);
    free(probe_mapped_name(probe_slot_numbered(1)));
    ck_assert_uint_eq(support_logged(PYPERF_ENV_DIR), 1);
}
END_TEST

START_TEST(a_useless_directory_is_reported_and_the_default_taken)
{
    support_log_to_file();
    ck_assert_int_eq(probe_start_in("/nonexistent"), 0);
    ck_assert_uint_eq(support_logged(PYPERF_ENV_DIR "=/nonexistent"), 1);
}
END_TEST

START_TEST(a_directory_whose_path_is_too_long_is_said_to_be)
{
    static char directory[1024];
    memset(directory, 'x', sizeof directory - 1);
    directory[0] = '/';
    support_log_to_file();
    ck_assert_int_eq(probe_start_in(directory), 0);
    ck_assert_uint_eq(support_logged("File name too long"), 1);
}
END_TEST

START_TEST(with_no_output_left_it_does_not_start)
{
    support_log_to_file();
    probe_config.map = false;
    unsetenv("XDG_RUNTIME_DIR");
    support_mount_tmpfs("/dev/shm", "", MS_NOEXEC);
    support_mount_tmpfs("/var/tmp", "", MS_NOEXEC);
    ck_assert_int_eq(mount("/tmp", "/tmp", NULL, MS_BIND, NULL), 0);
    ck_assert_int_eq(mount(NULL, "/tmp", NULL, MS_REMOUNT | MS_BIND | MS_NOEXEC, NULL), 0);
    ck_assert_int_lt(probe_start_in(NULL), 0);
    ck_assert_uint_eq(support_logged("error: off: "), 1);
    ck_assert_uint_eq(support_logged(PYPERF_ENV_DIR), 1);
}
END_TEST

START_TEST(the_first_usable_default_directory_is_taken)
{
    probe_config.map = false;
    const char *directory = support_directory();
    setenv("XDG_RUNTIME_DIR", directory, 1);
    support_mount_tmpfs("/dev/shm", "", 0);
    ck_assert_int_eq(mount("/dev/shm", "/dev/shm", NULL, MS_BIND, NULL), 0);
    ck_assert_int_eq(mount("/tmp", "/tmp", NULL, MS_BIND, NULL), 0);
    /* /tmp itself becomes noexec; the directory below it is mounted on its own. */
    ck_assert_int_eq(mount(directory, directory, NULL, MS_BIND, NULL), 0);
    ck_assert_int_eq(mount(NULL, "/tmp", NULL, MS_REMOUNT | MS_BIND | MS_NOEXEC, NULL), 0);
    ck_assert_int_eq(probe_start_in(NULL), 0);
    probe_slot_numbered(1);
    ck_assert(elf_file_names(support_only_file(directory, "pyperf-"), "py::function_1:module.py"));
}
END_TEST

SUPPORT_MAIN(a_name_has_one_slot, slots_of_many_names_are_distinct_and_stable,
             further_images_follow_when_one_is_full, control_characters_are_written_as_python_does,
             each_control_character_is_escaped_wherever_it_stands, a_nul_is_part_of_the_name,
             ten_thousand_characters_are_kept, a_name_is_cut_only_beyond_the_limit,
             past_the_limit_new_names_share_one_slot, map_only_makes_no_image,
             image_only_makes_no_map, without_a_usable_directory_names_are_in_the_map,
             a_useless_directory_is_reported_and_the_default_taken,
             a_directory_whose_path_is_too_long_is_said_to_be,
             with_no_output_left_it_does_not_start, the_first_usable_default_directory_is_taken)
