/* Checks whether an interpreter's functions will show. */
#include "base/library.h"
#include "doctor/checks.h"

#include <pyperf.h>

#include <errno.h>
#include <string.h>
#include <sys/utsname.h>

/* The versions that preload/interp.c has a row for. */
static void check_version(struct findings *findings, const struct elfinfo *elf)
{
    if (elf->major == 0)
        findings_add(findings, VERDICT_NOTE, "version", "run it with PYPERF_LOG=info to see",
                     "unknown; libpyperf will know when it runs");
    else if (elf->major == 3 && elf->minor >= PYPERF_FIRST_MINOR && elf->minor <= PYPERF_LAST_MINOR)
        findings_add(findings, VERDICT_OK, "version", NULL, "CPython %d.%d is supported",
                     elf->major, elf->minor);
    else
        findings_add(findings, VERDICT_BAD, "version", "use CPython " PYPERF_VERSIONS,
                     "CPython %d.%d is not supported", elf->major, elf->minor);
}

static void check_machine_of(struct findings *findings, const struct elfinfo *elf)
{
    struct utsname here;

    if (uname(&here) == 0 && strcmp(here.machine, elfinfo_machine_name(elf->machine)) != 0)
        findings_add(findings, VERDICT_BAD, "architecture",
                     "use an interpreter and a libpyperf.so of one architecture",
                     "%s, but this machine is %s", elfinfo_machine_name(elf->machine),
                     here.machine);
}

static void check_pointers(struct findings *findings, const struct elfinfo *elf)
{
    static const char remedy[] = "record with `pyperf-run perf record`, or with --call-graph dwarf";

    if (elf->pointers == POINTERS_PRESENT)
        findings_add(findings, VERDICT_OK, "frame pointers", NULL,
                     "%d of %d well-known functions: perf record -g works", elf->pointers_seen,
                     elf->pointers_of);
    else
        findings_add(findings, VERDICT_NOTE, "frame pointers", remedy,
                     "%d of %d well-known functions: with plain -g the chain ends early",
                     elf->pointers_seen, elf->pointers_of);
}

void check_interpreter(struct findings *findings, const struct program *program)
{
    char text[256];
    bool python = program->kind == PROGRAM_PYTHON;

    findings_add(findings, python ? VERDICT_OK : VERDICT_BAD, "interpreter",
                 program->kind == PROGRAM_OTHER
                     ? "name the Python that it starts: a path, or python3.N"
                     : "profile a program that CPython runs",
                 "%s: %s", program->interpreter, program_describe(program, text, sizeof text));
    if (!python)
        return;
    if (program->libpython[0])
        findings_add(findings, VERDICT_OK, "libpython", NULL, "%s", program->libpython);
    else if (!program->elf.has_evaluator)
        findings_add(findings, VERDICT_BAD, "libpython", "set LD_LIBRARY_PATH, or reinstall it",
                     "%s is not found by the loader", program->elf.libpython_name);
    check_version(findings, &program->elf);
    check_machine_of(findings, &program->elf);
    check_pointers(findings, &program->elf);
    if (program->privileged)
        findings_add(findings, VERDICT_BAD, "privileges", "run it as its owner, without setuid",
                     "setuid or capabilities: the loader ignores LD_PRELOAD");
}

void check_program(struct findings *findings, const char *command)
{
    static struct program program;
    int rc = program_find(&program, command);

    if (rc) {
        findings_add(findings, VERDICT_BAD, "program", "give a path, or check PATH", "%s: %s",
                     command, rc == -ENOENT ? "not found" : strerror(-rc));
        return;
    }
    if (strcmp(program.path, program.interpreter) != 0)
        findings_add(findings, VERDICT_OK, "program", NULL, "%s -> %s", program.path,
                     program.interpreter);
    check_interpreter(findings, &program);
}
