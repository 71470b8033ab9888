/* perf tells about itself in `perf version --build-options`; distributions differ in both. */
#include "perftool.h"
#include "child.h"
#include "program.h"

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

/* PERF_RECORD_MISC_MMAP_BUILD_ID came with Linux 5.12, and --buildid-mmap with its perf. */
static bool at_least_5_12(const char *version)
{
    int major = 0, minor = 0;
    return sscanf(version, "%d.%d", &major, &minor) == 2 &&
           (major > 5 || (major == 5 && minor >= 12));
}

/* Both questions at once: each costs some 10 ms, most of it loading perf's libraries. */
int perftool_find(struct perftool *perf, const char *word)
{
    static struct program program;
    static char text[32768];
    char *about[] = {perf->path, "version", "--build-options", NULL};
    char *inject[] = {perf->path, "inject", "-h", NULL};
    struct child_pipe first, second;
    struct utsname kernel;
    int rc = program_find(&program, word), other;

    *perf = (struct perftool){.version = ""};
    if (rc)
        return rc;
    snprintf(perf->path, sizeof(perf->path), "%s", program.path);
    rc = child_open(&first, about, ERRORS_NOWHERE);
    other = child_open(&second, inject, ERRORS_TO_PIPE);
    if (rc == 0) {
        read_all(&first, text, sizeof(text));
        sscanf(text, "perf version %63s", perf->version);
        perf->compresses = is_on(text, " zstd: ");
        perf->unwinds = is_on(text, " libunwind: ") || is_on(text, " libdw-dwarf-unwind: ") ||
                        is_on(text, " dwarf-unwind: ");
    }
    if (other == 0) {
        read_all(&second, text, sizeof(text));
        perf->converts = strstr(text, "--convert-callchain") != NULL;
    }
    uname(&kernel);
    perf->maps_ids = at_least_5_12(perf->version) && at_least_5_12(kernel.release);
    return 0;
}
