/* Starts other programs and waits for them. */
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
 * Runs `path` with argv in the foreground and waits.  Meanwhile no signal ends us: the child gets
 * those typed at the terminal anyway, and we pass on those sent to us alone.
 * Returns 0 and the wait status, or -errno if it could not be started.
 */
int child_foreground(const char *path, char *const *argv, int *status);

/* Ends this process as the child with this wait status ended.  Does not return. */
_Noreturn void child_exit_like(int status);

/* Where a child's stderr goes. */
enum child_errors { ERRORS_TO_PIPE, ERRORS_NOWHERE, ERRORS_STAY };

/* A child whose stdout we read. */
struct child_pipe {
    pid_t pid;
    FILE *out;
};

/* Starts argv[0], as child_capture does, with its stdout in child->out.  Returns 0 or -errno. */
int child_open(struct child_pipe *child, char *const *argv, enum child_errors errors);

/* Closes the pipe and waits for the child.  Returns what child_capture returns. */
int child_close(struct child_pipe *child);

#endif
