/* Small parsers: LD_PRELOAD lists, "#!" lines, image names. */
#include "base/ld_preload.h"
#include "perf/image_name.h"
#include "python/shebang.h"
#include "suite.h"

#include <string.h>

#define OURS "/usr/lib/libpyperf.so"

static const struct {
    const char *before, *after, *without;
} lists[] = {
    {NULL, OURS, NULL},
    {"", OURS, ""},
    {"/a.so", "/a.so:" OURS, "/a.so"},
    {"/a.so /b.so", "/a.so /b.so:" OURS, "/a.so:/b.so"},
    {OURS, OURS, ""},
    {"/a.so:" OURS, "/a.so:" OURS, "/a.so"},
    {"/elsewhere/libpyperf.so /b.so", "/elsewhere/libpyperf.so /b.so", "/b.so"},
    {"libpyperf.so", "libpyperf.so", ""},
    {"/x/notlibpyperf.so", "/x/notlibpyperf.so:" OURS, "/x/notlibpyperf.so"},
    {" : /a.so :", " : /a.so ::" OURS, "/a.so"},
};

START_TEST(test_preload)
{
    char *merged = ld_preload_merge(lists[_i].before, OURS);

    ck_assert_str_eq(merged, lists[_i].after);
    free(merged);
    if (!lists[_i].before)
        return;
    merged = ld_preload_remove(lists[_i].before);
    ck_assert_str_eq(merged, lists[_i].without);
    free(merged);
}
END_TEST

START_TEST(test_preload_accepts)
{
    ck_assert(ld_preload_accepts("/usr/lib/libpyperf.so"));
    ck_assert(!ld_preload_accepts("/my files/libpyperf.so"));
    ck_assert(!ld_preload_accepts("/a:b/libpyperf.so"));
    ck_assert(!ld_preload_accepts(""));
}
END_TEST

static const struct {
    const char *line, *program;
} shebangs[] = {
    {"#!/usr/bin/python3\n", "/usr/bin/python3"},
    {"#! /usr/bin/python3 -u\nimport", "/usr/bin/python3"},
    {"#!\t/usr/bin/python3", "/usr/bin/python3"},
    {"#!/usr/bin/env python3\n", "python3"},
    {"#!/usr/bin/env -S python3 -u\n", "python3"},
    {"#!/usr/bin/env -Spython3 -u\n", "python3"},
    {"#!/usr/bin/env -S A=1 B=2 python3\n", "python3"},
    {"#!/usr/bin/env -S -i -u HOME 'python3' -u\n", "python3"},
    {"#!/usr/bin/env python3\r\n", "python3"},
    {"#!/usr/bin/env\n", NULL},
    {"#!/usr/bin/env -S\n", NULL},
    {"#!\n", NULL},
    {"#!", NULL},
    {"#", NULL},
    {"", NULL},
    {"import os\n", NULL},
    {"\177ELF", NULL},
};

START_TEST(test_shebang)
{
    char word[PATH_MAX];
    int found = shebang_parse(shebangs[_i].line, strlen(shebangs[_i].line), word);

    ck_assert_int_eq(found, shebangs[_i].program != NULL);
    if (found)
        ck_assert_str_eq(word, shebangs[_i].program);
}
END_TEST

START_TEST(test_long_shebang)
{
    char line[4096], word[PATH_MAX];

    memset(line, 'a', sizeof line);
    memcpy(line, "#!", 2);
    ck_assert_int_eq(shebang_parse(line, sizeof line, word), 1);
    ck_assert_uint_eq(strlen(word), 254); /* what the kernel would see */
}
END_TEST

START_TEST(test_image_names)
{
    ck_assert(image_name_is("/tmp/pyperf-12-0-0123456789abcdef.so"));
    ck_assert(image_name_is("/run/user/1/pyperf-1-22-ffffffffffffffff.so"));
    ck_assert(!image_name_is("/tmp/pyperf-12-0-0123456789abcdef.so (deleted)"));
    ck_assert(!image_name_is("/tmp/pyperf-12-0-0123456789abcdef.so.bak"));
    ck_assert(!image_name_is("/tmp/xpyperf-12-0-0123456789abcdef.so"));
    ck_assert(!image_name_is("/tmp/pyperf--0-0123456789abcdef.so"));
    ck_assert(!image_name_is("/tmp/pyperf-1-0-.so"));
    ck_assert(!image_name_is("/tmp/pyperf- 1-0-0123456789abcdef.so"));
    ck_assert(!image_name_is("/tmp/pyperf-1-0-0x123456789abcde.so"));
    ck_assert(!image_name_is("/tmp/pyperf-1-0-123.so"));
    ck_assert(!image_name_is("/tmp/pyperf-0-0-0123456789abcdef.so"));
    ck_assert(!image_name_is("/usr/lib/libpyperf.so"));
    ck_assert(!image_name_is("pyperf-12-0-0123456789abcdef.so"));
    ck_assert(!image_name_is(""));
}
END_TEST

#define LENGTH(array) ((int)(sizeof(array) / sizeof((array)[0])))

int main(void)
{
    TCase *tests = tcase_create("words");

    tcase_add_loop_test(tests, test_preload, 0, LENGTH(lists));
    tcase_add_test(tests, test_preload_accepts);
    tcase_add_loop_test(tests, test_shebang, 0, LENGTH(shebangs));
    tcase_add_test(tests, test_long_shebang);
    tcase_add_test(tests, test_image_names);
    return run_case("words", tests);
}
