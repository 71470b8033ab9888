/* Which images a recording mentions, in the words of a perf made here. */
#include "perf/images.h"
#include "suite.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define NAME "pyperf-7-0-0123456789abcdef.so"
#define ID   "66ee86530d30de4ee1e8bbdd7b6bd5f0a6d0fae1"

static char folder[] = "/tmp/pyperf-images-XXXXXX", perf[64], path[128];

/* A perf whose `script` and `buildid-list` print these texts. */
static void make_perf(const char *maps, const char *table, int status)
{
    FILE *file = fopen(perf, "w");

    fprintf(file,
            "#!/bin/sh\ncase $1 in\nscript) cat <<'E'\n%s\nE\n exit %d ;;\n"
            "buildid-list) cat <<'E'\n%s\nE\nesac\n",
            maps, status, table);
    fclose(file);
    chmod(perf, 0755);
}

static void make_folder(void)
{
    FILE *file;

    memcpy(folder + sizeof folder - 7, "XXXXXX", 6);
    ck_assert_ptr_nonnull(mkdtemp(folder));
    snprintf(perf, sizeof perf, "%s/perf", folder);
    snprintf(path, sizeof path, "%s/" NAME, folder);
    file = fopen(path, "w");
    fclose(file);
}

static void remove_folder(void)
{
    unlink(perf);
    unlink(path);
    rmdir(folder);
}

static const char *line(const char *where, const char *file)
{
    static char text[512];

    snprintf(text, sizeof text,
             "python3  7/7  1.2: PERF_RECORD_MMAP2 7/7: [0x7f00(0x1000) @ 0 %s]: r-xp %s", where,
             file);
    return text;
}

START_TEST(test_id_in_the_event)
{
    struct images images;

    make_perf(line("<" ID ">", path), "", 0);
    ck_assert_int_eq(images_find(&images, perf, "data"), 0);
    ck_assert_uint_eq(images.count, 1);
    ck_assert_str_eq(images.list[0].path, path);
    ck_assert_str_eq(images.list[0].source, path);
    ck_assert_str_eq(images.list[0].id, ID);
    ck_assert_int_eq(images.list[0].pid, 7);
    images_free(&images);
}
END_TEST

START_TEST(test_id_in_the_table)
{
    char table[512];
    struct images images;

    snprintf(table, sizeof table, "%.40s /bin/other\n" ID " %s",
             "0000000000000000000000000000000000000000", path);
    make_perf(line("08:01 123 456", path), table, 0);
    ck_assert_int_eq(images_find(&images, perf, "data"), 0);
    ck_assert_uint_eq(images.count, 1);
    ck_assert_str_eq(images.list[0].id, ID);
    images_free(&images);
}
END_TEST

START_TEST(test_many_events)
{
    char maps[8 * 512] = "no event\n";
    struct images images;

    for (int i = 0; i < 3; i++) {
        strcat(maps, line("<" ID ">", path));
        strcat(maps, "\n");
    }
    strcat(maps, line("<" ID ">", "/usr/lib/libpyperf.so"));
    strcat(maps, "\n");
    strcat(maps, line("00:00 0 0", "/nowhere/pyperf-8-1-0123456789abcdef.so"));
    make_perf(maps, "", 0);
    ck_assert_int_eq(images_find(&images, perf, "data"), 0);
    ck_assert_uint_eq(images.count, 2);
    ck_assert_str_eq(images.list[1].source, ""); /* gone, or in another /tmp */
    ck_assert_str_eq(images.list[1].id, "");
    ck_assert_int_eq(images.list[1].pid, 8);
    images_free(&images);
}
END_TEST

START_TEST(test_unreadable)
{
    struct images images;

    make_perf(line("<" ID ">", path), "", 1);
    ck_assert_int_eq(images_find(&images, perf, "data"), -EBADMSG);
    images_free(&images);
    unlink(perf);
    ck_assert_int_eq(images_find(&images, perf, "data"), -ENOENT);
    images_free(&images);
}
END_TEST

/* What is not in the cache stays, for the recording needs it. */
START_TEST(test_uncached_stays)
{
    struct images images;

    make_perf(line("<" ID ">", path), "", 0);
    ck_assert_int_eq(images_find(&images, perf, "data"), 0);
    images_remove(&images);
    ck_assert_uint_eq(images.kept_uncached, 1);
    ck_assert_int_eq(access(path, F_OK), 0);
    images.list[0].spare = true;
    images_remove(&images);
    ck_assert_uint_eq(images.removed, 1);
    ck_assert_int_ne(access(path, F_OK), 0);
    images_free(&images);
}
END_TEST

int main(void)
{
    TCase *tests = tcase_create("images");

    tcase_add_checked_fixture(tests, make_folder, remove_folder);
    tcase_add_test(tests, test_id_in_the_event);
    tcase_add_test(tests, test_id_in_the_table);
    tcase_add_test(tests, test_many_events);
    tcase_add_test(tests, test_unreadable);
    tcase_add_test(tests, test_uncached_stays);
    return run_case("images", tests);
}
