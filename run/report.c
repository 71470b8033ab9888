/* pyperf-run report, script: perf's own, with the options that a Python profile needs. */
#include "base/say.h"
#include "commands.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/*
 * --no-inline: without it perf asks addr2line about every C frame, a thousand times slower.
 * --max-stack: perf's default, 127 entries, cuts off the root of stacks of more than some 40 Python
 * calls; 65,528 bytes of stack hold at most 8,191 return addresses.
 */
static char no_inline[] = "--no-inline", max_stack[] = "--max-stack=8191";

int command_report(int argc, char **argv)
{
    static char perf[] = "perf";
    char **line = calloc((size_t)argc + 4, sizeof *line);
    int status;

    if (!line)
        return EXIT_CANNOT_EXECUTE;
    line[0] = perf;
    line[1] = argv[0];
    line[2] = no_inline;
    line[3] = max_stack;
    memcpy(line + 4, argv + 1, (size_t)(argc - 1) * sizeof *line);
    execvp(perf, line);
    status = errno == ENOENT ? EXIT_NOT_FOUND : EXIT_CANNOT_EXECUTE;
    say_error("perf: %s; install the package that has it (Debian: linux-perf)", strerror(errno));
    free(line);
    return status;
}
