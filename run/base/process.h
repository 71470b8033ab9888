/* What /proc tells about processes.  The one reader of /proc/PID/{maps,status,environ,ns}. */
#ifndef RUN_BASE_PROCESS_H
#define RUN_BASE_PROCESS_H

#include <dirent.h>
#include <limits.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/types.h>

/* -- All processes: process_list_open(), process_list_next() until 0, process_list_close(). ------
 */

struct process_list {
    DIR *folder;
};

/* Returns 0 or -errno. */
int process_list_open(struct process_list *list);
pid_t process_list_next(struct process_list *list);
void process_list_close(struct process_list *list);

/* -- Files that a process has mapped --------------------------------------------------------------
 */

struct process_maps {
    FILE *file;
    char line[PATH_MAX + 128];
};

struct process_mapping {
    const char *path; /* as the process sees it, without " (deleted)"; valid until the next one */
    bool executable;
    bool deleted; /* the file is gone, or another one has its name */
};

/* Returns 0; -ENOENT (no such process), -EACCES (another user's) or another -errno. */
int process_maps_open(struct process_maps *maps, pid_t pid);

/* The next mapping of a file; false at the end. */
bool process_maps_next(struct process_maps *maps, struct process_mapping *mapping);
void process_maps_close(struct process_maps *maps);

/* Is a file whose path ends so mapped?  No, if that cannot be known. */
bool process_maps_file(pid_t pid, const char *ending);

/* -- The rest ------------------------------------------------------------------------------------
 */

struct process_status {
    long own_pid; /* as the process itself sees it: the last of NSpid */
    long uid;     /* effective */
    long no_new_privileges;
    long seccomp;          /* 2: a filter */
    uint64_t capabilities; /* effective */
};

/* Returns 0, or -errno as above; what is not told stays 0, and own_pid pid. */
int process_status(struct process_status *status, pid_t pid);

/* A variable of the environment it was started with.  False, and "" if unset or unreadable. */
bool process_variable(pid_t pid, const char *name, char *value, size_t size);

/* The number of its namespace of a kind ("mnt", "pid"); 0 if that cannot be known. */
unsigned long process_namespace(pid_t pid, const char *kind);

/* Is it known to be in another namespace of this kind than we? */
bool process_elsewhere(pid_t pid, const char *kind);

#endif
