/* Any words, separated by NULs, for the parser of perf's command line; what it says must fit. */
#include "perf/perfcmd.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const unsigned char *bytes, size_t size);

enum { WORDS = 64 };

static void check(const struct perfcmd *cmd)
{
    static char added[] = "-z", step[] = "env";
    char *options[] = {added, NULL}, *prefix[] = {step, NULL}, **line;
    size_t count = 0;

    if (cmd->options_end > cmd->argc ||
        (cmd->is_record && cmd->command < cmd->argc && cmd->command < cmd->options_end))
        abort();
    line = perfcmd_rewrite(cmd, options, prefix);
    while (line && line[count])
        count++;
    if (line && count > (size_t)cmd->argc + 3)
        abort();
    free(line);
}

int LLVMFuzzerTestOneInput(const unsigned char *bytes, size_t size)
{
    static char perf[] = "perf", record[] = "record";
    char *text = malloc(size + 1), *argv[WORDS + 3] = {perf, record};
    int argc = 2;
    struct perfcmd cmd;
    const char *culprit;

    if (!text)
        return 0;
    memcpy(text, bytes, size);
    text[size] = '\0';
    for (size_t at = 0; at < size && argc < WORDS; at += strlen(text + at) + 1)
        argv[argc++] = text + at;
    argv[argc] = NULL;
    if (perfcmd_parse(&cmd, argc, argv, &culprit) == 0)
        check(&cmd);
    argv[1] = perf; /* the same words as perf's own options */
    if (perfcmd_parse(&cmd, argc - 1, argv + 1, &culprit) == 0)
        check(&cmd);
    free(text);
    return 0;
}
