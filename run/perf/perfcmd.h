/*
 * A model of perf's command line: `perf [GLOBAL...] record [OPTION...] [--] [COMMAND [ARG...]]`.
 *
 * Pure: looks at nothing but the strings.  perf parses with its own library (tools/lib/subcmd):
 * the options end at the first word that is none, short ones can be bundled ("-agF99"), long ones
 * can be shortened as long as they stay unique, "--no-" negates, and the last of several wins.
 * The last rule makes rewriting simple: we add options after the user's own.
 */
#ifndef RUN_PERF_PERFCMD_H
#define RUN_PERF_PERFCMD_H

#include <stdbool.h>
#include <stddef.h>

enum perfcmd_callgraph {
    CALLGRAPH_UNSET,  /* no option says anything */
    CALLGRAPH_ANY,    /* -g: how is left to us */
    CALLGRAPH_FP,     /* --call-graph fp */
    CALLGRAPH_DWARF,  /* --call-graph dwarf[,N]: the size is the user's */
    CALLGRAPH_CHOSEN, /* --call-graph lbr or another: the user has made up their mind */
    CALLGRAPH_OFF,    /* --no-call-graph */
};

struct perfcmd {
    int argc;
    char **argv;     /* borrowed, NULL-terminated */
    int subcommand;  /* index of "record", "report", ...; argc if there is none */
    bool is_record;  /* the fields below mean something only then */
    int options_end; /* where options may be added */
    int command;     /* index of the profiled command's first word; argc if there is none */
    bool separated;  /* "--" comes before the command */
    bool help;       /* perf will print something and exit */

    enum perfcmd_callgraph callgraph;
    const char *buildid_dir; /* perf --buildid-dir DIR; NULL: perf's own default */
    const char *output;      /* -o; NULL: perf.data */
    const char *frequency;   /* -F, as written; NULL: perf's default */
    const char *pids;        /* -p, as written; NULL: none */
    const char *tids;        /* -t */
    bool all_cpus;           /* -a */
    bool by_period;          /* -c: the frequency cannot be known */
    bool ring_sized;         /* -m */
    bool clock_set;          /* -k */
    bool compression_set;    /* -z or --no-compression-level */
    bool buildid_all, buildid_mmap;
    bool no_buildid;       /* -B */
    bool no_buildid_cache; /* -N */
    bool split_output;     /* --switch-output, --threads: the output is not one plain file */

    /* The first option that no perf we know has; NULL: none.  With one, where the command starts
     * is a guess, unless `separated`. */
    const char *unknown;
};

/* Is this a perf binary's name or path ("perf", "/usr/bin/perf", "perf_6.1")? */
bool perfcmd_is_perf(const char *word);

/*
 * Parses argv[0..argc), whose first word names perf.  The result points into argv.
 * Returns 0, or -EINVAL if an option lacks its value; *culprit is then that option.
 */
int perfcmd_parse(struct perfcmd *cmd, int argc, char **argv, const char **culprit);

/*
 * Builds the rewritten line: the words up to options_end, `options`, "--", `prefix`, the command.
 * `options` and `prefix` are NULL-terminated lists.  Without a command, only options are added.
 * Returns a NULL-terminated array to free() (its strings are borrowed), or NULL (no memory).
 */
char **perfcmd_rewrite(const struct perfcmd *cmd, char *const *options, char *const *prefix);

#endif
