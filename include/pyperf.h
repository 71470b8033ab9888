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

#include <stdint.h>

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
 * the next Python call after that.  So while a process that has just called new functions calls
 * none, lines may wait for any time: at most 32 KiB of them.  Where there is no image, each line is
 * in the file at once.  SIGKILL loses lines that wait.  Whatever waits or is lost, the images have
 * it, and `pyperf-run map PID` writes it.  It appends, as the process does, so a line may come
 * twice, and its first number may begin with zeros.  printf argument: long pid.
 */
#define PYPERF_MAP_FORMAT "/tmp/perf-%ld.map"

/* Every name starts with this. */
#define PYPERF_NAME_PREFIX "py::"

/* Longest name written, in bytes; a longer one is cut at a character and ends in "...". */
#define PYPERF_NAME_MAX 16384

/* The name that functions share once a process has used up its trampolines. */
#define PYPERF_NAME_OTHER "py::<other>"

/* -- The code table ------------------------------------------------------------------------- */

/*
 * The image's section PYPERF_CODE_SECTION leads from an address in a function's bytecode to a line
 * of its file.  It has a row for each code object that is given a slot, stored before the code
 * object first runs in that slot: without a system call, like the symbols, so SIGKILL loses none.
 * Code objects that share a slot have a row each.  Who may read the image may read the table.
 *
 * The section grows towards the start of the file, so it holds the NEWEST ROW FIRST.  Rows are not
 * aligned.  Each is a struct pyperf_code_row in the machine's byte order, then
 *
 *     uint64_t           the slot's address, if `slot` is PYPERF_CODE_ELSEWHERE
 *     `lines_size` bytes the line table, as the code object has it
 *
 * Times are nanoseconds of CLOCK_MONOTONIC (perf record -k mono).  A row of slot
 * PYPERF_CODE_CLOCK tells the time of the rows newer than it, up to the next such row; an image's
 * oldest row is one.  Where a slot is shared the time is exact, else it may be early by a tick of
 * CLOCK_MONOTONIC_COARSE (1 to 10 milliseconds).  Times never go back within a process.
 *
 * Bytecode's memory is used again by code objects made later.  A sample at an address, seen in a
 * slot, belongs to the newest of the rows that have this slot, contain this address, and are not
 * newer than the sample.  The same row may come again.  Rows of code objects that a forked process
 * inherits are in the images of its parent, and hold as far as they are not newer than the fork;
 * slots given by the parent are ELSEWHERE in rows of the child.
 *
 * Rows of slot PYPERF_CODE_CONTEXT are no code objects ("Contexts", below).
 *
 * While the process runs, the section header's offset is stored before its size: a reader in
 * between finds the oldest row cut short, or none, and looks again.
 */
#define PYPERF_CODE_SECTION ".pyperf_code"

struct pyperf_code_row {
    uint64_t bytecode;   /* address of the first instruction; CLOCK: nanoseconds */
    uint32_t length;     /* of the bytecode, in bytes; CLOCK: PYPERF_LINES_*, of all rows */
    uint32_t first_line; /* co_firstlineno */
    uint32_t lines_size; /* bytes of line table; 0: it was larger than PYPERF_CODE_LINES_MAX */
    uint16_t slot;       /* counted from 0: its name is that of symbol `slot` + 1 of .symtab; or
                            one of those below */
    uint16_t file;       /* where the file's name begins in the symbol's name, from which it extends
                            to the end; 0: the symbol does not tell the file */
};

#define PYPERF_CODE_ELSEWHERE 0xffff /* a slot of an earlier image, or of the parent's */
#define PYPERF_CODE_CLOCK     0xfffe /* not of a code object: what time it was */
#define PYPERF_CODE_END       0xfffd /* from now on rows are missing: `bytecode` tells the time */
#define PYPERF_CODE_CONTEXT   0xfffc /* a chain of callers, not a code object */

/* How line tables are to be read: Objects/lnotab_notes.txt of CPython 3.6 to 3.9 (co_lnotab), of
 * 3.10 (co_linetable), and Objects/locations.md (from 3.14 InternalDocs/code_objects.md) of 3.11
 * and later, where instruction offsets are counted in units of 2 bytes. */
#define PYPERF_LINES_3_6  1
#define PYPERF_LINES_3_10 2
#define PYPERF_LINES_3_11 3

/*
 * Bounds, in bytes.  A line table larger than LINES_MAX (3.13's html.entities has 37 KiB) is left
 * out, its row is not.  A row that does not fit into the image is the reason for another.  A
 * program may make code objects for ever: those that share a slot with others get rows until
 * SHARED_MOST of one process's table is theirs, and all until it has MOST, or the disk is full.
 * Then comes an END.  Functions that share PYPERF_NAME_OTHER have no rows.
 *
 * Where addresses do not tell all: 3.10 keeps equal bytecode of one module once, and up to 3.10
 * code.replace() keeps the object, so several code objects may be at an address at a time.  On 3.10
 * those of one name have a slot for each line table: 4,096 such slots; beyond, and before 3.10,
 * nothing tells them apart.  Without a GIL, 3.14 and later give each thread but the main one
 * bytecode of its own (co_tlbc); rows have the main one's.
 */
#define PYPERF_CODE_LINES_MAX    (1 << 16)
#define PYPERF_CODE_SHARED_MOST  (8 << 20)
#define PYPERF_CODE_CONTEXT_MOST (16 << 20)
#define PYPERF_CODE_MOST         (64 << 20)

/* -- Contexts ------------------------------------------------------------------------------- */

/*
 * A copy of a deep stack does not reach its root.  So, from 3.11 on, wherever some KiB of stack are
 * used up, a context is left there: a frame of the function PYPERF_CONTEXT_SYMBOL, which the
 * library exports.  At its call (the return address in it) the stack pointer is at two equal words,
 * the context's id: 32 and 24 bytes below the CFA.  The id stands for the Python frames that were
 * on the thread's stack then, to the root.  As long as the context's frame is on the stack, these
 * are, and none of them has gone on.
 *
 * The code table tells the frames.  In a row of slot PYPERF_CODE_CONTEXT `bytecode` is the id,
 * `length` the number of frames (0: C has called the function), `lines_size` counts the bytes
 * behind the row, which are
 *
 *     uint64_t                      the id of the context in which the outermost of them was
 *                                   called, or 0: nobody called it, it is the thread's root
 *     struct pyperf_context_frame   for each frame, the innermost first
 *
 * An id is a hash of what its row says: equal chains are told once in a process, and those of
 * forked children by their parent.  `file` and `first_line` mean nothing.  One process's contexts
 * have up to CONTEXT_MOST bytes of its table; then there are no further ones.
 */
#define PYPERF_CONTEXT_SYMBOL "pyperf_context"
#define PYPERF_CONTEXT_FRAMES 64 /* of one row at most */

struct pyperf_context_frame {
    uint64_t slot;     /* its address */
    uint64_t position; /* in the bytecode, of the instruction that calls, or behind it by less than
                          that has bytes; 0: it cannot be told */
};

#endif
