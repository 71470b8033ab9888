/*
 * A shim ends in `exec "/root/.pyenv/libexec/pyenv" exec "$program" "$@"`, and sets PYENV_ROOT
 * before that (pyenv-rehash).
 */
#include "python/pyenv_shim.h"
#include "base/child.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { SHIM_BYTES = 1024 }; /* a shim has about 300 */

/* The text between `before` and `after`; 0 if there is none. */
static int between(const char *text, const char *before, const char *after, char found[PATH_MAX])
{
    const char *start = strstr(text, before);
    const char *end = start ? strstr(start + strlen(before), after) : NULL;

    if (!end)
        return 0;
    start += strlen(before);
    return end > start && snprintf(found, PATH_MAX, "%.*s", (int)(end - start), start) < PATH_MAX;
}

static int read_text(const char *path, char text[SHIM_BYTES])
{
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    ssize_t length;

    if (fd < 0)
        return 0;
    length = read(fd, text, SHIM_BYTES - 1);
    close(fd);
    text[length > 0 ? length : 0] = '\0';
    return length > 0;
}

int pyenv_shim_follow(const char *path, char target[PATH_MAX])
{
    char text[SHIM_BYTES], pyenv[PATH_MAX], folder[PATH_MAX], root[PATH_MAX + 16];
    char *name = strrchr(path, '/');
    char which[] = "which", env[] = "env";
    char *argv[] = {env, root, pyenv, which, name ? name + 1 : NULL, NULL};

    if (!name || !read_text(path, text) || strncmp(text, "#!", 2) != 0 ||
        !between(text, "exec \"", "\" exec \"$program\"", pyenv) ||
        !between(text, "PYENV_ROOT=\"", "\"", folder))
        return 0;
    snprintf(root, sizeof root, "PYENV_ROOT=%s", folder);
    if (child_capture(argv, target, PATH_MAX) != 0 || target[0] != '/')
        return 0;
    target[strcspn(target, "\n")] = '\0';
    return 1;
}
