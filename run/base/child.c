/*
 * Always posix_spawn: no code of ours runs between fork and exec.  While a child runs in the
 * foreground, signals are blocked and taken with sigwaitinfo: no handler, no race.
 */
#include "base/child.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;

static int status_number(int status)
{
    return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

static int wait_for(pid_t pid, int *status)
{
    while (waitpid(pid, status, 0) < 0)
        if (errno != EINTR)
            return -errno;
    return 0;
}

/* -- Children whose output we read ---------------------------------------------------------- */

int child_open(struct child_pipe *child, char *const *argv, enum child_errors errors)
{
    posix_spawn_file_actions_t actions;
    int ends[2], rc;

    *child = (struct child_pipe){.pid = -1};
    if (pipe2(ends, O_CLOEXEC) < 0)
        return -errno;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_adddup2(&actions, ends[1], STDOUT_FILENO);
    if (errors == ERRORS_TO_PIPE)
        posix_spawn_file_actions_adddup2(&actions, ends[1], STDERR_FILENO);
    else if (errors == ERRORS_NOWHERE)
        posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, "/dev/null", O_WRONLY, 0);
    rc = posix_spawnp(&child->pid, argv[0], &actions, NULL, argv, environ);
    posix_spawn_file_actions_destroy(&actions);
    close(ends[1]);
    child->out = rc ? NULL : fdopen(ends[0], "r");
    if (!child->out)
        close(ends[0]);
    return -rc;
}

int child_close(struct child_pipe *child)
{
    int status, rc;

    if (child->out)
        fclose(child->out);
    rc = wait_for(child->pid, &status);
    return rc ? rc : status_number(status);
}

int child_capture(char *const *argv, char *out, size_t size)
{
    struct child_pipe child;
    size_t used = 0;
    int rc = child_open(&child, argv, ERRORS_TO_PIPE);

    out[0] = '\0';
    if (rc)
        return rc;
    if (child.out) {
        char rest[4096];
        used = fread(out, 1, size - 1, child.out);
        out[used] = '\0';
        while (fread(rest, 1, sizeof rest, child.out) > 0)
            ;
    }
    return child_close(&child);
}

/* -- The child in the foreground ------------------------------------------------------------ */

static const int passed_on[] = {SIGINT, SIGQUIT, SIGTERM, SIGHUP, SIGUSR1, SIGUSR2};

static void supervised_signals(sigset_t *set)
{
    sigemptyset(set);
    sigaddset(set, SIGCHLD);
    for (size_t i = 0; i < sizeof passed_on / sizeof *passed_on; i++)
        sigaddset(set, passed_on[i]);
}

static int supervise(pid_t pid, const sigset_t *set, int *status)
{
    for (;;) {
        siginfo_t info;
        int signal = sigwaitinfo(set, &info);

        if (signal < 0 && errno != EINTR)
            return -errno;
        if (signal > 0 && signal != SIGCHLD && info.si_code <= 0) /* <= 0: sent by a process */
            kill(pid, signal);
        if (waitpid(pid, status, WNOHANG) == pid)
            return 0;
    }
}

int child_foreground(const char *path, char *const *argv, int *status)
{
    posix_spawnattr_t attributes;
    sigset_t set, before;
    pid_t pid;
    int rc;

    signal(SIGCHLD, SIG_DFL); /* an inherited SIG_IGN would lose the exit status */
    supervised_signals(&set);
    sigprocmask(SIG_BLOCK, &set, &before);
    posix_spawnattr_init(&attributes);
    posix_spawnattr_setsigmask(&attributes, &before);
    posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK);
    rc = -posix_spawn(&pid, path, NULL, &attributes, argv, environ);
    posix_spawnattr_destroy(&attributes);
    if (rc == 0)
        rc = supervise(pid, &set, status);
    sigprocmask(SIG_SETMASK, &before, NULL);
    return rc;
}

void child_exit_like(int status)
{
    if (WIFSIGNALED(status)) {
        const struct rlimit none = {0, 0};
        sigset_t set;

        setrlimit(RLIMIT_CORE, &none); /* the child has dumped its core already */
        signal(WTERMSIG(status), SIG_DFL);
        sigemptyset(&set);
        sigaddset(&set, WTERMSIG(status));
        sigprocmask(SIG_UNBLOCK, &set, NULL);
        raise(WTERMSIG(status));
    }
    exit(status_number(status));
}
