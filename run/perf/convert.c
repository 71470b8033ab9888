/*
 * Reports then need no unwinding: they are instant, and the file is a hundredth of the size.
 * A compressed recording has to be unpacked first, to a file beside it.  One that is too large for
 * that stays as it is; then each report takes longer, no more.
 */
#include "perf/convert.h"
#include "base/child.h"
#include "base/progress.h"
#include "base/say.h"
#include "perf/datafile.h"
#include "perf/unpack.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

/* Half a minute at 999 Hz, and never more than half of the free space. */
static const uint64_t most_bytes = 2ULL << 30;

static uint64_t room_beside(const char *data)
{
    char folder[PATH_MAX];
    struct statvfs status;
    char *slash;
    uint64_t half;

    snprintf(folder, sizeof folder, "%s", data);
    slash = strrchr(folder, '/');
    snprintf(slash ? slash + 1 : folder, 2, ".");
    if (statvfs(folder, &status) != 0)
        return 0;
    half = (uint64_t)status.f_bavail * status.f_frsize / 2;
    return half < most_bytes ? half : most_bytes;
}

static int inject(const struct perftool *perf, const char *buildid_dir, const char *from,
                  const char *to)
{
    char *argv[10], errors[4096];
    int count = 0;

    argv[count++] = (char *)perf->path;
    if (buildid_dir) {
        argv[count++] = "--buildid-dir";
        argv[count++] = (char *)buildid_dir;
    }
    argv[count++] = "inject";
    argv[count++] = "--convert-callchain";
    argv[count++] = "-i";
    argv[count++] = (char *)from;
    argv[count++] = "-o";
    argv[count++] = (char *)to;
    argv[count] = NULL;
    return child_capture(argv, errors, sizeof errors) == 0 ? 0 : -EIO;
}

static int replace(const char *data, const char *fresh)
{
    struct stat before, after;

    if (stat(data, &before) != 0 || stat(fresh, &after) != 0 || after.st_size == 0 ||
        chmod(fresh, before.st_mode & 07777) != 0 || rename(fresh, data) != 0)
        return -EIO;
    return 0;
}

/*
 * perf 7.2 converts at most 127 entries (PERF_MAX_STACK_DEPTH) of a chain and drops the rest, at
 * the root.  A sample with such a chain has 127 entries, their count, a header and the instruction
 * pointer, 8 bytes each.  A few of them do no harm (imports at the start are that deep); with more,
 * the recording keeps its stack copies.
 */
enum { CUT_SAMPLE_BYTES = (127 + 3) * 8, ONE_CUT_OF = 200 };

static int check_depth(const char *fresh)
{
    struct datafile file;
    uint64_t all, cut;
    int rc = datafile_open(&file, fresh);

    if (rc)
        return rc;
    all = datafile_samples(&file, CUT_SAMPLE_BYTES, &cut);
    datafile_close(&file);
    return cut * ONE_CUT_OF > all ? -EFBIG : 0;
}

void convert_recording(const struct perftool *perf, const char *data, const char *buildid_dir)
{
    char unpacked[PATH_MAX], fresh[PATH_MAX];
    const char *from = unpacked;
    int rc;

    if (snprintf(fresh, sizeof fresh, "%s.converting", data) >= (int)sizeof fresh ||
        snprintf(unpacked, sizeof unpacked, "%s.unpacking", data) >= (int)sizeof unpacked)
        return;
    progress_begin("turning stack copies into call chains");
    rc = unpack(data, unpacked, room_beside(data));
    if (rc == -EALREADY) {
        rc = 0;
        from = data;
    }
    if (rc == 0)
        rc = inject(perf, buildid_dir, from, fresh);
    if (rc == 0)
        rc = check_depth(fresh);
    if (rc == 0)
        rc = replace(data, fresh);
    progress_end();
    if (from == unpacked)
        unlink(unpacked);
    if (rc == 0)
        return;
    unlink(fresh);
    if (rc == -EFBIG || rc == -ENOSYS) /* too large, too deep, no zstd: the recording stays */
        return;
    say_warning("perf inject --convert-callchain failed (%s): %s keeps its stack copies",
                strerror(-rc), data);
}
