/* All messages go through say(), which alone knows the prefix. */
#include "base/say.h"

#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>

static bool quiet;

void say_quiet(void)
{
    quiet = true;
}

static void say(const char *kind, const char *format, va_list arguments)
{
    flockfile(stderr);
    fprintf(stderr, "pyperf-run: %s", kind);
    vfprintf(stderr, format, arguments);
    fputc('\n', stderr);
    funlockfile(stderr);
}

void say_note(const char *format, ...)
{
    va_list arguments;
    if (quiet)
        return;
    va_start(arguments, format);
    say("", format, arguments);
    va_end(arguments);
}

void say_warning(const char *format, ...)
{
    va_list arguments;
    if (quiet)
        return;
    va_start(arguments, format);
    say("warning: ", format, arguments);
    va_end(arguments);
}

void say_error(const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    say("", format, arguments);
    va_end(arguments);
}
