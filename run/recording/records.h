/*
 * The records of a recording (perf.data), in the order of their times.
 *
 * Reads what perf 4 to 7 write on a little-endian 64-bit machine: files and pipes, compressed or
 * not.  The format is described in Linux tools/perf/Documentation/perf.data-file-format.txt and
 * linux/perf_event.h.
 */
#ifndef RUN_RECORDING_RECORDS_H
#define RUN_RECORDING_RECORDS_H

#include <linux/perf_event.h>
#include <stddef.h>
#include <stdint.h>

/* Records that perf writes itself: tools/perf/util/event.h, enum perf_user_event_type. */
enum {
    RECORDS_HEADER_ATTR = 64,
    RECORDS_HEADER_TRACING_DATA = 66,
    RECORDS_HEADER_BUILD_ID = 67,
    RECORDS_FINISHED_ROUND = 68,
    RECORDS_AUXTRACE = 71,
    RECORDS_COMPRESSED = 81,
    RECORDS_COMPRESSED2 = 83,
};

struct record {
    uint32_t type;
    uint16_t misc;
    uint16_t size;              /* of `bytes`, header included */
    const unsigned char *bytes; /* from the header on, at any alignment; valid in the callback */
    const struct perf_event_attr *attribute; /* of its event; NULL: a record of perf's own */
    uint64_t time;                           /* nanoseconds of the recording's clock; 0: none */
};

struct records;
struct datafile;

/* `path` is a file, or "-" for stdin.  0, and then records_close() is due; -EBADMSG if it is no
 * recording that can be read here; -ENOSYS if it is compressed and this build has no zstd; or
 * another -errno. */
int records_open(struct records **opened, const char *path);
void records_close(struct records *records);

/* The file that is read; NULL for a pipe. */
const struct datafile *records_file(const struct records *records);

/*
 * Calls `visit` for each record, build-ids of a file first, the kernel's by time; what perf says of
 * rounds, compression and attributes is done with here.  Samples and what
 * describes processes come in the order in which they happened, as far as perf's rounds tell:
 * memory is needed for two rounds, not for the recording.  A thread reads ahead; `visit` is called
 * in the caller's.  A recording that was cut off ends where it was cut.  Stops when `visit` returns
 * something else than 0, and returns that; -EBADMSG if a record is damaged.
 */
typedef int records_visit(void *context, const struct record *record);
int records_each(struct records *records, records_visit *visit, void *context);

#endif
