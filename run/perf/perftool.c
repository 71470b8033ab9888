/* Reads `perf version --build-options`: distributions differ in perf's version and its features. */
#include "perf/perftool.h"
#include "base/child.h"
#include "base/number.h"
#include "python/program.h"

#include <stdio.h>
#include <string.h>
#include <sys/utsname.h>

/* A line such as "                  zstd: [ on  ]  # HAVE_ZSTD_SUPPORT". */
static bool is_on(const char *text, const char *feature)
{
    const char *line = strstr(text, feature);
    const char *mark = line ? strstr(line, "[ ") : NULL;

    return mark && strncmp(mark, "[ on", 4) == 0;
}

static void read_all(struct child_pipe *child, char *text, size_t size)
{
    size_t length = child->out ? fread(text, 1, size - 1, child->out) : 0;

    text[length] = '\0';
    child_close(child);
}

static bool at_least(const char *version, int wanted_major, int wanted_minor)
{
    int major = 0, minor = 0;
    return number_pair(version, &major, &minor) &&
           (major > wanted_major || (major == wanted_major && minor >= wanted_minor));
}

static int ask(const struct perftool *perf, const char *command, const char *option,
               enum child_errors errors, char *text, size_t size)
{
    char *argv[] = {(char *)perf->path, (char *)command, (char *)option, NULL};
    struct child_pipe child;
    int rc = child_open(&child, argv, errors);

    text[0] = '\0';
    if (rc == 0)
        read_all(&child, text, size);
    return rc;
}

/* Asked once before the recording: 10 ms, which perf mostly spends on loading its libraries. */
int perftool_find(struct perftool *perf, const char *word)
{
    static struct program program;
    char text[8192];
    struct utsname kernel;
    int rc = program_find(&program, word);

    *perf = (struct perftool){.version = ""};
    if (rc)
        return rc;
    snprintf(perf->path, sizeof perf->path, "%s", program.path);
    if (ask(perf, "version", "--build-options", ERRORS_NOWHERE, text, sizeof text) != 0)
        return 0;
    sscanf(text, "perf version %63s", perf->version);
    perf->compresses = is_on(text, " zstd: ");
    /* libunwind uses a library's lowest mapping in a thread's life, even one from before an exec
     * (tools/perf/util/unwind-libunwind-local.c, 5.17 and later); a perf built with libdw as well
     * prefers it. */
    perf->forgets_exec = is_on(text, " libunwind: ");
    perf->unwinds = is_on(text, " libunwind: ") || is_on(text, " libdw-dwarf-unwind: ") ||
                    is_on(text, " dwarf-unwind: ");
    uname(&kernel);
    /* PERF_RECORD_MISC_MMAP_BUILD_ID came with Linux 5.12, and --buildid-mmap with its perf. */
    perf->maps_ids = at_least(perf->version, 5, 12) && at_least(kernel.release, 5, 12);
    perf->reads_back = at_least(perf->version, 7, 0); /* seen with 7.2 */
    return 0;
}
