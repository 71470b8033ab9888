/* A recording in which each sample is where Python was, for tools that look at leafs only. */
#ifndef RUN_RECORDING_LEAVES_H
#define RUN_RECORDING_LEAVES_H

#include <stddef.h>

/*
 * Writes to `out`, a new file, the converted recording `data` with samples that have Python frames
 * moved there: the innermost one is their address, and C functions that it called are not in the
 * chain any more.  `moved` gets the number of these samples.
 *
 * Returns 0; -ENOTSUP if `data` is a pipe's, or compressed and so not converted; -EBADMSG if it is
 * damaged; or another -errno.  Nothing is left then.
 */
int leaves_write(const char *data, const char *out, size_t *moved);

#endif
