/* What the user has to know about a program before it runs with LD_PRELOAD. */
#include "base/say.h"
#include "python/program.h"

#include <errno.h>
#include <string.h>

static void warn_about(const struct program *program)
{
    if (program->privileged)
        say_warning("%s is setuid or has capabilities: the loader ignores LD_PRELOAD for it; run "
                    "pyperf-run as that user instead",
                    program->interpreter);
    else if (program->kind == PROGRAM_STATIC)
        say_warning("%s is statically linked: LD_PRELOAD has no effect on it",
                    program->interpreter);
    else if (program->kind == PROGRAM_PYPY)
        say_warning("%s is PyPy: only CPython is supported", program->interpreter);
    else if (program->trouble && program->interpreter[0])
        say_warning("%s: damaged or unknown ELF file", program->interpreter);
}

int program_find_or_say(struct program *program, const char *command)
{
    int rc = program_find(program, command);

    if (rc == 0)
        warn_about(program);
    else if (rc == -ENOENT && program->interpreter[0])
        say_error("%s: its \"#!\" line names a program that is not there", command);
    else
        say_error("%s: %s", command, rc == -ENOENT ? "command not found" : strerror(-rc));
    return rc == 0 ? 0 : rc == -ENOENT ? EXIT_NOT_FOUND : EXIT_CANNOT_EXECUTE;
}
