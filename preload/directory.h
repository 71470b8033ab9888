/* Reads the names in a directory without malloc(), whose state after a bare clone() is unknown. */
#ifndef PYPERF_DIRECTORY_H
#define PYPERF_DIRECTORY_H

/* Room for some 700 names. */
union pyperf_directory_buffer {
    char bytes[32768];
    long long alignment;
};

/* Calls `visit` with each name in the directory open as `fd`, until it returns other than 0 or the
 * buffer has been filled `most` times.  Returns what `visit` returned last, 0 if it was never
 * called, or -errno. */
int pyperf_directory_read(int fd, union pyperf_directory_buffer *buffer, unsigned most,
                          int (*visit)(const char *name, void *data), void *data);

#endif
