/* Lines counted over a recording: how many samples had each on top, and how many anywhere. */
#ifndef RUN_LINES_HOT_H
#define RUN_LINES_HOT_H

#include "lines/lines.h"
#include "recording/chains.h"

#include <stddef.h>

struct hot_line {
    char *function;       /* qualified name; owned, and followed by the file's */
    const char *file;     /* as CPython has it: a path, or "<string>" */
    unsigned line;        /* 0: of this function, but it could not be told which */
    unsigned long self;   /* samples in which no Python frame was below it */
    unsigned long total;  /* samples that had it on their stack */
    unsigned long first;  /* those of them where no other function was at the same line below it */
    unsigned long latest; /* the last sample that was counted */
    struct hot_place *place;
};

/* A line of a file: several functions may share it. */
struct hot_place {
    unsigned long latest;
};

struct hot {
    struct hot_line **list;
    size_t count, room;
    struct table by_name, places;
    unsigned long samples;       /* all */
    unsigned long python;        /* that have a Python frame */
    unsigned long frames, known; /* Python frames, and those of them whose line was told */
};

/* Counts a sample.  0 or -ENOMEM. */
int hot_add(struct hot *hot, struct lines *lines, const struct chain *chain);

/* Sorts: the most self samples first, then the most total ones. */
void hot_sort(struct hot *hot);

void hot_free(struct hot *hot);

#endif
