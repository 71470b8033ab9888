/*
 * What an ELF file tells about the Python in it.  Files are read with libelf, never executed, and
 * may hold any bytes: a damaged one gives an error or fewer facts, never a crash.
 */
#ifndef RUN_PYTHON_ELFINFO_H
#define RUN_PYTHON_ELFINFO_H

#include <libelf.h>
#include <stdbool.h>
#include <stdint.h>

enum elfinfo_pointers {
    POINTERS_UNKNOWN,
    POINTERS_ABSENT,  /* perf record -g cannot follow the interpreter's frames */
    POINTERS_PRESENT, /* it can follow them */
};

struct elfinfo {
    uint16_t machine; /* EM_X86_64, EM_AARCH64, ... */
    bool executable;  /* ET_EXEC, or ET_DYN with an entry point */
    bool dynamic;     /* has PT_INTERP: its loader reads LD_PRELOAD */
    char loader[256]; /* PT_INTERP; "" if none */

    bool needs_libpython;     /* DT_NEEDED names a libpython */
    char libpython_name[128]; /* that name, or this library's own SONAME if it is a libpython */
    bool needs_pypy;          /* DT_NEEDED names a libpypy */

    bool has_evaluator;      /* defines _PyEval_EvalFrameDefault: the CPython code is in here */
    bool free_threaded;      /* built with --disable-gil */
    int major, minor, micro; /* major 0: unknown.  micro -1: unknown */

    enum elfinfo_pointers pointers;
    int pointers_seen; /* well-known functions (prologue.h) that set up a frame pointer */
    int pointers_of;   /* well-known functions that were found */
};

/* The architecture's name as uname prints it ("x86_64"), or "unknown". */
const char *elfinfo_machine_name(uint16_t machine);

/*
 * Reads what libelf has opened.  Returns 0, or -ENOEXEC if it is no ELF file of a kind we know
 * (executable or shared object, of 32 or 64 bits).
 */
int elfinfo_read(struct elfinfo *info, Elf *elf);

/* Reads the file at `path`.  Returns 0 or -errno; -ENOEXEC as above. */
int elfinfo_read_path(struct elfinfo *info, const char *path);

/* The version in a library's or executable's name ("libpython3.11.so.1.0", "python3.9"); false if
 * there is none. */
bool elfinfo_version_of_name(const char *name, int *major, int *minor);

#endif
