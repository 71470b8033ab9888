/* The text of source files, line by line. */
#ifndef RUN_LINES_SOURCE_H
#define RUN_LINES_SOURCE_H

#include <stddef.h>

struct source {
    char *text;
    char **lines; /* each ends in a NUL, without its newline */
    size_t count; /* 0: the file cannot be read */
};

/* A file that cannot be read, or that is no text of a reasonable size, is empty. */
void source_read(struct source *source, const char *path);
void source_free(struct source *source);

/* Line `number`, counted from 1; NULL if there is none. */
const char *source_line(const struct source *source, unsigned number);

#endif
