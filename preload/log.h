/*
 * The log.  It is off unless PYPERF_LOG says otherwise, so that a host program sees nothing.
 */
#ifndef PYPERF_LOG_H
#define PYPERF_LOG_H

enum pyperf_log_level { PYPERF_LOG_OFF, PYPERF_LOG_ERROR, PYPERF_LOG_INFO, PYPERF_LOG_DEBUG };

/* Opens the sink: `path` is appended to, NULL means stderr.  No descriptor is kept.  Call once,
 * before any thread can log. */
void pyperf_log_init(enum pyperf_log_level level, const char *path);

/* One line "pyperf[PID]: LEVEL: ...", written with one write(2); cut at 1 KiB.  Any thread, any
 * lock held; allocates nothing and leaves errno as it was. */
void pyperf_log(enum pyperf_log_level level, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

#define pyperf_log_error(...) pyperf_log(PYPERF_LOG_ERROR, __VA_ARGS__)
#define pyperf_log_info(...)  pyperf_log(PYPERF_LOG_INFO, __VA_ARGS__)
#define pyperf_log_debug(...) pyperf_log(PYPERF_LOG_DEBUG, __VA_ARGS__)

#endif
