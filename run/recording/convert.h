/* Turns a recording's copies of stacks into ordinary call chains. */
#ifndef RUN_RECORDING_CONVERT_H
#define RUN_RECORDING_CONVERT_H

/*
 * Writes to `out`, a new file, what the recording `data` has, with chains for stack copies, and not
 * compressed.  Every perf reads it, without unwinding.  Chains have their full depth; readers look
 * at 127 entries unless they are told --max-stack.  `cache` is perf's build-id cache, or NULL.
 *
 * Returns 0; -EALREADY if there are no stack copies in it; -ENOTSUP if it has what cannot be
 * converted (AUX data, a pipe's content); -EBADMSG if it is damaged; or another -errno.  Nothing
 * is left then.
 */
int convert(const char *data, const char *out, const char *cache);

#endif
