#include "recording/jitmap.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

int jitmap_read_lines(struct symbols *symbols, int fd)
{
    FILE *text = fdopen(fd, "r");
    char *line = NULL;
    size_t room = 0;
    ssize_t length;
    int rc = 0;

    if (!text) {
        close(fd);
        return -ENOMEM;
    }
    while (rc == 0 && (length = getline(&line, &room, text)) > 0) {
        char *rest, *name;
        uint64_t start = strtoull(line, &rest, 16), size = strtoull(rest, &name, 16);
        if (line[length - 1] == '\n')
            line[--length] = '\0';
        if (name == rest || *name != ' ' || !name[1])
            continue;
        name++;
        rc = symbols_add(symbols, start, size, name, (size_t)(line + length - name));
    }
    free(line);
    fclose(text);
    return rc;
}

int jitmap_read(struct symbols *symbols, const char *path)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY), rc;
    struct stat status;

    if (fd < 0)
        return -errno;
    if (fstat(fd, &status) != 0 || !S_ISREG(status.st_mode) ||
        (geteuid() != 0 && status.st_uid != geteuid())) {
        close(fd);
        return -EACCES;
    }
    rc = jitmap_read_lines(symbols, fd);
    symbols_finish(symbols);
    return rc;
}
