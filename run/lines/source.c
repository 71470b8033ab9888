#include "lines/source.h"

#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { TEXT_MAX = 64 << 20 };

/* "<string>" and "<frozen os>" are no files, even where there is one of that name. */
static char *read_text(const char *path)
{
    int fd = path[0] == '<' ? -1 : open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    struct stat status;
    char *text = NULL;
    size_t used = 0;

    if (fd < 0)
        return NULL;
    if (fstat(fd, &status) == 0 && S_ISREG(status.st_mode) && status.st_size < TEXT_MAX)
        text = malloc((size_t)status.st_size + 1);
    while (text && used < (size_t)status.st_size) {
        ssize_t got = read(fd, text + used, (size_t)status.st_size - used);
        if (got <= 0)
            break;
        used += (size_t)got;
    }
    close(fd);
    if (text)
        text[used] = '\0';
    return text;
}

void source_read(struct source *source, const char *path)
{
    size_t count = 1;
    char *rest;

    *source = (struct source){.text = read_text(path)};
    if (!source->text)
        return;
    for (const char *at = source->text; *at; at++)
        count += *at == '\n';
    source->lines = calloc(count, sizeof(char *));
    for (rest = source->text; source->lines && rest && source->count < count;) {
        char *line = strsep(&rest, "\n");
        line[strcspn(line, "\r")] = '\0';
        source->lines[source->count++] = line;
    }
}

void source_free(struct source *source)
{
    free(source->lines);
    free(source->text);
    *source = (struct source){.count = 0};
}

const char *source_line(const struct source *source, unsigned number)
{
    return number && number <= source->count ? source->lines[number - 1] : NULL;
}
