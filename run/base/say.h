/*
 * Messages to the user: each one line on stderr that begins with "pyperf-run: ".  stdout belongs to
 * the profiled command.
 */
#ifndef RUN_BASE_SAY_H
#define RUN_BASE_SAY_H

/* Exit statuses of a command that starts another, as in env(1), nohup(1) and shells. */
enum {
    EXIT_USAGE = 2,
    EXIT_CANNOT_EXECUTE = 126,
    EXIT_NOT_FOUND = 127,
};

/* --quiet: from now on only errors are printed. */
void say_quiet(void);

/* Something that the user may want to know. */
void say_note(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* Something that makes the profile worse than it could be, and its remedy. */
void say_warning(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* The reason why we cannot do what was asked.  The caller decides the exit status. */
void say_error(const char *format, ...) __attribute__((format(printf, 1, 2)));

#endif
