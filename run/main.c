/* pyperf-run: reads its own options and calls a command; each command has a file of its own. */
#include "base/say.h"
#include "commands.h"
#include "perf/perfcmd.h"

#include <pyperf.h>

#include <stdio.h>
#include <string.h>

static const char usage[] =
    "Usage: pyperf-run [OPTION...] [--] COMMAND [ARG...]\n"
    "\n"
    "Runs a Python program so that Linux perf sees its Python functions.\n"
    "\n"
    "  pyperf-run python app.py                      run it, ready for `perf record -p`\n"
    "  pyperf-run perf record -g python app.py       record a complete profile of it\n"
    "  pyperf-run report [-i FILE] [ARG...]          perf report with suitable defaults\n"
    "  pyperf-run script [-i FILE] [ARG...]          perf script with suitable defaults\n"
    "  pyperf-run flamegraph [-i FILE] -o OUT        OUT.html, OUT.svg or OUT.folded\n"
    "  pyperf-run lines [-i FILE] [--json] [WHAT]    the hottest lines, or WHAT's source\n"
    "  pyperf-run lines [-i FILE] -o OUT             a recording for perf annotate\n"
    "  pyperf-run doctor [--json] [PROGRAM | PID]    why do I not see Python names?\n"
    "  pyperf-run systemd enable|disable|status UNIT profile a service\n"
    "  pyperf-run map [PID...]                       write what their perf maps lack yet\n"
    "  pyperf-run clean [--dry-run]                  remove what no process uses any more\n"
    "\n"
    "  -q, --quiet     print errors only\n"
    "      --keep      keep images and maps after perf record\n"
    "      --no-adapt  change neither perf's options nor how the command runs\n"
    "  -h, --help      show this help and exit\n"
    "  -V, --version   show the version and exit\n"
    "\n"
    "To run a program named like one of these commands: pyperf-run -- report\n"
    "Manual: pyperf-run(1), libpyperf(7).\n";

static int bad_option(const char *word)
{
    say_error("unknown option '%s'; see pyperf-run --help", word);
    return EXIT_USAGE;
}

/* Reads our own options.  Returns -1 to go on, or an exit status. */
static int parse(struct options *options, int argc, char **argv, int *separated)
{
    int next = 1;

    for (; next < argc && argv[next][0] == '-'; next++) {
        const char *word = argv[next];
        if (strcmp(word, "--") == 0) {
            *separated = 1;
            next++;
            break;
        } else if (strcmp(word, "-q") == 0 || strcmp(word, "--quiet") == 0) {
            say_quiet();
        } else if (strcmp(word, "--keep") == 0) {
            options->keep = true;
        } else if (strcmp(word, "--no-adapt") == 0) {
            options->no_adapt = true;
        } else if (strcmp(word, "-h") == 0 || strcmp(word, "--help") == 0) {
            return fputs(usage, stdout) < 0 || fflush(stdout) != 0;
        } else if (strcmp(word, "-V") == 0 || strcmp(word, "--version") == 0) {
            return puts("pyperf-run " PYPERF_VERSION) < 0 || fflush(stdout) != 0;
        } else {
            return bad_option(word);
        }
    }
    options->argc = argc - next;
    options->argv = argv + next;
    if (options->argc > 0)
        return -1;
    say_error("no command given; see pyperf-run --help");
    return EXIT_USAGE;
}

int main(int argc, char **argv)
{
    static const struct {
        const char *name;
        int (*run)(int, char **);
    } commands[] = {
        {"report", command_report}, {"script", command_report}, {"flamegraph", command_flamegraph},
        {"doctor", command_doctor}, {"lines", command_lines},   {"systemd", command_systemd},
        {"clean", command_clean},   {"map", command_map},
    };
    struct options options = {.keep = false};
    int separated = 0, status = parse(&options, argc, argv, &separated);
    struct perfcmd cmd;
    const char *culprit;

    if (status >= 0)
        return status;
    for (size_t i = 0; !separated && i < sizeof commands / sizeof *commands; i++)
        if (strcmp(options.argv[0], commands[i].name) == 0)
            return commands[i].run(options.argc, options.argv);
    if (perfcmd_is_perf(options.argv[0]) &&
        (perfcmd_parse(&cmd, options.argc, options.argv, &culprit) != 0 || cmd.is_record))
        return command_record(&options);
    return command_run(&options);
}
