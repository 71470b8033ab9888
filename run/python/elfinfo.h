/*
 * What an ELF file says about the Python in it, read with libelf and never executed.
 *
 * Robust against any bytes: a damaged file gives an error or fewer facts, never a crash.
 */
#ifndef RUN_PYTHON_ELFINFO_H
#define RUN_PYTHON_ELFINFO_H

#include <libelf.h>
#include <stdbool.h>
#include <stdint.h>

enum elfinfo_pointers {
    POINTERS_UNKNOWN,
    POINTERS_ABSENT,  /* perf -g cannot follow the interpreter's frames */
    POINTERS_PRESENT, /* it can */
};

struct elfinfo {
    uint16_t machine; /* EM_X86_64, EM_AARCH64, ... */
    bool executable;  /* ET_EXEC, or ET_DYN with an entry point */
    bool dynamic;     /* has PT_INTERP: a loader reads LD_PRELOAD */
    char loader[256]; /* PT_INTERP; "" if none */

    bool needs_libpython;     /* DT_NEEDED names a libpython */
    char libpython_name[128]; /* that name, or this library's own SONAME if it is a libpython */
    bool needs_pypy;          /* DT_NEEDED names a libpypy */

    bool has_evaluator;      /* defines _PyEval_EvalFrameDefault: the CPython code is in here */
    bool free_threaded;      /* built with --disable-gil */
    int major, minor, micro; /* major 0: unknown.  micro -1: unknown */

    enum elfinfo_pointers pointers;
    int pointers_seen; /* well-known functions whose beginning was recognised as a frame's */
    int pointers_of;   /* well-known functions found */
};

/* Name of the architecture as uname prints it ("x86_64"), or "unknown". */
const char *elfinfo_machine_name(uint16_t machine);

/*
 * Reads what libelf opened.  Returns 0, or -ENOEXEC if it is no ELF of a kind we know (64 or 32
 * bit executable or shared object).
 */
int elfinfo_read(struct elfinfo *info, Elf *elf);

/* Reads the file at `path`.  Returns 0 or -errno; -ENOEXEC as above. */
int elfinfo_read_path(struct elfinfo *info, const char *path);

/* The version that a library or executable name tells ("libpython3.11.so.1.0", "python3.9"). */
bool elfinfo_version_of_name(const char *name, int *major, int *minor);

#endif
