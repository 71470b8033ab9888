#include "lines/line_addresses.h"

#include <pyperf.h>

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

enum { PREFIX = sizeof PYPERF_NAME_PREFIX - 1 };

/* "py::qualname:file": no qualified name has a colon in it. */
static const char *file_of(const char *name)
{
    const char *colon = strchr(name + PREFIX, ':');
    return colon ? colon + 1 : "";
}

static bool is_python(const struct chain_frame *frame)
{
    return frame->name && frame->mapping && strncmp(frame->name, PYPERF_NAME_PREFIX, PREFIX) == 0;
}

/* The root of a completed chain is neither a function nor of a file. */
static bool is_mark(const struct chain *chain, size_t i)
{
    return chain->completed < chain->count && i == chain->count - 1;
}

/* Frames without a line get an address there too, so that a function is one row in reports. */
static int replace(void *context, const struct chain *chain, uint64_t *addresses)
{
    struct line_addresses *state = context;
    int replaced = 0;

    for (size_t i = chain->recorded; i < chain->count; i++) {
        const struct chain_frame *frame = &chain->frames[i];
        struct line line;
        uint64_t address;
        int rc;
        if (!is_python(frame) && !is_mark(chain, i))
            continue;
        line = lines_find(state->lines, chain, i);
        rc = line_file_address(state->file, frame->name,
                               is_python(frame) ? file_of(frame->name) : "", line.first, line.last,
                               line.line, &address);
        if (rc == -EFBIG) {
            state->left_out = true;
            continue;
        }
        if (rc)
            return rc;
        addresses[i - chain->recorded] = CONVERT_ADDED + (address - LINE_FILE_TEXT);
        replaced = 1;
    }
    return replaced;
}

static int finish(void *context, struct build_id *build_id)
{
    struct line_addresses *state = context;
    int fd, rc;

    if (line_file_text_size(state->file) == 0)
        return 0;
    fd = open(state->path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (fd < 0)
        return -errno;
    rc = line_file_write(state->file, fd, build_id);
    if (close(fd) != 0 && rc == 0)
        rc = -errno;
    state->used = rc == 0;
    if (rc)
        unlink(state->path);
    return rc;
}

int line_addresses_begin(struct line_addresses *addresses, struct convert_added *added,
                         struct lines *lines, const char *path)
{
    *addresses = (struct line_addresses){.lines = lines, .file = line_file_new()};
    if (!addresses->file || strlen(path) >= sizeof addresses->path)
        return -ENOMEM;
    strcpy(addresses->path, path);
    *added = (struct convert_added){.path = addresses->path,
                                    .offset = LINE_FILE_TEXT,
                                    .context = addresses,
                                    .replace = replace,
                                    .finish = finish};
    return 0;
}

void line_addresses_end(struct line_addresses *addresses)
{
    if (addresses->file)
        line_file_free(addresses->file);
}
