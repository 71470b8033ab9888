/*
 * libpyperf: what users, the wrapper and the tests may rely on.
 *
 * libpyperf.so is preloaded into a CPython process (LD_PRELOAD) and makes every
 * Python function visible to Linux perf as a frame named
 *
 *     py::<qualname>:<filename>
 *
 * This header names, in one place, the environment variables it reads, the
 * files it writes and the symbols it exports.  It needs no Python header.
 */
#ifndef PYPERF_H
#define PYPERF_H

#define PYPERF_VERSION "0.1.0"

/* -- Versions of CPython -------------------------------------------------------------------- */

/* From 3.FIRST to 3.LAST; preload/interp_rows.h has what is known of each. */
#define PYPERF_FIRST_MINOR 6
#define PYPERF_LAST_MINOR  15

/* The same in words: "3.6 to 3.15". */
#define PYPERF_VERSIONS                                                                            \
    "3." PYPERF_IN_WORDS(PYPERF_FIRST_MINOR) " to 3." PYPERF_IN_WORDS(PYPERF_LAST_MINOR)
#define PYPERF_IN_WORDS(macro)    PYPERF_AS_IT_STANDS(macro)
#define PYPERF_AS_IT_STANDS(text) #text

/* -- Environment, read once, when the process starts ---------------------------------------- */

/* "on" (default) or "off": off makes the library do nothing at all. */
#define PYPERF_ENV_SWITCH "PYPERF"

/* Comma list of "image" and "map"; default both. */
#define PYPERF_ENV_OUTPUT "PYPERF_OUTPUT"

/* Absolute directory for images.  Default: the first of /tmp, $XDG_RUNTIME_DIR, /var/tmp and
 * /dev/shm from which a file can be mapped executable. */
#define PYPERF_ENV_DIR "PYPERF_DIR"

/* Those four, in that order; `runtime` is what $XDG_RUNTIME_DIR holds, or NULL. */
#define PYPERF_DIRECTORIES(runtime)                                                                \
    {                                                                                              \
        "/tmp", runtime, "/var/tmp", "/dev/shm"                                                    \
    }
#define PYPERF_DIRECTORIES_TEXT "/tmp, $XDG_RUNTIME_DIR, /var/tmp, /dev/shm"

/* Whether a process leaves its files behind when it ends: "on", "off" or "auto" (default), which
 * leaves them if a profiler may still want them: one is among the process's ancestors when it
 * starts, or runs when it ends.  A profiler is a process whose name begins with "perf" or "samply".
 * What a killed process left is removed by the next process of the same user. */
#define PYPERF_ENV_KEEP "PYPERF_KEEP"

/* "off" (default), "error", "info" or "debug". */
#define PYPERF_ENV_LOG "PYPERF_LOG"

/* File the log is appended to; default stderr.  stdout is never touched. */
#define PYPERF_ENV_LOG_FILE "PYPERF_LOG_FILE"

/* The name of the library's file, by which it is known in LD_PRELOAD and in /proc/PID/maps. */
#define PYPERF_LIBRARY "libpyperf.so"

/* -- Files ---------------------------------------------------------------------------------- */

/*
 * Image: an ELF shared object whose text is the trampolines and whose .symtab names them.
 * <pid> as the process sees itself, <n> numbers the images of one process from 0, <random> is
 * 16 hex digits.  Mode 0500 (PYPERF_IMAGE_KEPT) if the file is left for a profiler, else 0400.
 * printf arguments: directory, long pid, unsigned n, unsigned long long random.
 */
#define PYPERF_IMAGE_FORMAT "%s/pyperf-%ld-%u-%016llx.so"
#define PYPERF_IMAGE_MODE   0400
#define PYPERF_IMAGE_KEPT   0500

/*
 * Map: one line "<start hex> <size hex> <name>\n" for each function, as described in Linux
 * tools/perf/Documentation/jit-interface.txt.  Mode 0600.  Complete when the process ends; while it
 * lives, the last lines of a burst of new functions are in the file within 10 milliseconds, or with
 * the next Python call after that.  Where there is no image, each line is in the file at once.
 * SIGKILL loses lines that wait; their names are in the image.  printf argument: long pid.
 */
#define PYPERF_MAP_FORMAT "/tmp/perf-%ld.map"

/* Every name starts with this. */
#define PYPERF_NAME_PREFIX "py::"

/* Longest name written, in bytes; a longer one is cut at a character and ends in "...". */
#define PYPERF_NAME_MAX 16384

/* The name that functions share once a process has used up its trampolines. */
#define PYPERF_NAME_OTHER "py::<other>"

#endif
