/* The DWARF sections of a line file. */
#ifndef RUN_LINES_DEBUG_H
#define RUN_LINES_DEBUG_H

#include "lines/ranges.h"

enum debug_section { DEBUG_INFO, DEBUG_ABBREV, DEBUG_LINE, DEBUG_ARANGES, DEBUG_SECTIONS };

/* Each has to be freed, whatever is returned.  0, -ENOMEM or -EFBIG. */
int debug_make(struct text sections[DEBUG_SECTIONS], const struct line_file *file);

#endif
