/*
 * Finds the program that a command runs: from the command's first word, through PATH, symbolic
 * links, "#!" lines and env(1), to the ELF file that the kernel loads and the Python in it.
 */
#ifndef RUN_PYTHON_PROGRAM_H
#define RUN_PYTHON_PROGRAM_H

#include "python/elfinfo.h"

#include <limits.h>
#include <stdbool.h>
#include <sys/types.h>

enum program_kind {
    PROGRAM_PYTHON, /* a CPython */
    PROGRAM_PYPY,
    PROGRAM_OTHER,  /* an ELF file with no Python in sight; it may start or load one later */
    PROGRAM_STATIC, /* an ELF file without a loader: LD_PRELOAD does nothing */
    PROGRAM_UNKNOWN /* a file that we cannot read or that is no ELF */
};

struct program {
    char path[PATH_MAX];        /* the file that the command's first word names */
    char interpreter[PATH_MAX]; /* the ELF that runs, links resolved: path itself, or from "#!" */
    char libpython[PATH_MAX];   /* the shared libpython it loads; "" if none, or not found */
    enum program_kind kind;
    bool elsewhere;     /* of a process that sees other files than we do (mount namespace) */
    bool privileged;    /* setuid, setgid or with capabilities: the loader ignores LD_PRELOAD */
    int trouble;        /* 0, or -errno if the ELF file could not be read */
    struct elfinfo elf; /* of libpython if there is one, else of interpreter */
};

/*
 * Looks up `command` as execvp does.  Returns 0; -ENOENT (no such command), -EACCES (there is one
 * that is not executable), -ELOOP (too many "#!" lines) or -ENAMETOOLONG.  It is no error if
 * nothing can be found out about a program that exists: its kind is then PROGRAM_UNKNOWN.
 */
int program_find(struct program *program, const char *command);

/* The program of a running process.  Returns 0, -ESRCH, or -EACCES (another user's). */
int program_of_process(struct program *program, pid_t pid);

/*
 * As program_find, with a message for what is wrong or will not work.  Returns 0, or the exit
 * status that a shell would give (127, 126).
 */
int program_find_or_say(struct program *program, const char *command);

/* A phrase for messages: "CPython 3.11.7, shared, without frame pointers (0 of 18 ...)". */
const char *program_describe(const struct program *program, char *text, size_t size);

#endif
