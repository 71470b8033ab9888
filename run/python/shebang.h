/* The "#!" line of a script. */
#ifndef RUN_PYTHON_SHEBANG_H
#define RUN_PYTHON_SHEBANG_H

#include <limits.h>
#include <stddef.h>

/*
 * The program that a script's first line names, be it through env(1): for
 * "#!/usr/bin/env -S A=1 python3 -u", "python3".  Returns 1 and the word, or 0 if there is none.
 */
int shebang_parse(const char *text, size_t length, char word[PATH_MAX]);

/* The same for a file.  Returns 1, 0, or -errno if it cannot be read. */
int shebang_read(const char *path, char word[PATH_MAX]);

#endif
