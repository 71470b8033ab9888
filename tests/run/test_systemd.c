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

    for (size_t i = 0; i < sizeof values / sizeof *values; i++) {
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

    snprintf(whole, sizeof whole, "%s/%s", root, path);
    snprintf(command, sizeof command, "mkdir -p \"$(dirname '%s')\"", whole);
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

    snprintf(command, sizeof command, "rm -r '%s'", root);
    ck_assert_int_eq(system(command), 0);
}
END_TEST

/* Files of a root folder, "PATH=LD_PRELOAD", "PATH=" (empty), "PATH@" (link to /dev/null) or
 * "PATH/" (a folder); PATH below systemd/system of etc, run, local (/usr/local/lib) or lib. */
static const struct {
    const char *unit, *files[6], *preload;
} precedence[] = {
    {"w", {"lib/w.service=/a", "lib/w.service.d/1.conf=/b"}, "/b"},
    {"w", {"lib/w.service=/a", "etc/w.service=/b"}, "/b"},
    /* The same name: the place decides, and what is masked does not count. */
    {"w", {"lib/w.service.d/1.conf=/b", "etc/w.service.d/1.conf=/a"}, "/a"},
    {"w", {"lib/w.service.d/1.conf=/b", "etc/w.service.d/1.conf@"}, NULL},
    {"w", {"lib/w.service.d/1.conf=/b", "etc/w.service.d/1.conf="}, NULL},
    {"w", {"lib/w.service.d/1.conf=/b", "etc/w.service.d/1.conf/"}, NULL},
    {"w", {"local/w.service.d/1.conf=/b", "run/w.service.d/1.conf=/a"}, "/a"},
    {"w", {"run/w.service.d/1.conf=/b", "etc/w.service.d/1.conf=/a"}, "/a"},
    {"w", {"lib/w.service.d/1.conf=/b", "local/w.service.d/1.conf=/a"}, "/a"},
    {"w", {"lib/w.service=/a", "etc/w.service.d/1.conf@"}, "/a"},
    /* Different names: in their order, whatever the place. */
    {"w", {"etc/w.service.d/1.conf=/a", "lib/w.service.d/2.conf=/b"}, "/b"},
    {"w", {"etc/w.service.d/2.conf=/a", "lib/w.service.d/1.conf=/b"}, "/a"},
    {"w", {"etc/service.d/2.conf=/a", "lib/w.service.d/1.conf=/b"}, "/a"},
    /* Drop-ins of all services, of a prefix, of a template. */
    {"w", {"etc/service.d/1.conf=/a", "lib/w.service.d/1.conf=/b"}, "/b"},
    {"a-b-c", {"etc/a-.service.d/1.conf=/a"}, "/a"},
    {"a-b-c", {"etc/a-.service.d/1.conf=/a", "etc/a-b-.service.d/1.conf=/b"}, "/b"},
    {"a-b-c", {"etc/a-.service.d/1.conf=/a", "lib/a-b-.service.d/1.conf=/b"}, "/a"},
    {"a-b-c", {"etc/a.service.d/1.conf=/a", "etc/a-b.service.d/1.conf=/b"}, NULL},
    {"-x-", {"etc/-.service.d/1.conf=/a"}, NULL},
    {"x--y", {"etc/x-.service.d/1.conf=/a", "etc/x--.service.d/1.conf=/b"}, "/b"},
    {"w@1", {"etc/w@.service.d/1.conf=/a", "etc/w@1.service.d/1.conf=/b"}, "/b"},
    {"w@1", {"etc/w@.service.d/1.conf=/a", "lib/w@1.service.d/1.conf=/b"}, "/a"},
    {"a-b@1", {"etc/a-@1.service.d/1.conf=/a", "etc/a-@.service.d/1.conf=/b"}, "/a"},
    {"a-b@1", {"etc/a-@.service.d/1.conf=/a", "etc/a-.service.d/1.conf=/b"}, "/b"},
    /* An instance with a file of its own has nothing of the template's. */
    {"w@1", {"etc/w@.service=/a", "lib/w@1.service="}, NULL},
    {"w@1", {"etc/w@.service=/a", "lib/w@.service=/b"}, "/a"},
    /* What is no drop-in. */
    {"w",
     {"etc/w.service.d/.1.conf=/a", "etc/w.service.d/1.conf~=/b", "etc/w.service.d/1=/c"},
     NULL},
    {"w", {"etc/w.service.d/pyperf.conf=/a"}, NULL},
};

static void put_precedence(const char *root, const char *entry)
{
    static const char *const places[][2] = {{"etc/", "etc/systemd/system/"},
                                            {"run/", "run/systemd/system/"},
                                            {"local/", "usr/local/lib/systemd/system/"},
                                            {"lib/", "usr/lib/systemd/system/"}};
    const char *name = strchr(entry, '/') + 1, *end = strpbrk(entry, "=");
    char path[256], whole[512], text[256] = "";

    end = end ? end : entry + strlen(entry) - 1;
    for (size_t i = 0; i < sizeof places / sizeof *places; i++)
        if (strncmp(entry, places[i][0], strlen(places[i][0])) == 0)
            snprintf(path, sizeof path, "%s%.*s", places[i][1], (int)(end - name), name);
    if (end[0] == '=' && end[1])
        snprintf(text, sizeof text, "[Service]\nEnvironment=LD_PRELOAD=%s\n", end + 1);
    put(root, path, text);
    snprintf(whole, sizeof whole, "%s/%s", root, path);
    if (*end == '=')
        return;
    ck_assert_int_eq(unlink(whole), 0);
    if (*end == '@')
        ck_assert_int_eq(symlink("/dev/null", whole), 0);
    else
        ck_assert_int_eq(mkdir(whole, 0755), 0);
}

static void remove_root(const char *root)
{
    char command[64];

    snprintf(command, sizeof command, "rm -r '%s'", root);
    ck_assert_int_eq(system(command), 0);
}

START_TEST(test_precedence)
{
    char root[] = "/tmp/pyperf-unit-XXXXXX";
    struct unit unit;

    ck_assert_ptr_nonnull(mkdtemp(root));
    for (size_t i = 0; precedence[_i].files[i]; i++)
        put_precedence(root, precedence[_i].files[i]);
    ck_assert_int_eq(unit_open(&unit, precedence[_i].unit, root, false), 0);
    if (precedence[_i].preload)
        ck_assert_pstr_eq(unit.preload, precedence[_i].preload);
    else
        ck_assert_pstr_eq(unit.preload, NULL);
    unit_free(&unit);
    remove_root(root);
}
END_TEST

/* Another name of the unit, a link, has drop-ins too. */
START_TEST(test_alias)
{
    char root[] = "/tmp/pyperf-unit-XXXXXX", link[64];
    struct unit unit;

    ck_assert_ptr_nonnull(mkdtemp(root));
    put_precedence(root, "etc/w.service=");
    put_precedence(root, "etc/alias.service.d/1.conf=/a");
    snprintf(link, sizeof link, "%s/etc/systemd/system/alias.service", root);
    ck_assert_int_eq(symlink("w.service", link), 0);
    ck_assert_int_eq(unit_open(&unit, "w", root, false), 0);
    ck_assert_pstr_eq(unit.preload, "/a");
    unit_free(&unit);
    put_precedence(root, "lib/w.service.d/1.conf=/b");
    ck_assert_int_eq(unit_open(&unit, "w", root, false), 0);
    ck_assert_pstr_eq(unit.preload, "/b");
    unit_free(&unit);
    ck_assert_int_eq(unit_open(&unit, "alias", root, false), 0);
    ck_assert(unit.found);
    ck_assert_pstr_eq(unit.preload, "/b");
    unit_free(&unit);
    remove_root(root);
}
END_TEST

/* Drop-ins that systemd reads behind ours, and that set the variable again. */
START_TEST(test_overridden)
{
    char root[] = "/tmp/pyperf-unit-XXXXXX";
    struct unit unit;

    ck_assert_ptr_nonnull(mkdtemp(root));
    put_precedence(root, "etc/w.service=");
    put_precedence(root, "etc/w.service.d/a.conf=/a");
    put_precedence(root, "etc/w.service.d/z1.conf=");
    ck_assert_int_eq(unit_open(&unit, "w", root, false), 0);
    ck_assert_str_eq(unit.overridden, "");
    unit_free(&unit);
    put_precedence(root, "lib/service.d/z2.conf=/z");
    ck_assert_int_eq(unit_open(&unit, "w", root, false), 0);
    ck_assert_pstr_eq(unit.preload, "/z");
    ck_assert_ptr_nonnull(strstr(unit.overridden, "/usr/lib/systemd/system/service.d/z2.conf"));
    unit_free(&unit);
    remove_root(root);
}
END_TEST

#define LENGTH(array) ((int)(sizeof(array) / sizeof((array)[0])))

int main(void)
{
    TCase *tests = tcase_create("systemd");

    tcase_add_loop_test(tests, test_read, 0, LENGTH(texts));
    tcase_add_test(tests, test_round_trip);
    tcase_add_test(tests, test_unit_of_a_root);
    tcase_add_loop_test(tests, test_precedence, 0, LENGTH(precedence));
    tcase_add_test(tests, test_alias);
    tcase_add_test(tests, test_overridden);
    return run_case("systemd", tests);
}
