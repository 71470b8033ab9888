/* Decompresses a perf.data file: perf inject --convert-callchain (7.2) skips compressed records,
 * and it needs a file because it cannot read a pipe. */
#ifndef RUN_PERF_UNPACK_H
#define RUN_PERF_UNPACK_H

#include <stdint.h>

/*
 * Writes the recording `data`, decompressed, to the new file `out`.
 * Returns 0; -EALREADY if nothing in it is compressed; -EFBIG if the result would be larger than
 * `most` bytes; -EBADMSG if it is no kind of recording that we know; -ENOSYS if we were built
 * without zstd; or another -errno.  On failure no file is left.
 */
int unpack(const char *data, const char *out, uint64_t most);

#endif
