/*
 * execve(2): blanks, a path, blanks, and the rest of the line as one argument; the kernel reads
 * BINPRM_BUF_SIZE (256) bytes.  env(1) splits that argument itself, but only after -S.
 */
#include "python/shebang.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

enum { LINE_MAX_BYTES = 256 };

struct cursor {
    const char *at, *end;
};

/* The next word, without quotes: they do not matter for finding a program's name. */
static int next_word(struct cursor *cursor, char word[PATH_MAX])
{
    size_t length = 0;

    while (cursor->at < cursor->end && (*cursor->at == ' ' || *cursor->at == '\t'))
        cursor->at++;
    for (; cursor->at < cursor->end && *cursor->at != ' ' && *cursor->at != '\t'; cursor->at++)
        if (*cursor->at != '\'' && *cursor->at != '"' && *cursor->at != '\r')
            word[length++] = *cursor->at;
    word[length] = '\0';
    return length > 0;
}

static int is_env(const char *path)
{
    const char *slash = strrchr(path, '/');
    return strcmp(slash ? slash + 1 : path, "env") == 0;
}

/* env's own options and assignments come before the program. */
static int skip_env(struct cursor *rest, char word[PATH_MAX])
{
    while (next_word(rest, word)) {
        if (strncmp(word, "-S", 2) == 0 && word[2]) {
            memmove(word, word + 2, strlen(word + 2) + 1);
        } else if (strcmp(word, "-u") == 0 || strcmp(word, "-C") == 0) {
            next_word(rest, word);
            continue;
        }
        if (word[0] != '-' && !strchr(word, '='))
            return 1;
    }
    return 0;
}

int shebang_parse(const char *text, size_t length, char word[PATH_MAX])
{
    struct cursor rest;
    const char *newline;

    if (length < 2 || text[0] != '#' || text[1] != '!')
        return 0;
    length = length < LINE_MAX_BYTES ? length : LINE_MAX_BYTES;
    newline = memchr(text, '\n', length);
    rest = (struct cursor){text + 2, newline ? newline : text + length};
    if (memchr(rest.at, '\0', (size_t)(rest.end - rest.at)))
        rest.end = memchr(rest.at, '\0', (size_t)(rest.end - rest.at));
    if (!next_word(&rest, word))
        return 0;
    return is_env(word) ? skip_env(&rest, word) : 1;
}

int shebang_read(const char *path, char word[PATH_MAX])
{
    char text[LINE_MAX_BYTES];
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    ssize_t length;

    if (fd < 0)
        return -errno;
    length = read(fd, text, sizeof text);
    close(fd);
    return length < 0 ? -errno : shebang_parse(text, (size_t)length, word);
}
