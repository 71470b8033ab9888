/* Watches prctl(); see sandbox.h. */
#include "sandbox.h"

#include <errno.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "exported.h"

int pyperf_prctl(int option, ...) EXPORTED_AS("prctl");

static void (*report)(void);

void pyperf_sandbox_watch(void (*entered)(void))
{
    report = entered;
}

int pyperf_prctl(int option, ...)
{
    unsigned long values[4];
    va_list arguments;
    va_start(arguments, option);
    for (int i = 0; i < 4; i++)
        values[i] = va_arg(arguments, unsigned long);
    va_end(arguments);
    bool sandbox = option == PR_SET_SECCOMP || (option == PR_SET_NO_NEW_PRIVS && values[0] == 1);
    if (sandbox && report != NULL) {
        int saved_errno = errno;
        report();
        errno = saved_errno;
    }
    return (int)syscall(SYS_prctl, option, values[0], values[1], values[2], values[3]);
}
