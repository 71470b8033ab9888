/* Follows the rules of the kernel and of execvp; where they leave doubt, says "unknown". */
#include "python/program.h"
#include "base/child.h"
#include "base/process.h"
#include "python/pyenv_shim.h"
#include "python/shebang.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

/* -- From a word to a file ------------------------------------------------------------------ */

static int check_file(const char *path)
{
    struct stat status;

    if (stat(path, &status) != 0)
        return -errno;
    if (!S_ISREG(status.st_mode) || access(path, X_OK) != 0)
        return -EACCES;
    return 0;
}

static int search_path(const char *command, char found[PATH_MAX])
{
    const char *path = getenv("PATH");
    int verdict = -ENOENT;

    if (!path)
        path = "/bin:/usr/bin"; /* confstr(_CS_PATH): what execvp takes */
    for (;;) {
        size_t length = strcspn(path, ":");
        int rc;
        if (snprintf(found, PATH_MAX, "%.*s%s%s", (int)length, path, length ? "/" : "./", command) <
            PATH_MAX) {
            rc = check_file(found);
            if (rc == 0)
                return 0;
            verdict = rc == -EACCES ? rc : verdict;
        }
        if (!path[length])
            return verdict;
        path += length + 1;
    }
}

static int find_file(const char *command, char found[PATH_MAX])
{
    if (!*command)
        return -ENOENT;
    if (!strchr(command, '/'))
        return search_path(command, found);
    if (snprintf(found, PATH_MAX, "%s", command) >= PATH_MAX)
        return -ENAMETOOLONG;
    return check_file(found);
}

/* -- From a script to an ELF ---------------------------------------------------------------- */

/* The kernel gives up at the fifth "#!" (fs/exec.c, exec_binprm). */
enum { SHEBANGS_MAX = 5 };

static int follow_shebangs(struct program *program)
{
    for (int depth = 0; depth <= SHEBANGS_MAX; depth++) {
        char word[PATH_MAX], next[PATH_MAX];
        int rc = shebang_read(program->interpreter, word);

        if (rc <= 0) /* no script, or unreadable: the ELF reader will tell which */
            return 0;
        rc = find_file(word, next);
        if (rc)
            return rc;
        if (!realpath(next, program->interpreter))
            return -errno;
    }
    return -ELOOP;
}

/* -- From an ELF to its libpython ----------------------------------------------------------- */

/* Asks the program's own loader: it knows RUNPATH, LD_LIBRARY_PATH and its cache. */
static void ask_loader(struct program *program, const char *loader, const char *name)
{
    static char list[] = "--list";
    char *argv[] = {(char *)loader, list, program->interpreter, NULL};
    char text[32768], *line, *rest = text;

    if (child_capture(argv, text, sizeof text) != 0)
        return;
    while ((line = strsep(&rest, "\n")) != NULL) {
        char *arrow = strstr(line, " => ");
        line += strspn(line, " \t");
        if (!arrow || strncmp(line, name, strlen(name)) != 0 || arrow != line + strlen(name))
            continue;
        arrow += 4;
        snprintf(program->libpython, sizeof program->libpython, "%.*s", (int)strcspn(arrow, " \n"),
                 arrow);
        if (program->libpython[0] != '/')
            program->libpython[0] = '\0';
    }
}

static bool is_privileged(const char *path)
{
    struct stat status;

    return stat(path, &status) == 0 &&
           (((status.st_mode & S_ISUID) && status.st_uid != geteuid()) ||
            ((status.st_mode & S_ISGID) && status.st_gid != getegid()) ||
            (geteuid() != 0 && getxattr(path, "security.capability", NULL, 0) > 0));
}

static enum program_kind kind_of(const struct program *program, const struct elfinfo *elf)
{
    if (elf->needs_pypy)
        return PROGRAM_PYPY;
    if (elf->has_evaluator || elf->needs_libpython)
        return PROGRAM_PYTHON;
    return elf->dynamic || program->trouble ? PROGRAM_OTHER : PROGRAM_STATIC;
}

/* Reads the interpreter's ELF file, or that of its libpython if that can be found. */
static void read_elf(struct program *program)
{
    struct elfinfo library;

    program->privileged = is_privileged(program->interpreter);
    program->trouble = elfinfo_read_path(&program->elf, program->interpreter);
    if (program->trouble)
        return;
    program->kind = kind_of(program, &program->elf);
    if (program->elf.has_evaluator || (!program->elf.needs_libpython && !program->libpython[0]))
        return;
    if (!program->libpython[0] && program->elf.loader[0])
        ask_loader(program, program->elf.loader, program->elf.libpython_name);
    if (program->libpython[0] && elfinfo_read_path(&library, program->libpython) == 0 &&
        library.has_evaluator) {
        program->elf = library;
        program->kind = PROGRAM_PYTHON;
    }
}

int program_find(struct program *program, const char *command)
{
    char target[PATH_MAX];
    int rc;

    *program = (struct program){.kind = PROGRAM_UNKNOWN};
    rc = find_file(command, program->path);
    if (rc)
        return rc == -ENOTDIR ? -ENOENT : rc;
    if (!realpath(pyenv_shim_follow(program->path, target) ? target : program->path,
                  program->interpreter))
        return -errno;
    rc = follow_shebangs(program);
    if (rc)
        return rc;
    read_elf(program);
    return 0;
}

/* -- A running process ---------------------------------------------------------------------- */

static bool is_libpython(const char *path)
{
    const char *name = strstr(path, "/libpython");

    return name && strncmp(name, "/libpython3.so", 14) != 0;
}

int program_of_process(struct program *program, pid_t pid)
{
    char name[64], inside[PATH_MAX] = "";
    struct process_mapping mapping;
    struct process_maps maps;
    int rc;

    *program = (struct program){.kind = PROGRAM_UNKNOWN};
    snprintf(name, sizeof name, "/proc/%ld/exe", (long)pid);
    if (readlink(name, program->path, sizeof program->path - 1) < 0)
        return errno == ENOENT ? -ESRCH : -EACCES;
    snprintf(program->interpreter, sizeof program->interpreter, "%s", name);
    rc = process_maps_open(&maps, pid);
    if (rc)
        return rc == -ENOENT ? -ESRCH : -EACCES;
    while (!inside[0] && process_maps_next(&maps, &mapping))
        if (is_libpython(mapping.path))
            snprintf(inside, sizeof inside, "%s", mapping.path);
    process_maps_close(&maps);
    if (inside[0] &&
        snprintf(program->libpython, PATH_MAX, "/proc/%ld/root%s", (long)pid, inside) >= PATH_MAX)
        program->libpython[0] = '\0';
    read_elf(program);
    return 0;
}

/* -- Words ---------------------------------------------------------------------------------- */

static const char *pointers_phrase(const struct elfinfo *elf, char *text, size_t size)
{
    static const char *const phrases[] = {
        [POINTERS_UNKNOWN] = "frame pointers unknown",
        [POINTERS_ABSENT] = "without frame pointers",
        [POINTERS_PRESENT] = "with frame pointers",
    };
    snprintf(text, size, "%s (%d of %d well-known functions have one)", phrases[elf->pointers],
             elf->pointers_seen, elf->pointers_of);
    return text;
}

const char *program_describe(const struct program *program, char *text, size_t size)
{
    const struct elfinfo *elf = &program->elf;
    char pointers[96], version[32] = "";

    switch (program->kind) {
    case PROGRAM_PYPY:
        return "PyPy";
    case PROGRAM_STATIC:
        return "a static executable without Python";
    case PROGRAM_OTHER:
        return "an executable without Python in sight";
    case PROGRAM_UNKNOWN:
        return program->trouble == -ENOEXEC ? "no ELF file" : "unreadable";
    case PROGRAM_PYTHON:
        break;
    }
    if (elf->major > 0 && elf->micro >= 0)
        snprintf(version, sizeof version, " %d.%d.%d", elf->major, elf->minor, elf->micro);
    else if (elf->major > 0)
        snprintf(version, sizeof version, " %d.%d", elf->major, elf->minor);
    snprintf(text, size, "CPython%s%s, %s, %s", version, elf->free_threaded ? "t" : "",
             program->libpython[0] || !elf->has_evaluator ? "shared" : "static",
             pointers_phrase(elf, pointers, sizeof pointers));
    return text;
}
