/*
 * An ELF file of a recording whose addresses mean Python lines, for consumers that know nothing of
 * Python: `.symtab` leads from them to functions, `.debug_line` to files and lines.
 *
 *     a range of `f`, lines 10 to 12           an instruction each.  Consumers look at a
 *     +0  line not known: 0                    return address or at the one before it: ours is
 *     +4  line 10                              the second of the four, so both mean the line
 *     +8  line 11
 *     +12 line 12
 *
 * Nothing runs there: only the addresses count.  But annotators show source between instructions;
 * so there is one that does nothing for each line with a row in .debug_line, zeros for others.
 * Not for more than one thread at a time.
 */
#ifndef RUN_LINES_LINE_FILE_H
#define RUN_LINES_LINE_FILE_H

#include "recording/build_id.h"

#include <stdint.h>

enum {
    LINE_FILE_TEXT = 0x10000,       /* where the ranges begin: the largest page there is */
    LINE_FILE_LINES_MOST = 1 << 20, /* of one range; code with more lines has several */
    LINE_FILE_TEXT_MOST = 1 << 28,  /* bytes of all ranges: 64 Mi lines */
};

struct line_file; /* being made */

/* NULL without memory. */
struct line_file *line_file_new(void);

void line_file_free(struct line_file *file);

/*
 * The address for `line` of a function, or for "line not known" if that is 0.  Its symbol is
 * `name`, its source file `path`; both together tell functions apart.  Code has lines `first_line`
 * to `last_line`; where earlier code of that name had not, there is a further range, with a symbol
 * of the same name.  What was asked once gets the same answer again.
 * 0, -ENOMEM, or -EFBIG: LINE_FILE_TEXT_MOST.
 */
int line_file_address(struct line_file *file, const char *name, const char *path,
                      unsigned first_line, unsigned last_line, unsigned line, uint64_t *address);

/* Bytes from LINE_FILE_TEXT on that have a meaning so far; address and file offset are the same. */
uint64_t line_file_text_size(const struct line_file *file);

/*
 * Writes the ELF file to `fd`, an empty file open for reading and writing.  Its build-id is made
 * of what the file says: two that differ have different ones.
 * 0, -ENOMEM, -EFBIG: tables of 4 GiB, which DWARF's 32-bit format cannot have; or another -errno.
 */
int line_file_write(const struct line_file *file, int fd, struct build_id *id);

#endif
