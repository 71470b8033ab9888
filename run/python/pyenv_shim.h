/* pyenv's shims: scripts in PATH that start one of the Pythons it manages. */
#ifndef RUN_PYTHON_PYENV_SHIM_H
#define RUN_PYTHON_PYENV_SHIM_H

#include <limits.h>

/*
 * If `path` is a shim, asks pyenv which program it would start here and now; that takes some 50 ms,
 * as does the shim itself.  Returns 1 and the program's path; 0 if `path` is no shim or cannot be
 * read, or if pyenv has no such program.
 */
int pyenv_shim_follow(const char *path, char target[PATH_MAX]);

#endif
