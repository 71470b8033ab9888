/* pyperf-run COMMAND: adds the library to LD_PRELOAD and becomes the command. */
#include "base/ld_preload.h"
#include "base/library.h"
#include "base/say.h"
#include "commands.h"
#include "python/program.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

int command_run(const struct options *options)
{
    static struct program program;
    char library[PATH_MAX], *merged;
    int status = program_find_or_say(&program, options->argv[0]);

    if (status)
        return status;
    if (library_find(library) != 0)
        return EXIT_CANNOT_EXECUTE;
    merged = ld_preload_merge(getenv("LD_PRELOAD"), library);
    if (!merged || setenv("LD_PRELOAD", merged, 1) != 0) {
        say_error("%s", strerror(ENOMEM));
        return EXIT_CANNOT_EXECUTE;
    }
    execvp(options->argv[0], options->argv);
    status = errno == ENOENT ? EXIT_NOT_FOUND : EXIT_CANNOT_EXECUTE;
    say_error("%s: %s", options->argv[0], strerror(errno));
    return status;
}
