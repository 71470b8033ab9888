/*
 * Which program will run?  From a command's first word, through PATH, symbolic links, "#!" lines
 * and env(1), to the ELF file that the kernel loads, and the Python in it.
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
    PROGRAM_OTHER,  /* an ELF without Python in sight; it may start one, or load one later */
    PROGRAM_STATIC, /* an ELF without loader: LD_PRELOAD does nothing */
    PROGRAM_UNKNOWN /* no file we can read, or no ELF */
};

struct program {
    char path[PATH_MAX];        /* the file that the command's first word names */
    char interpreter[PATH_MAX]; /* the ELF that runs, links resolved: path itself, or from "#!" */
    char libpython[PATH_MAX];   /* the shared libpython it loads; "" if none, or not found */
    enum program_kind kind;
    bool elsewhere;     /* a process that sees other files than we (mount namespace) */
    bool privileged;    /* setuid, setgid or with capabilities: the loader ignores LD_PRELOAD */
    int trouble;        /* 0, or the -errno of reading the ELF */
    struct elfinfo elf; /* of libpython if there is one, else of interpreter */
};

/*
 * Looks up `command` as execvp does.  Returns 0; -ENOENT (no such command), -EACCES (there is
 * one, not executable), -ELOOP ("#!" lines in a circle) or -ENAMETOOLONG.  What cannot be found
 * out about an existing program is no error: kind then says so.
 */
int program_find(struct program *program, const char *command);

/* The program of a running process.  Returns 0, -ESRCH, or -EACCES (another user's). */
int program_of_process(struct program *program, pid_t pid);

/*
 * program_find, with a line on stderr for what is wrong or will not work.
 * Returns 0 or the exit status a shell would give (127, 126).
 */
int program_find_or_say(struct program *program, const char *command);

/* One phrase for messages: "CPython 3.11.7, shared, without frame pointers (0 of 18 ...)". */
const char *program_describe(const struct program *program, char *text, size_t size);

#endif
