/* A compressed perf.data, decompressed: perf inject --convert-callchain passes over what is
 * compressed (7.2), and cannot read a pipe, so it needs a file. */
#ifndef RUN_PERF_UNPACK_H
#define RUN_PERF_UNPACK_H

#include <stdint.h>

/*
 * Writes `data` without compression to the new file `out`.
 * Returns 0; -EALREADY if nothing in it is compressed; -EFBIG if the result would be larger than
 * `most` bytes; -EBADMSG if it is no recording of a kind we know; -ENOSYS if built without zstd;
 * or another -errno.  On failure no file is left.
 */
int unpack(const char *data, const char *out, uint64_t most);

#endif
