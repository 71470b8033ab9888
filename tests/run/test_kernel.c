/* The kernel's names, from the list that perf keeps with a recording. */
#include "recorded.h"
#include "recording/kernel.h"
#include "suite.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static char cache[] = "/tmp/pyperf-kernel-XXXXXX", folder[64], list[96];
static const struct build_id id = {.size = 4,
                                   .bytes = {0xde, 0xad, 0xbe, 0xef}}; /* none that runs */
static struct kernel kernel;
static struct recorded data;

static void write_list(const char *text)
{
    FILE *file = fopen(list, "w");

    fputs(text, file);
    fclose(file);
}

static void set_up(void)
{

    kernel = (struct kernel){.moved = 0};
    data.size = 0;
    memcpy(cache + sizeof cache - 7, "XXXXXX", 6);
    ck_assert_ptr_nonnull(mkdtemp(cache));
    snprintf(folder, sizeof folder, "%s/[kernel.kallsyms]", cache);
    mkdir(folder, 0700);
    snprintf(list, sizeof list, "%s/deadbeef", folder);
    mkdir(list, 0700);
    strcat(list, "/kallsyms");
    write_list("0000000000000000 A fixed_percpu_data\n"
               "ffffffff81000000 T _text\n"
               "ffffffff81000100 t first\n"
               "ffffffff81000200 T alias\n"
               "ffffffff81000200 T the_last_of_all\n"
               "ffffffff81000300 D data\n"
               "ffffffff81000400 W weak\n"
               "ffffffff81000500 t _einittext\n"
               "ffffffff81000600 B _end\n"
               "ffffffffc0000000 t of_module\t[module]\n"
               "ffffffffc0001000 t bpf_prog_1\t[bpf]\n");
}

static void tear_down(void)
{
    kernel_free(&kernel);
    unlink(list);
    *strrchr(list, '/') = '\0';
    rmdir(list);
    rmdir(folder);
    rmdir(cache);
}

static void check(uint64_t address, const char *wanted, const char *file)
{
    const char *seen, *name = kernel_name(&kernel, address, &seen);

    ck_assert_pstr_eq(name, wanted);
    ck_assert_str_eq(seen, file);
}

START_TEST(test_names)
{
    kernel_read(&kernel, &id, cache);
    check(0xffffffff80ffffff, NULL, "[kernel.kallsyms]");
    check(0xffffffff81000000, "_text", "[kernel.kallsyms]");
    check(0xffffffff810001ff, "first", "[kernel.kallsyms]");
    check(0xffffffff81000200, "the_last_of_all", "[kernel.kallsyms]");
    check(0xffffffffc0000010, "of_module", "[module]");
}
END_TEST

static void take(const char *name, uint64_t address)
{
    struct record record = {.type = PERF_RECORD_MMAP, .bytes = data.bytes};

    data.size = 0;
    recorded_mapping(&data, 0, UINT32_MAX, address, 0x1000000, address, name);
    record.size = (uint16_t)data.size;
    kernel_take(&kernel, &record);
}

/* The recording is from before the last boot. */
START_TEST(test_another_boot)
{
    take("[kernel.kallsyms]_text", 0xffffffff9a000000);
    take("[module]", 0xffffffffc1000000);
    take("/bin/true", 0x1000);
    kernel_read(&kernel, &id, cache);
    check(0xffffffff9a000100, "first", "[kernel.kallsyms]");
    check(0xffffffff81000100, NULL, "[kernel.kallsyms]");
    check(0xffffffffd9000010, NULL, "[kernel.kallsyms]"); /* modules move each on its own */
}
END_TEST

START_TEST(test_the_same_boot)
{
    take("[kernel.kallsyms]_text", 0xffffffff81000000);
    kernel_read(&kernel, &id, cache);
    check(0xffffffff81000100, "first", "[kernel.kallsyms]");
    check(0xffffffffc0000010, "of_module", "[module]");
}
END_TEST

/* Names of the kernel's own functions are found without reading the list. */
START_TEST(test_reads_no_more_than_it_must)
{
    struct kernel whole = {.moved = 0};

    take("[kernel.kallsyms]_text", 0xffffffff81000000);
    kernel_read(&kernel, &id, cache);
    kernel_read(&whole, &id, cache); /* without an anchor */
    for (uint64_t address = 0xffffffff81000000; address < 0xffffffff81000500; address += 0x10) {
        const char *file, *name = kernel_name(&whole, address, &file);
        check(address, name, file);
        check(address, name, file);
        ck_assert(!kernel.all_read);
    }
    ck_assert(whole.all_read);
    check(0xffffffff81000500, "_einittext", "[kernel.kallsyms]");
    check(0xffffffffc0000010, "of_module", "[module]");
    check(0xffffffffc0001010, "bpf_prog_1", "[bpf]");
    ck_assert(kernel.all_read);
    kernel_free(&whole);
}
END_TEST

/* What is found in a list that was cut off anywhere, or has something else in it, is right. */
START_TEST(test_damaged_list)
{
    static const char text[] = "ffffffff81000000 T _text\n"
                               "ffffffff81000100 t first\n"
                               "\n\n?\n"
                               "ffffffff8100 t cut\n"
                               "ffffffff81000200 T last\n"
                               "ffffffffc0000000 t of_module\t[module]";
    char some[sizeof text];

    for (size_t size = 0; size < sizeof text; size++) {
        struct kernel cut = {.anchor = "_text", .anchored = 0xffffffff81000000};
        const char *file, *name;
        snprintf(some, sizeof some, "%.*s", (int)size, text);
        write_list(some);
        kernel_read(&cut, &id, cache);
        name = kernel_name(&cut, 0xffffffff81000010, &file);
        if (size >= sizeof "ffffffff81000000 T _text\n" - 1)
            ck_assert_pstr_eq(name, "_text");
        name = kernel_name(&cut, 0xffffffff81000110, &file);
        if (size >= sizeof text - 1)
            ck_assert_pstr_eq(name, "first");
        kernel_free(&cut);
    }
}
END_TEST

START_TEST(test_no_list)
{
    kernel_read(&kernel, &id, "/nonexistent");
    check(0xffffffff81000100, NULL, "[kernel.kallsyms]");
    kernel_read(&kernel, &id, NULL);
    check(0xffffffff81000100, NULL, "[kernel.kallsyms]");
}
END_TEST

/* Records too short, or with names too long, tell nothing. */
START_TEST(test_damage)
{
    struct record record = {.type = PERF_RECORD_MMAP, .bytes = data.bytes};

    take("[kernel.kallsyms]_a_very_long_name_of_a_symbol", 1);
    take("[kernel.kallsyms]", 1);
    recorded_mapping(&data, 0, UINT32_MAX, 1, 1, 1, "[kernel.kallsyms]_text");
    for (record.size = 8; record.size < 8 + 32 + 22; record.size++)
        kernel_take(&kernel, &record);
    ck_assert_str_eq(kernel.anchor, "");
}
END_TEST

int main(void)
{
    TCase *tests = tcase_create("kernel");

    tcase_add_checked_fixture(tests, set_up, tear_down);
    tcase_add_test(tests, test_names);
    tcase_add_test(tests, test_another_boot);
    tcase_add_test(tests, test_the_same_boot);
    tcase_add_test(tests, test_reads_no_more_than_it_must);
    tcase_add_test(tests, test_damaged_list);
    tcase_add_test(tests, test_no_list);
    tcase_add_test(tests, test_damage);
    return run_case("kernel", tests);
}
