/*
 * The one log sink: a level and, at most, a path.
 *
 * The file is opened for each line.  Lines are rare, and a descriptor kept open would be one that
 * the host program can close, reuse or pass on without knowing whose it is.
 */
#include "log.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { LINE_MAX_BYTES = 1024 };

static enum pyperf_log_level log_level = PYPERF_LOG_OFF;
static char log_path[PATH_MAX];

void pyperf_log_init(enum pyperf_log_level level, const char *path)
{
    log_level = level;
    log_path[0] = '\0';
    if (path == NULL || path[0] == '\0')
        return;
    size_t used = 0;
    /* A relative path is relative to where the process started, whatever it does later. */
    if (path[0] != '/' && getcwd(log_path, sizeof log_path) != NULL) {
        used = strlen(log_path);
        log_path[used++] = '/';
    }
    if (used + strlen(path) < sizeof log_path)
        strcpy(log_path + used, path);
    else
        log_path[0] = '\0';
}

void pyperf_log(enum pyperf_log_level level, const char *format, ...)
{
    static const char *const names[] = {"off", "error", "info", "debug"};
    if (level > log_level || level == PYPERF_LOG_OFF)
        return;

    int saved_errno = errno;
    char line[LINE_MAX_BYTES];
    size_t used =
        (size_t)snprintf(line, sizeof line, "pyperf[%ld]: %s: ", (long)getpid(), names[level]);
    va_list arguments;
    va_start(arguments, format);
    int wanted = vsnprintf(line + used, sizeof line - used - 1, format, arguments);
    va_end(arguments);
    if (wanted > 0)
        used += strlen(line + used);
    /* What is quoted comes from outside: it must not start a line, nor steer a terminal. */
    for (size_t i = 0; i < used; i++)
        if ((unsigned char)line[i] < 0x20 || line[i] == 0x7f)
            line[i] = '?';
    line[used++] = '\n';

    int fd = STDERR_FILENO;
    if (log_path[0] != '\0')
        fd = open(log_path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOCTTY, 0600);
    if (fd >= 0) {
        ssize_t written = write(fd, line, used);
        (void)written; /* nobody is left to tell */
        if (log_path[0] != '\0')
            close(fd);
    }
    errno = saved_errno;
}
