/* Turns a recording's copies of stacks into ordinary call chains. */
#ifndef RUN_RECORDING_CONVERT_H
#define RUN_RECORDING_CONVERT_H

#include "recording/chains.h"

/*
 * A file that the conversion adds to the recording's processes, with addresses of its own for some
 * frames.  It is mapped where programs have nothing (CONVERT_ADDED), and its build-id is asked for
 * last, when its content is known.
 */
enum { CONVERT_ADDED_SIZE = 1 << 28 };
#define CONVERT_ADDED 0x2a0000000000ULL

struct convert_added {
    const char *path;
    uint64_t offset; /* in the file, of CONVERT_ADDED */
    void *context;

    /* May replace the addresses of a sample's unwound frames, leaf first: frame `recorded` of the
     * chain has addresses[0].  1 if it did, 0 if not, or -errno. */
    int (*replace)(void *context, const struct chain *chain, uint64_t *addresses);

    /* After the last sample.  0 or -errno. */
    int (*finish)(void *context, struct build_id *build_id);
};

/*
 * Writes to `out`, a new file, what the recording `data` has, with chains for stack copies, and not
 * compressed, as not every reader of docs/lines.md knows zstd.  Every perf reads it, without
 * unwinding.  Chains have their full depth; readers look at 127 entries unless they are told
 * --max-stack.  `cache` is perf's build-id cache, or NULL; `added` may be NULL.
 *
 * Returns 0; -EALREADY if there are no stack copies in it; -ENOTSUP if it has what cannot be
 * converted (AUX data, a pipe's content); -EBADMSG if it is damaged; or another -errno.  Nothing
 * is left then.
 */
int convert(const char *data, const char *out, const char *cache,
            const struct convert_added *added);

#endif
