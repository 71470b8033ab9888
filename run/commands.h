/* What the user said to pyperf-run itself. */
#ifndef RUN_COMMANDS_H
#define RUN_COMMANDS_H

#include <stdbool.h>

struct options {
    bool keep;     /* --keep: leave the images where they are */
    bool no_adapt; /* --no-adapt: leave perf's command line alone */
    int argc;      /* the words behind the options */
    char **argv;
};

/*
 * The commands behind `pyperf-run`.  Each gets the words from its own name on, like main(), and
 * returns an exit status; those that become another program return only on failure.
 */
int command_run(const struct options *options);    /* any COMMAND */
int command_record(const struct options *options); /* perf record ... */
int command_report(int argc, char **argv);         /* report, script */
int command_clean(int argc, char **argv);
int command_flamegraph(int argc, char **argv);
int command_doctor(int argc, char **argv);
int command_systemd(int argc, char **argv);

#endif
