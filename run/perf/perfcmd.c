/* Parses as tools/lib/subcmd/parse-options.c does, with the tables in perfopts.c. */
#include "perf/perfcmd.h"
#include "perf/perfopts.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

bool perfcmd_is_perf(const char *word)
{
    const char *slash = strrchr(word, '/');
    const char *name = slash ? slash + 1 : word;

    if (strncmp(name, "perf", 4) != 0)
        return false;
    if (name[4] == '\0')
        return true;
    return strchr("_-.", name[4]) && name[5] >= '0' && name[5] <= '9';
}

/* -- What each option means to us ----------------------------------------------------------- */

static enum perfcmd_callgraph callgraph_of(const char *value)
{
    if (value && strncmp(value, "fp", 2) == 0)
        return CALLGRAPH_FP;
    return value && strncmp(value, "dwarf", 5) == 0 ? CALLGRAPH_DWARF : CALLGRAPH_CHOSEN;
}

static void apply(struct perfcmd *cmd, const struct perfopt *option, const char *value,
                  bool negated)
{
    const char *name = option->name ? option->name : "-g";

    if (strcmp(name, "-g") == 0) {
        if (cmd->callgraph == CALLGRAPH_UNSET ||
            cmd->callgraph == CALLGRAPH_OFF) /* perf too lets an earlier --call-graph stand */
            cmd->callgraph = CALLGRAPH_ANY;
    } else if (strcmp(name, "call-graph") == 0) {
        cmd->callgraph = negated ? CALLGRAPH_OFF : callgraph_of(value);
    } else if (strcmp(name, "output") == 0) {
        cmd->output = value;
    } else if (strcmp(name, "freq") == 0) {
        cmd->frequency = value;
    } else if (strcmp(name, "count") == 0) {
        cmd->by_period = !negated;
    } else if (strcmp(name, "pid") == 0) {
        cmd->pids = value;
    } else if (strcmp(name, "tid") == 0) {
        cmd->tids = value;
    } else if (strcmp(name, "all-cpus") == 0) {
        cmd->all_cpus = !negated;
    } else if (strcmp(name, "clockid") == 0) {
        cmd->clock_set = !negated;
    } else if (strcmp(name, "mmap-pages") == 0) {
        cmd->ring_sized = !negated;
    } else if (strcmp(name, "compression-level") == 0) {
        cmd->compression_set = true;
    } else if (strcmp(name, "buildid-all") == 0) {
        cmd->buildid_all = !negated;
    } else if (strcmp(name, "buildid-mmap") == 0) {
        cmd->buildid_mmap = !negated;
    } else if (strcmp(name, "no-buildid") == 0) {
        cmd->no_buildid = !negated;
    } else if (strcmp(name, "no-buildid-cache") == 0) {
        cmd->no_buildid_cache = !negated;
    } else if (strcmp(name, "switch-output") == 0 || strcmp(name, "switch-output-event") == 0 ||
               strcmp(name, "threads") == 0 || strcmp(name, "timestamp-filename") == 0) {
        cmd->split_output = !negated;
    } else if (strcmp(name, "help") == 0 || strcmp(name, "list-opts") == 0 ||
               strcmp(name, "dry-run") == 0) {
        cmd->help = true;
    }
}

/* -- Words into options --------------------------------------------------------------------- */

/* One word of bundled letters; *next is the index of the word after it. */
static int parse_letters(struct perfcmd *cmd, const char *word, int *next)
{
    for (const char *letter = word + 1; *letter; letter++) {
        const struct perfopt *option = perfopts_record_letter(*letter);
        const char *value = NULL;

        if (!option) {
            cmd->unknown = cmd->unknown ? cmd->unknown : word;
            return 0;
        }
        if (option->value != VALUE_NONE && letter[1]) {
            apply(cmd, option, letter + 1, false);
            return 0;
        }
        if (option->value == VALUE_REQUIRED) {
            if (*next >= cmd->argc)
                return -EINVAL;
            value = cmd->argv[(*next)++];
        }
        apply(cmd, option, value, false);
    }
    return 0;
}

static int parse_name(struct perfcmd *cmd, const char *word, int *next)
{
    const char *name = word + 2;
    const char *equals = strchr(name, '=');
    size_t length = equals ? (size_t)(equals - name) : strlen(name);
    const char *value = equals ? equals + 1 : NULL;
    int negated;
    const struct perfopt *option = perfopts_record_name(name, length, &negated);

    if (!option) {
        cmd->unknown = cmd->unknown ? cmd->unknown : word;
        return 0;
    }
    if (option->value == VALUE_REQUIRED && !negated && !value) {
        if (*next >= cmd->argc)
            return -EINVAL;
        value = cmd->argv[(*next)++];
    }
    apply(cmd, option, value, negated);
    return 0;
}

static int parse_record(struct perfcmd *cmd, int first, const char **culprit)
{
    int next = first;

    while (next < cmd->argc) {
        const char *word = cmd->argv[next];
        int rc;

        if (word[0] != '-' || word[1] == '\0')
            break;
        if (strcmp(word, "--") == 0) {
            cmd->separated = true;
            break;
        }
        next++;
        rc = word[1] == '-' ? parse_name(cmd, word, &next) : parse_letters(cmd, word, &next);
        if (rc) {
            *culprit = word;
            return rc;
        }
    }
    cmd->options_end = next;
    cmd->command = cmd->separated ? next + 1 : next;
    return 0;
}

/* perf's own options end at the subcommand.  After an unknown one it cannot be told. */
static int find_subcommand(struct perfcmd *cmd)
{
    int next = 1;

    while (next < cmd->argc && cmd->argv[next][0] == '-') {
        const char *name = cmd->argv[next] + 1;
        const char *equals = strchr(name, '=');
        const struct perfopt *option;
        const char *value;

        name += *name == '-';
        option = perfopts_global_name(name, equals ? (size_t)(equals - name) : strlen(name));
        if (!option && (*name == 'v' || strcmp(name, "h") == 0 || strcmp(name, "p") == 0))
            option = perfopts_global_name("paginate", strlen("paginate")); /* letters: no value */
        if (!option)
            return cmd->argc;
        next++;
        value = equals ? equals + 1 : NULL;
        if (option->value == VALUE_REQUIRED && !value && next < cmd->argc)
            value = cmd->argv[next++];
        if (strcmp(option->name, "buildid-dir") == 0)
            cmd->buildid_dir = value;
    }
    return next;
}

int perfcmd_parse(struct perfcmd *cmd, int argc, char **argv, const char **culprit)
{
    *cmd = (struct perfcmd){.argc = argc, .argv = argv, .options_end = argc, .command = argc};
    *culprit = NULL;

    cmd->subcommand = find_subcommand(cmd);
    if (cmd->subcommand >= argc)
        return 0;
    cmd->is_record = strcmp(argv[cmd->subcommand], "record") == 0;
    return cmd->is_record ? parse_record(cmd, cmd->subcommand + 1, culprit) : 0;
}

/* -- The rewritten line --------------------------------------------------------------------- */

static size_t length_of(char *const *list)
{
    size_t count = 0;
    while (list[count])
        count++;
    return count;
}

static char **append(char **out, char *const *words, size_t count)
{
    memcpy(out, words, count * sizeof *words);
    return out + count;
}

char **perfcmd_rewrite(const struct perfcmd *cmd, char *const *options, char *const *prefix)
{
    static char separator[] = "--";
    size_t extra = length_of(options), lead = length_of(prefix);
    char **line = calloc((size_t)cmd->argc + extra + lead + 2, sizeof *line);
    char **out = line;

    if (!line)
        return NULL;
    out = append(out, cmd->argv, (size_t)cmd->options_end);
    out = append(out, options, extra);
    if (cmd->command < cmd->argc) {
        *out++ = separator;
        out = append(out, prefix, lead);
        append(out, cmd->argv + cmd->command, (size_t)(cmd->argc - cmd->command));
    }
    return line;
}
