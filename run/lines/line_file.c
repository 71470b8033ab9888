#include "lines/line_file.h"

#include "lines/ranges.h"

#include <errno.h>
#include <search.h>
#include <stdlib.h>
#include <string.h>

struct function {
    void *by_line;       /* tsearch(3)'s tree of ranges that have lines; none overlap */
    struct range *first; /* its "line not known" is the function's */
    unsigned name, path;
};

/* -- Functions and files -------------------------------------------------------------------- */

/* Adds a string with its NUL; its offset, or -errno. */
static int64_t text_add(struct text *text, const char *string)
{
    size_t size = strlen(string) + 1;
    off_t at = ftello(text->stream);

    if (at < 0 || (uint64_t)at + size > UINT32_MAX)
        return -EFBIG;
    fwrite(string, 1, size, text->stream);
    return ferror(text->stream) ? -ENOMEM : at;
}

static int64_t path_at(struct line_file *file, const char *path)
{
    uint64_t key = table_hash(0, path);
    intptr_t known = (intptr_t)table_get(&file->path_offsets, key);
    int64_t at;

    if (known)
        return known - 1;
    at = text_add(&file->paths, *path ? path : "?"); /* an empty one would end a list of files */
    if (at >= 0 && table_set(&file->path_offsets, key, (void *)(intptr_t)(at + 1)) != 0)
        return -ENOMEM;
    return at;
}

static int find_function(struct function **found, struct line_file *file, const char *name,
                         const char *path)
{
    uint64_t key = table_hash(table_hash(1, name), path);
    struct function *function = table_get(&file->functions, key);
    int64_t its_name, its_path;

    *found = function;
    if (function)
        return 0;
    its_path = path_at(file, path);
    if (its_path < 0)
        return (int)its_path;
    its_name = text_add(&file->names, name);
    if (its_name < 0)
        return (int)its_name;
    function = malloc(sizeof *function);
    if (!function)
        return -ENOMEM;
    *function = (struct function){.name = (unsigned)its_name, .path = (unsigned)its_path};
    if (table_set(&file->functions, key, function) != 0) {
        free(function);
        return -ENOMEM;
    }
    *found = function;
    return 0;
}

/* -- Ranges --------------------------------------------------------------------------------- */

/* Overlapping is equal: so a search finds a range that has one of the lines. */
static int compare_lines(const void *a, const void *b)
{
    const struct range *one = a, *two = b;

    if (one->first_line + (one->lines - 1) < two->first_line)
        return -1;
    return two->first_line + (two->lines - 1) < one->first_line;
}

static struct range *find_range(const struct function *function, unsigned first, unsigned last)
{
    struct range key = {.first_line = first, .lines = last - first + 1};
    void *node = tfind(&key, &function->by_line, compare_lines);

    return node ? *(struct range **)node : NULL;
}

static int append(struct line_file *file, struct function *function, unsigned first, unsigned lines)
{
    struct range *range = calloc(1, sizeof *range + (lines + 7) / 8);

    if (!range)
        return -ENOMEM;
    *range = (struct range){.address = LINE_FILE_TEXT + file->text_size,
                            .first_line = first,
                            .lines = lines,
                            .name = function->name,
                            .path = function->path};
    if (file->text_size + range_size(range) > LINE_FILE_TEXT_MOST) {
        free(range);
        return -EFBIG;
    }
    if (lines && !tsearch(range, &function->by_line, compare_lines)) {
        free(range);
        return -ENOMEM;
    }
    if (!function->first)
        function->first = range;
    *file->end = range;
    file->end = &range->next;
    file->range_count++;
    file->text_size += range_size(range);
    return 0;
}

/* A range for what no other has of first..last, around `line`; no more than one may have. */
static int add_range(struct line_file *file, struct function *function, unsigned first,
                     unsigned last, unsigned line)
{
    struct range *other;

    first += (line - first) / LINE_FILE_LINES_MOST * LINE_FILE_LINES_MOST;
    if (last - first >= LINE_FILE_LINES_MOST)
        last = first + LINE_FILE_LINES_MOST - 1;
    while ((other = find_range(function, first, last)) != NULL)
        if (other->first_line > line)
            last = other->first_line - 1;
        else
            first = other->first_line + other->lines;
    return append(file, function, first, last - first + 1);
}

static int find_or_add(struct range **found, struct line_file *file, struct function *function,
                       unsigned first, unsigned last, unsigned line)
{
    int rc = 0;

    *found = find_range(function, line, line);
    if (*found)
        return 0;
    if (!first || last < first)
        first = last = line;
    rc = add_range(file, function, first < line ? first : line, last > line ? last : line, line);
    *found = find_range(function, line, line);
    return rc;
}

int line_file_address(struct line_file *file, const char *name, const char *path,
                      unsigned first_line, unsigned last_line, unsigned line, uint64_t *address)
{
    struct function *function;
    struct range *range;
    unsigned index;
    int rc = find_function(&function, file, name, path);

    if (rc)
        return rc;
    if (line) {
        rc = find_or_add(&range, file, function, first_line, last_line, line);
        if (rc)
            return rc;
        index = line - range->first_line;
        range->asked[index / 8] |= (unsigned char)(1 << index % 8);
        *address = range_address(range, index) + 1;
        return 0;
    }
    if (!function->first) {
        bool known = first_line && last_line >= first_line;
        rc = known ? add_range(file, function, first_line, last_line, first_line)
                   : append(file, function, 0, 0);
        if (rc)
            return rc;
    }
    *address = function->first->address + 1;
    return 0;
}

uint64_t line_file_text_size(const struct line_file *file)
{
    return file->text_size;
}

/* -- Files ---------------------------------------------------------------------------------- */

struct line_file *line_file_new(void)
{
    struct line_file *file = calloc(1, sizeof *file);

    if (!file)
        return NULL;
    file->end = &file->ranges;
    if (!text_open(&file->names) || !text_open(&file->paths) || text_add(&file->names, "") < 0) {
        line_file_free(file);
        return NULL;
    }
    return file;
}

static void keep_range(void *range)
{
    (void)range; /* it is in the list */
}

static void free_function(void *value)
{
    struct function *function = value;

    tdestroy(function->by_line, keep_range);
    free(function);
}

void line_file_free(struct line_file *file)
{
    if (!file)
        return;
    table_free(&file->functions, free_function);
    table_free(&file->path_offsets, NULL);
    for (struct range *range = file->ranges, *next; range; range = next) {
        next = range->next;
        free(range);
    }
    text_free(&file->names);
    text_free(&file->paths);
    free(file);
}
