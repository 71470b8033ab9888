/* Gives the Python frames of a converted recording addresses that lead to their lines. */
#ifndef RUN_LINES_LINE_ADDRESSES_H
#define RUN_LINES_LINE_ADDRESSES_H

#include "lines/line_file.h"
#include "lines/lines.h"
#include "recording/convert.h"

#include <limits.h>

struct line_addresses {
    struct lines *lines;
    struct line_file *file;
    char path[PATH_MAX];
    bool used;     /* the file was written */
    bool left_out; /* some Python frames keep their addresses in images: there was no more room */
};

/*
 * Prepares `added` for convert(): Python frames get addresses in a line file at `path`, which is
 * made when the recording has any.  `lines` stays the caller's.  0 or -ENOMEM; then
 * line_addresses_end() is due.
 */
int line_addresses_begin(struct line_addresses *addresses, struct convert_added *added,
                         struct lines *lines, const char *path);
void line_addresses_end(struct line_addresses *addresses);

#endif
