/* The scripts that pyenv puts into PATH in front of the Pythons it manages. */
#ifndef RUN_PYTHON_PYENV_SHIM_H
#define RUN_PYTHON_PYENV_SHIM_H

#include <limits.h>

/*
 * If `path` is such a script: the program that it would start here and now, by asking pyenv (some
 * 50 ms of shell, as the script itself takes).  Returns 1 and the program's path; 0 if it is none,
 * cannot be read, or pyenv has no such program.
 */
int pyenv_shim_follow(const char *path, char target[PATH_MAX]);

#endif
