/* RLIMIT_FSIZE, the one limit that kills: a write beyond it raises SIGXFSZ. */
#ifndef PYPERF_FILE_LIMIT_H
#define PYPERF_FILE_LIMIT_H

#include <stdbool.h>
#include <sys/resource.h>

/* Whether a file of `size` bytes would be larger than this process may write.  Python ignores the
 * signal; a program that embeds it may not. */
static inline bool pyperf_exceeds_file_limit(rlim_t size)
{
    struct rlimit limit;
    return getrlimit(RLIMIT_FSIZE, &limit) == 0 && limit.rlim_cur != RLIM_INFINITY &&
           size > limit.rlim_cur;
}

#endif
