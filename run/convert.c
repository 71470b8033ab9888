/*
 * Reports then need no unwinding: they are instant, and the file is a hundredth of the size.
 * The conversion goes into a file beside the recording, which takes its place at the end.
 */
#include "convert.h"
#include "child.h"
#include "progress.h"
#include "say.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

void convert_recording(const struct perftool *perf, const char *data, const char *buildid_dir)
{
    char fresh[PATH_MAX], errors[4096];
    char *argv[10];
    struct stat before, after;
    int count = 0, rc;

    if (snprintf(fresh, sizeof(fresh), "%s.converting", data) >= (int)sizeof(fresh))
        return;
    argv[count++] = (char *)perf->path;
    if (buildid_dir) {
        argv[count++] = "--buildid-dir";
        argv[count++] = (char *)buildid_dir;
    }
    argv[count++] = "inject";
    argv[count++] = "--convert-callchain";
    argv[count++] = "-i";
    argv[count++] = (char *)data;
    argv[count++] = "-o";
    argv[count++] = fresh;
    argv[count] = NULL;

    progress_begin("turning stack copies into call chains");
    rc = child_capture(argv, errors, sizeof(errors));
    progress_end();
    if (rc == 0 && stat(data, &before) == 0 && stat(fresh, &after) == 0 && after.st_size > 0 &&
        chmod(fresh, before.st_mode & 07777) == 0 && rename(fresh, data) == 0)
        return;
    unlink(fresh);
    say_warning("perf inject --convert-callchain failed (%s): %s keeps its stack copies",
                rc < 0 ? strerror(-rc) : "perf says why with -v", data);
}
