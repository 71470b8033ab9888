/* A map is completed while others read it, and nobody sees half a line. */
#include "perf/map_file.h"
#include "suite.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

enum { PID = 4711, PAGE = 4096 };

static char folder[] = "/tmp/pyperf-map-XXXXXX", path[128];
static int root;
static struct map_file map;
static struct symbols symbols;

static void setup(void)
{
    char tmp[64];

    ck_assert_ptr_nonnull(mkdtemp(folder));
    snprintf(tmp, sizeof tmp, "%s/tmp", folder);
    ck_assert_int_eq(mkdir(tmp, 0700), 0);
    snprintf(path, sizeof path, "%s/perf-%d.map", tmp, PID);
    root = open(folder, O_PATH | O_DIRECTORY);
}

static void teardown(void)
{
    char tmp[64];

    snprintf(tmp, sizeof tmp, "%s/tmp", folder);
    unlink(path);
    rmdir(tmp);
    rmdir(folder);
}

static void write_map(const char *text)
{
    FILE *file = fopen(path, "w");

    fputs(text, file);
    fclose(file);
}

static char *read_all(size_t *length)
{
    static char text[1 << 22];
    FILE *file = fopen(path, "r");

    ck_assert_ptr_nonnull(file);
    *length = fread(text, 1, sizeof text - 1, file);
    text[*length] = '\0';
    fclose(file);
    return text;
}

static void add(uint64_t start, const char *name)
{
    ck_assert_int_eq(symbols_add(&symbols, start, 16, name, strlen(name)), 0);
}

static int complete(void)
{
    int rc = map_file_read(&map, root, PID, geteuid());

    if (rc == 0)
        rc = map_file_complete(&map, &symbols);
    map_file_free(&map);
    return rc;
}

START_TEST(test_only_what_is_missing)
{
    size_t length;

    add(0x1000, "py::a:x.py");
    add(0x1010, "py::b b:x.py");
    add(0x1020, "py::two\nlines:x.py");
    write_map("1000 10 py::a:x.py\n1000 10 v8 was here\n");
    ck_assert_int_eq(complete(), 0);
    ck_assert_str_eq(read_all(&length),
                     "1000 10 py::a:x.py\n1000 10 v8 was here\n1010 10 py::b b:x.py\n");
    ck_assert_uint_eq(map.added, 1);
    ck_assert_int_eq(complete(), 0);
    ck_assert_uint_eq(map.added, 0);
}
END_TEST

START_TEST(test_half_a_line_is_ended)
{
    size_t length;

    add(0x1000, "py::a:x.py");
    write_map("1000 10 py::a");
    ck_assert_int_eq(complete(), 0);
    ck_assert_str_eq(read_all(&length), "1000 10 py::a\n1000 10 py::a:x.py\n");
}
END_TEST

START_TEST(test_a_new_map)
{
    struct stat status;
    size_t length;

    add(0x1000, "py::a:x.py");
    ck_assert_int_eq(complete(), 0);
    ck_assert_str_eq(read_all(&length), "1000 10 py::a:x.py\n");
    ck_assert_int_eq(stat(path, &status), 0);
    ck_assert_uint_eq(status.st_mode & 0777, 0600);
}
END_TEST

START_TEST(test_what_is_not_the_owners)
{
    add(0x1000, "py::a:x.py");
    ck_assert_int_eq(symlink("/dev/null", path), 0);
    ck_assert_int_eq(complete(), -EPERM);
    unlink(path);
    ck_assert_int_eq(mkfifo(path, 0600), 0);
    ck_assert_int_eq(complete(), -EPERM);
    unlink(path);
    write_map("");
    ck_assert_int_eq(map_file_read(&map, root, PID, geteuid() + 1), -EPERM);
    map_file_free(&map);
}
END_TEST

/* More lines, of all lengths, as they fall on the pages. */
static void add_many(unsigned count)
{
    static uint32_t random = 1;

    for (unsigned i = 0; i < count; i++) {
        char name[3000];
        random = random * 1664525 + 1013904223; /* Numerical Recipes */
        size_t length = 10 + (random >> 24) * (i % 50 == 0 ? 10 : 1);
        memset(name, 'n', length);
        name[length] = '\0';
        symbols_add(&symbols, 0x7f0000000000 + symbols.count * 16, 16, name, length);
    }
}

START_TEST(test_no_line_lies_on_two_pages)
{
    size_t length;
    const char *text, *line;
    unsigned count = 0;

    add_many(5000);
    write_map("1000 10 first\n");
    ck_assert_int_eq(complete(), 0);
    text = read_all(&length);
    for (line = text; *line; line = strchr(line, '\n') + 1, count++) {
        size_t begin = (size_t)(line - text), end = (size_t)(strchr(line, '\n') - text);
        ck_assert_msg(begin / PAGE == end / PAGE, "%zu to %zu", begin, end);
    }
    ck_assert_uint_ge(count, 5001);
    ck_assert_uint_le(count, 5002); /* a filler for the first page may be among them */
    ck_assert_int_eq(complete(), 0);
    ck_assert_uint_eq(map.added, 0);
}
END_TEST

/* What a reader gets who comes at any moment: all up to the file's size. */
static void look(const int *stop, unsigned *halves)
{
    int fd = open(path, O_RDONLY);
    struct stat status;
    char last;

    while (!__atomic_load_n(stop, __ATOMIC_RELAXED))
        if (fstat(fd, &status) == 0 && status.st_size > 0 &&
            pread(fd, &last, 1, status.st_size - 1) == 1)
            *halves += last != '\n';
    _exit(0);
}

START_TEST(test_no_reader_sees_half_a_line)
{
    int *shared = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    pid_t reader;

    write_map("1000 10 first\n");
    reader = fork();
    if (reader == 0)
        look(&shared[0], (unsigned *)&shared[1]);
    for (int i = 0; i < 20; i++) {
        add_many(100);
        ck_assert_int_eq(complete(), 0);
    }
    __atomic_store_n(&shared[0], 1, __ATOMIC_RELAXED);
    ck_assert_int_eq(waitpid(reader, NULL, 0), reader);
    ck_assert_int_eq(shared[1], 0);
}
END_TEST

int main(void)
{
    TCase *tests = tcase_create("map_file");

    tcase_add_checked_fixture(tests, setup, teardown);
    tcase_add_test(tests, test_only_what_is_missing);
    tcase_add_test(tests, test_half_a_line_is_ended);
    tcase_add_test(tests, test_a_new_map);
    tcase_add_test(tests, test_what_is_not_the_owners);
    tcase_add_test(tests, test_no_line_lies_on_two_pages);
    tcase_add_test(tests, test_no_reader_sees_half_a_line);
    return run_case("map_file", tests);
}
