/* The commands behind pyperf-run, and the options that come before them. */
#ifndef RUN_COMMANDS_H
#define RUN_COMMANDS_H

#include <stdbool.h>

struct options {
    bool keep;     /* --keep: leave the images where they are */
    bool no_adapt; /* --no-adapt: leave perf's command line alone */
    int argc;      /* the words after these options */
    char **argv;
};

/*
 * Each takes the words from its own name on, as main() does, and returns an exit status; a command
 * that becomes another program returns only on failure.
 */
int command_run(const struct options *options);    /* COMMAND: run it with the library */
int command_record(const struct options *options); /* perf record: a complete profile */
int command_report(int argc, char **argv);         /* report, script: perf's own, with defaults */
int command_flamegraph(int argc, char **argv);     /* flamegraph: a page, picture or text of it */
int command_lines(int argc, char **argv);          /* lines: what each line costs */
int command_doctor(int argc, char **argv);         /* doctor: why do I not see Python names? */
int command_systemd(int argc, char **argv);        /* systemd: the library for a service */
int command_clean(int argc, char **argv);          /* clean: remove what no process uses */
int command_map(int argc, char **argv);            /* map: complete perf maps from outside */

#endif
