/* A line is "ffffffff81000000 T _text\n", with "\t[module]" at its end for a module's symbol. */
#include "recording/kallsyms.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
    TYPE = 17, /* of a 64-bit kernel's line: 16 digits, a space, the type, a space, the name */
    NAME = 19,
};

bool kallsyms_is_function(char type)
{
    return type == 't' || type == 'T' || type == 'w' || type == 'W';
}

/* -- Lines ---------------------------------------------------------------------------------- */

/* The beginning of the line that has `at`. */
static const char *line_of(const struct kallsyms *list, const char *at)
{
    const char *before = memrchr(list->text, '\n', (size_t)(at - list->text));
    return before ? before + 1 : list->text;
}

/* Where the line's newline is, or the text ends. */
static const char *line_end(const struct kallsyms *list, const char *line)
{
    size_t left = (size_t)(list->text + list->size - line);
    const char *end = memchr(line, '\n', left);
    return end ? end : line + left;
}

static bool is_whole(const struct kallsyms *list, const char *line)
{
    return line_end(list, line) - line > NAME;
}

/* 0 for what is no line of such a list. */
static uint64_t address_of(const struct kallsyms *list, const char *line)
{
    uint64_t address = 0;

    if (!is_whole(list, line))
        return 0;
    for (const char *digit = line; digit < line + TYPE - 1; digit++) {
        if (*digit >= '0' && *digit <= '9')
            address = address << 4 | (uint64_t)(*digit - '0');
        else if (*digit >= 'a' && *digit <= 'f')
            address = address << 4 | (uint64_t)(*digit - 'a' + 10);
        else
            return 0;
    }
    return address;
}

static bool is_of_module(const struct kallsyms *list, const char *line)
{
    return memchr(line, '\t', (size_t)(line_end(list, line) - line));
}

/* The first line between the first symbol and `end` from which on `holds` is true: it is for no
 * line in front of one for which it is not. */
static const char *first_line(const struct kallsyms *list, const char *end,
                              bool (*holds)(const struct kallsyms *, const char *, uint64_t),
                              uint64_t address)
{
    const char *low = list->first, *high = end;

    while (low < high) {
        const char *line = line_of(list, low + (high - low) / 2);
        if (holds(list, line, address))
            high = line;
        else
            low = line_end(list, line) + 1;
    }
    return high;
}

static bool begins_modules(const struct kallsyms *list, const char *line, uint64_t address)
{
    (void)address;
    return is_of_module(list, line);
}

static bool lies_behind(const struct kallsyms *list, const char *line, uint64_t address)
{
    return address_of(list, line) > address;
}

/* The last function in front of `line`; NULL if there is none. */
static const char *function_before(const struct kallsyms *list, const char *line)
{
    while (line > list->first) {
        line = line_of(list, line - 1);
        if (is_whole(list, line) && kallsyms_is_function(line[TYPE]))
            return line;
    }
    return NULL;
}

/* -- The list ------------------------------------------------------------------------------- */

static bool find_bounds(struct kallsyms *list, const char *first)
{
    const char *end = list->text + list->size, *last;
    char wanted[64];
    int length = snprintf(wanted, sizeof wanted, " %s\n", first);

    list->first = memmem(list->text, list->size, wanted, (size_t)length);
    if (!list->first)
        return false;
    list->first = line_of(list, list->first);
    list->end = first_line(list, end, begins_modules, 0);
    last = function_before(list, list->end);
    if (!last)
        return false;
    list->start = address_of(list, list->first);
    list->last = address_of(list, last);
    return list->start != 0;
}

bool kallsyms_open(struct kallsyms *list, const char *path, const char *first)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    struct stat status;
    void *text = MAP_FAILED;

    *list = (struct kallsyms){.text = NULL};
    if (fd < 0)
        return false;
    if (fstat(fd, &status) == 0 && S_ISREG(status.st_mode) && status.st_size > 0)
        text = mmap(NULL, (size_t)status.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
    close(fd);
    if (text == MAP_FAILED)
        return false;
    *list = (struct kallsyms){.text = text, .size = (size_t)status.st_size};
    if (find_bounds(list, first))
        return true;
    kallsyms_close(list);
    return false;
}

void kallsyms_close(struct kallsyms *list)
{
    if (list->text)
        munmap(list->text, list->size);
    *list = (struct kallsyms){.text = NULL};
}

bool kallsyms_find(const struct kallsyms *list, uint64_t address, struct kallsyms_name *name)
{
    const char *line;

    if (!list->text || address < list->start || address >= list->last)
        return false;
    line = function_before(list, first_line(list, list->end, lies_behind, address));
    if (!line || address_of(list, line) > address) /* the list is not in order: it is damaged */
        return false;
    name->text = line + NAME;
    name->length = (size_t)(line_end(list, line) - name->text);
    return true;
}
