/* Environment= lines: what a unit's files say, and what our drop-in says to systemd. */
#include "suite.h"
#include "systemd/environment.h"
#include "systemd/unit.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static const struct {
    const char *text, *before, *value;
} texts[] = {
    {"[Service]\nEnvironment=LD_PRELOAD=/a.so\n", NULL, "/a.so"},
    {"[Service]\nEnvironment = \"LD_PRELOAD=/a.so /b.so\" B=2", NULL, "/a.so /b.so"},
    {"Environment=A=1 'LD_PRELOAD=/a.so' \"C=x y\"\n", NULL, "/a.so"},
    {"Environment=\"A=1\" \\\n  LD_PRELOAD=/a.so\n", NULL, "/a.so"},
    {"Environment=LD_PRELOAD=/a%%b.so\n", NULL, "/a%b.so"},
    {"Environment=LD_PRELOAD=/a.so\nEnvironment=LD_PRELOAD=/b.so\n", NULL, "/b.so"},
    {"Environment=LD_PRELOAD=/a.so\nEnvironment=\n", NULL, NULL},
    {"Environment=\n", "/old.so", NULL},
    {"Environment=A=1\n", "/old.so", "/old.so"},
    {"#Environment=LD_PRELOAD=/a.so\n", NULL, NULL},
    {"EnvironmentFile=LD_PRELOAD=/a.so\n", NULL, NULL},
    {"Environment=XLD_PRELOAD=/a.so LD_PRELOADX=1\n", NULL, NULL},
    {"Environment=LD_PRELOAD=\n", "/old.so", ""},
    {"Environment=\"unfinished\\", NULL, NULL},
    {"", NULL, NULL},
};

START_TEST(test_read)
{
    char *value = texts[_i].before ? strdup(texts[_i].before) : NULL;

    ck_assert_int_eq(environment_read(texts[_i].text, "LD_PRELOAD", &value), 0);
    if (texts[_i].value)
        ck_assert_str_eq(value, texts[_i].value);
    else
        ck_assert_ptr_null(value);
    free(value);
}
END_TEST

/* What we write we read back, whatever is in it. */
START_TEST(test_round_trip)
{
    static const char *const values[] = {"/usr/lib/libpyperf.so",
                                         "/a.so:/b.so",
                                         "/with space.so",
                                         "/50%.so",
                                         "/quote\"d.so",
                                         "/back\\slash.so",
                                         ""};

    for (size_t i = 0; i < sizeof(values) / sizeof(*values); i++) {
        char *text = environment_dropin("LD_PRELOAD", values[i]), *value = NULL;
        ck_assert_int_eq(environment_read(text, "LD_PRELOAD", &value), 0);
        ck_assert_str_eq(value, values[i]);
        free(value);
        free(text);
    }
}
END_TEST

static void put(const char *root, const char *path, const char *text)
{
    char whole[512], command[600];
    FILE *file;

    snprintf(whole, sizeof(whole), "%s/%s", root, path);
    snprintf(command, sizeof(command), "mkdir -p \"$(dirname '%s')\"", whole);
    ck_assert_int_eq(system(command), 0);
    file = fopen(whole, "w");
    fputs(text, file);
    fclose(file);
}

START_TEST(test_unit_of_a_root)
{
    char root[] = "/tmp/pyperf-unit-XXXXXX", command[64];
    struct unit unit;

    ck_assert_ptr_nonnull(mkdtemp(root));
    put(root, "usr/lib/systemd/system/web@.service", "[Service]\nEnvironment=LD_PRELOAD=/a.so\n");
    put(root, "etc/systemd/system/web@1.service.d/b.conf", "[Service]\nEnvironment=A=1\n");
    put(root, "etc/systemd/system/web@2.service.d/b.conf",
        "[Service]\nEnvironment=LD_PRELOAD=/b.so\n");

    ck_assert_int_eq(unit_open(&unit, "web@1", root, false), 0);
    ck_assert(unit.found);
    ck_assert_str_eq(unit.name, "web@1.service");
    ck_assert_str_eq(unit.preload, "/a.so");
    ck_assert_int_eq(unit_write(&unit, "text"), 0);
    ck_assert_int_eq(access(unit.dropin, R_OK), 0);
    ck_assert_int_eq(unit_remove(&unit), 0);
    ck_assert_int_eq(access(unit.folder, F_OK), 0); /* b.conf is still in it */
    ck_assert_int_eq(unit_remove(&unit), -ENOENT);
    unit_free(&unit);

    ck_assert_int_eq(unit_open(&unit, "web@2.service", root, false), 0);
    ck_assert_str_eq(unit.preload, "/b.so");
    unit_free(&unit);
    ck_assert_int_eq(unit_open(&unit, "other", root, false), 0);
    ck_assert(!unit.found);
    ck_assert_int_eq(unit_write(&unit, "text"), 0);
    ck_assert_int_eq(unit_remove(&unit), 0);
    ck_assert_int_eq(access(unit.folder, F_OK), -1); /* ours alone: gone */
    unit_free(&unit);
    ck_assert_int_eq(unit_open(&unit, "../evil", root, false), -EINVAL);
    ck_assert_int_eq(unit_open(&unit, "", root, false), -EINVAL);
    ck_assert_int_eq(unit_open(&unit, "a b", root, false), -EINVAL);

    snprintf(command, sizeof(command), "rm -r '%s'", root);
    ck_assert_int_eq(system(command), 0);
}
END_TEST

#define LENGTH(array) ((int)(sizeof(array) / sizeof((array)[0])))

int main(void)
{
    TCase *tests = tcase_create("systemd");

    tcase_add_loop_test(tests, test_read, 0, LENGTH(texts));
    tcase_add_test(tests, test_round_trip);
    tcase_add_test(tests, test_unit_of_a_root);
    return run_case("systemd", tests);
}
