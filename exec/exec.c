/*
 * pyperf-exec [-r] NAME=VALUE... -- COMMAND [ARG...]: sets variables and becomes the command.
 *
 * perf starts it, and it becomes the profiled program.  env(1) would do, were it not for perf 6.1
 * with libunwind, which looks for a library's unwind table at the lowest address where the process
 * ever mapped that library, even as env.  In half of all recordings no chain went beyond
 * __libc_start_call_main, and none left the vdso.
 *
 * So this program maps no library: it is linked statically, without a C runtime, and makes its few
 * system calls itself (exec_ARCH.S).  The kernel maps the vdso into every process, but without
 * address randomization it is at a higher address than randomization ever picks.  So pyperf-run
 * turns randomization off for perf, and thereby for us; -r turns it on again for the command.
 */
#include <asm/unistd.h>
#include <errno.h>
#include <linux/personality.h>
#include <stddef.h>

long exec_system_call(long number, long a, long b, long c);
_Noreturn void exec_main(long *stack);

enum { PATH_BYTES = 4096, CANNOT_EXECUTE = 126, NOT_FOUND = 127 };

static size_t length_of(const char *text)
{
    size_t length = 0;
    while (text[length])
        length++;
    return length;
}

static int contains(const char *text, char wanted)
{
    for (; *text; text++)
        if (*text == wanted)
            return 1;
    return 0;
}

/* The value in "NAME=VALUE" if NAME is `name`, of which only what is before a "=" counts. */
static const char *value_of(const char *entry, const char *name)
{
    while (*name && *name != '=' && *entry == *name) {
        entry++;
        name++;
    }
    return (*name == '=' || !*name) && *entry == '=' ? entry + 1 : NULL;
}

static void say(const char *text)
{
    exec_system_call(__NR_write, 2, (long)text, (long)length_of(text));
}

/* As execvp(3): a file that the kernel cannot execute is a script for the shell. */
static long become(const char *path, char **argv, char **envp)
{
    static char shell[] = "/bin/sh";
    long rc = exec_system_call(__NR_execve, (long)path, (long)argv, (long)envp);
    size_t count = 0;

    if (rc != -ENOEXEC)
        return rc;
    while (argv[count])
        count++;
    char *line[count + 2];
    line[0] = shell;
    line[1] = (char *)path;
    for (size_t i = 1; i <= count; i++)
        line[i + 1] = argv[i];
    return exec_system_call(__NR_execve, (long)shell, (long)line, (long)envp);
}

/* The length of "FOLDER/NAME" for the folder at the start of `path`; 0 if it does not fit. */
static size_t join(char *joined, const char *path, const char *name)
{
    size_t length = 0, name_length = length_of(name);

    for (; path[length] && path[length] != ':'; length++) {
        if (length + name_length + 2 >= PATH_BYTES)
            return 0;
        joined[length] = path[length];
    }
    if (!length)
        joined[length++] = '.';
    if (length + name_length + 2 >= PATH_BYTES)
        return 0;
    joined[length++] = '/';
    for (size_t i = 0; i <= name_length; i++)
        joined[length + i] = name[i];
    return length + name_length;
}

static long search(const char *path, char **argv, char **envp)
{
    long verdict = -ENOENT;

    for (;;) {
        char joined[PATH_BYTES];
        if (join(joined, path, argv[0])) {
            long rc = become(joined, argv, envp);
            verdict = rc == -EACCES || verdict == -ENOENT ? rc : verdict;
            if (rc != -ENOENT && rc != -ENOTDIR && rc != -EACCES)
                return rc;
        }
        while (*path && *path != ':')
            path++;
        if (!*path)
            return verdict;
        path++;
    }
}

static _Noreturn void leave(int status)
{
    for (;;)
        exec_system_call(__NR_exit_group, status, 0, 0);
}

static int is_word(const char *text, const char *word)
{
    while (*word && *text == *word) {
        text++;
        word++;
    }
    return *text == *word;
}

/* Does one of the `assignments` set this entry's variable? */
static int is_replaced(const char *entry, char **assignments, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (value_of(entry, assignments[i]))
            return 1;
    return 0;
}

/* `stack` is as the kernel set it up: argc, argv, NULL, envp, NULL. */
void exec_main(long *stack)
{
    char **word = (char **)(stack + 1), **given = word + stack[0] + 1, **assignments;
    const char *path = "/bin:/usr/bin";
    size_t count = 0, set = 0, kept = 0;
    long rc;

    word += *word != NULL;
    if (*word && is_word(*word, "-r")) {
        long persona = exec_system_call(__NR_personality, 0xffffffff, 0, 0); /* asks only */
        exec_system_call(__NR_personality, persona & ~ADDR_NO_RANDOMIZE, 0, 0);
        word++;
    }
    for (assignments = word; *word && contains(*word, '='); word++)
        set++;
    if (!*word || !is_word(*word, "--") || !word[1]) {
        say("usage: pyperf-exec [-r] NAME=VALUE... -- COMMAND [ARG...]\n");
        leave(2);
    }
    word++;
    while (given[count])
        count++;
    char *envp[count + set + 1];
    for (size_t i = 0; i < count; i++) {
        const char *value = value_of(given[i], "PATH=");
        path = value ? value : path;
        if (!is_replaced(given[i], assignments, set))
            envp[kept++] = given[i];
    }
    for (size_t i = 0; i < set; i++)
        envp[kept++] = assignments[i];
    envp[kept] = NULL;
    rc = contains(*word, '/') ? become(*word, word, envp) : search(path, word, envp);
    say("pyperf-run: ");
    say(*word);
    say(rc == -ENOENT ? ": command not found\n" : ": cannot be executed\n");
    leave(rc == -ENOENT ? NOT_FOUND : CANNOT_EXECUTE);
}
