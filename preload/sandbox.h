/*
 * Notices that the program is about to forbid itself system calls.
 *
 * A seccomp filter may answer any call with death.  Before the program installs one it calls
 * prctl(), if only for PR_SET_NO_NEW_PRIVS, without which an unprivileged filter is refused; so
 * prctl() is exported (preload/exports.map) and passes every call on.  A program that goes
 * around it, as root with syscall(2), is not noticed.
 */
#ifndef PYPERF_SANDBOX_H
#define PYPERF_SANDBOX_H

/* From now on `entered` is called before each such call, in its thread, whether or not the call
 * will succeed: the last chance to write anything.  Once, before there are other threads. */
void pyperf_sandbox_watch(void (*entered)(void));

#endif
