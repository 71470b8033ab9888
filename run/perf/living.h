/* What living processes still use: images, and the PIDs in names of files. */
#ifndef RUN_PERF_LIVING_H
#define RUN_PERF_LIVING_H

#include <stdbool.h>
#include <stddef.h>

struct living {
    char **images; /* names without folders: names are unique, folders differ by namespace */
    size_t image_count;
    long *pids; /* as we see the processes, and as they see themselves */
    size_t pid_count;
};

/* Looks at all processes.  Returns 0 or -errno; living_free() afterwards in any case. */
int living_read(struct living *living);

/* Has any process mapped this image?  Forked children have their parent's mapped. */
bool living_has_image(const struct living *living, const char *path);

/* Is this the PID of a process, here or in a PID namespace below ours? */
bool living_has_pid(const struct living *living, long pid);

void living_free(struct living *living);

#endif
