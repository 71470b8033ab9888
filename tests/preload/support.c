#include "support.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <limits.h>
#include <pthread.h>
#include <sched.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "log.h"
#include "pyperf.h"

enum { EXIT_ALL_SKIPPED = 77 };

#define IN_PRIVATE_TMP "PYPERF_UNIT_IN_PRIVATE_TMP" /* set in the program that is started again */

static char root[] = "/tmp/pyperf-unit-XXXXXX";
static unsigned *skipped; /* shared with the tests' processes */

/* -- Running -------------------------------------------------------------------------------- */

static int remove_entry(const char *path, const struct stat *status, int type, struct FTW *walk)
{
    (void)status, (void)type, (void)walk;
    return remove(path);
}

/* Where we may: neighbours remove what is in /tmp, or have our PID in a namespace of theirs.  Not
 * when the build itself is in there.  Starts the program again, because what is mapped belongs to
 * the old namespace: in a chroot its paths in /proc/PID/maps lead nowhere. */
static void make_private_tmp(char **argv)
{
    char program[PATH_MAX] = "";
    if (getenv(IN_PRIVATE_TMP) != NULL ||
        readlink("/proc/self/exe", program, sizeof program - 1) <= 0 ||
        strncmp(program, "/tmp/", 5) == 0 || unshare(CLONE_NEWNS) != 0 ||
        mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) != 0 ||
        mount("tmpfs", "/tmp", "tmpfs", 0, "mode=1777") != 0 ||
        setenv(IN_PRIVATE_TMP, "yes", 1) != 0)
        return;
    execv(program, argv);
    /* Under qemu-user nobody starts it; so it stays as it is. */
}

int support_main(int argc, char **argv, struct support_tests tests)
{
    make_private_tmp(argv);
    if (mkdtemp(root) == NULL) {
        perror(root);
        return 1;
    }
    skipped =
        mmap(NULL, sizeof *skipped, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    Suite *suite = suite_create(strrchr(argv[0], '/') != NULL ? strrchr(argv[0], '/') + 1 : "");
    TCase *tcase = tcase_create(argc > 1 ? argv[1] : "all");
    tcase_set_timeout(tcase, SUPPORT_TIMEOUT_SECONDS);
    unsigned chosen = 0;
    for (size_t i = 0; i < tests.count; i++) {
        if (argc > 1 && strcmp(argv[1], tests.tests[i]->name) != 0)
            continue;
        tcase_add_test(tcase, tests.tests[i]);
        chosen++;
    }
    suite_add_tcase(suite, tcase);
    SRunner *runner = srunner_create(suite);
    srunner_set_fork_status(runner, CK_FORK);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    nftw(root, remove_entry, 16, FTW_DEPTH | FTW_PHYS | FTW_MOUNT);
    if (chosen == 0) {
        fprintf(stderr, "%s: no test of that name\n", argv[argc - 1]);
        return 1;
    }
    return failed != 0 ? 1 : *skipped == chosen ? EXIT_ALL_SKIPPED : 0;
}

void support_skip(const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    printf("SKIP ");
    vprintf(format, arguments);
    printf("\n");
    va_end(arguments);
    __atomic_add_fetch(skipped, 1, __ATOMIC_RELAXED);
    exit(0);
}

/* -- Files ---------------------------------------------------------------------------------- */

const char *support_directory(void)
{
    static char paths[4][sizeof root + 7];
    static unsigned made;
    char *path = paths[made++ % 4];
    snprintf(path, sizeof paths[0], "%s/XXXXXX", root);
    ck_assert_ptr_nonnull(mkdtemp(path));
    ck_assert_int_eq(chmod(root, 0755), 0); /* some tests become another user */
    return path;
}

char *support_read(const char *path, size_t *size)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    struct stat status;
    if (fd < 0 || fstat(fd, &status) != 0)
        return NULL;
    char *text = malloc((size_t)status.st_size + 1);
    ssize_t got = read(fd, text, (size_t)status.st_size);
    close(fd);
    ck_assert_int_eq(got, status.st_size);
    text[got] = '\0';
    if (size != NULL)
        *size = (size_t)got;
    return text;
}

size_t support_count_lines(const char *path)
{
    size_t lines = 0;
    char *text = support_read(path, NULL);
    for (char *line = text; line != NULL && *line != '\0'; line += strcspn(line, "\n") + 1)
        lines++;
    free(text);
    return lines;
}

static size_t list_files(const char *directory, const char *prefix, char *last, size_t size)
{
    size_t count = 0;
    DIR *stream = opendir(directory);
    ck_assert_ptr_nonnull(stream);
    for (struct dirent *entry; (entry = readdir(stream)) != NULL;) {
        if (entry->d_name[0] == '.' || strncmp(entry->d_name, prefix, strlen(prefix)) != 0)
            continue;
        snprintf(last, size, "%s/%s", directory, entry->d_name);
        count++;
    }
    closedir(stream);
    return count;
}

size_t support_count_files(const char *directory, const char *prefix)
{
    char last[PATH_MAX];
    return list_files(directory, prefix, last, sizeof last);
}

const char *support_only_file(const char *directory, const char *prefix)
{
    static char path[PATH_MAX];
    ck_assert_uint_eq(list_files(directory, prefix, path, sizeof path), 1);
    return path;
}

char *support_map_path(void)
{
    char *path = malloc(64);
    snprintf(path, 64, PYPERF_MAP_FORMAT, (long)getpid());
    return path;
}

static void remove_map(void)
{
    char *path = support_map_path();
    remove(path);
    free(path);
}

void support_own_map(void)
{
    remove_map();
    char *path = support_map_path();
    bool in_the_way = access(path, F_OK) == 0;
    free(path);
    if (in_the_way)
        support_skip("another user's /tmp/perf-%d.map is in the way", getpid());
    atexit(remove_map);
}

void support_mount_tmpfs(const char *directory, const char *options, unsigned long flags)
{
    if (unshare(CLONE_NEWNS) != 0 || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) != 0 ||
        mount("tmpfs", directory, "tmpfs", flags, options) != 0)
        support_skip("mounting a tmpfs: %s (run as root)", strerror(errno));
}

/* -- The log -------------------------------------------------------------------------------- */

static char log_path[PATH_MAX];

const char *support_log_to_file(void)
{
    snprintf(log_path, sizeof log_path, "%s/log", support_directory());
    pyperf_log_init(PYPERF_LOG_DEBUG, log_path);
    return log_path;
}

unsigned support_logged(const char *text)
{
    unsigned count = 0;
    char *log = support_read(log_path, NULL);
    for (char *line = log != NULL ? strtok(log, "\n") : NULL; line != NULL;
         line = strtok(NULL, "\n"))
        count += strstr(line, text) != NULL;
    free(log);
    return count;
}

/* -- Processes ------------------------------------------------------------------------------ */

int support_in_child(pid_t (*make)(void), void (*body)(void *), void *argument)
{
    pid_t child = make();
    /* First of all: check's own lock may be held by a thread that the child does not have. */
    if (child == 0) {
        body(argument);
        _exit(0);
    }
    ck_assert_int_ge(child, 0);
    int status;
    ck_assert_int_eq(waitpid(child, &status, 0), child);
    return status;
}

void support_child_succeeds(void (*body)(void *), void *argument)
{
    ck_assert_int_eq(support_in_child(fork, body, argument), 0);
}

enum { NO_NAMESPACE = 78 };

/* In a process of its own: once the namespace's first process has ended, nobody here could fork,
 * and LeakSanitizer does. */
static int run_in_private_proc(void (*body)(void *), void *argument, const char *options)
{
    if (unshare(CLONE_NEWPID | CLONE_NEWNS) != 0 ||
        mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) != 0)
        return NO_NAMESPACE;
    pid_t child = fork();
    if (child == 0) {
        if (mount("proc", "/proc", "proc", 0, options) != 0)
            _exit(NO_NAMESPACE);
        body(argument);
        _exit(0);
    }
    int status;
    if (waitpid(child, &status, 0) != child)
        return 1;
    return WIFEXITED(status) ? WEXITSTATUS(status) : 1;
}

void support_in_private_proc(void (*body)(void *), void *argument, const char *options)
{
    pid_t child = fork();
    ck_assert_int_ge(child, 0);
    if (child == 0)
        _exit(run_in_private_proc(body, argument, options));
    int status;
    ck_assert_int_eq(waitpid(child, &status, 0), child);
    if (WIFEXITED(status) && WEXITSTATUS(status) == NO_NAMESPACE)
        support_skip("making a PID namespace (run as root)");
    ck_assert_msg(status == 0, "wait status %#x", (unsigned)status);
}

static pthread_barrier_t start;

struct thread {
    pthread_t id;
    unsigned index;
    void (*body)(unsigned);
};

static void *run_thread(void *argument)
{
    struct thread *thread = argument;
    pthread_barrier_wait(&start);
    thread->body(thread->index);
    return NULL;
}

void support_run_threads(unsigned count, void (*body)(unsigned index))
{
    struct thread threads[count];
    pthread_barrier_init(&start, NULL, count);
    for (unsigned i = 0; i < count; i++) {
        threads[i] = (struct thread){.index = i, .body = body};
        ck_assert_int_eq(pthread_create(&threads[i].id, NULL, run_thread, &threads[i]), 0);
    }
    for (unsigned i = 0; i < count; i++)
        pthread_join(threads[i].id, NULL);
    pthread_barrier_destroy(&start);
}
