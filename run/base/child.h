/* Other programs that we start and wait for. */
#ifndef RUN_BASE_CHILD_H
#define RUN_BASE_CHILD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <sys/types.h>

/*
 * Runs argv[0] (a path, or a name looked up in PATH) and collects what it prints on stdout and
 * stderr into out, at most size - 1 bytes, always terminated.
 * Returns its exit status, 128 + N if signal N ended it, or -errno if it could not be started.
 */
int child_capture(char *const *argv, char *out, size_t size);

/*
 * Runs `path` with argv in the foreground and waits.  Meanwhile signals that would end us do not:
 * those typed at the terminal reach the child anyway, those sent to us alone are passed on.
 * Returns 0 and the wait status, or -errno if it could not be started.
 */
int child_foreground(const char *path, char *const *argv, int *status);

/* Ends this process the way a child with this wait status ended.  Does not return. */
_Noreturn void child_exit_like(int status);

/* Where a child's stderr goes. */
enum child_errors { ERRORS_TO_PIPE, ERRORS_NOWHERE, ERRORS_STAY };

/* A child whose stdout we read. */
struct child_pipe {
    pid_t pid;
    FILE *out;
};

/* Returns 0 or -errno. */
int child_open(struct child_pipe *child, char *const *argv, enum child_errors errors);

/* Closes the pipe and waits.  Returns the exit status as child_capture does. */
int child_close(struct child_pipe *child);

#endif
