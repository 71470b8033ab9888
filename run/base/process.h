/* Processes, from /proc.  Nothing else here reads /proc/PID/{maps,status,environ,ns}. */
#ifndef RUN_BASE_PROCESS_H
#define RUN_BASE_PROCESS_H

#include <dirent.h>
#include <limits.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/types.h>

/* -- All processes -------------------------------------------------------------------------- */

struct process_list {
    DIR *folder;
};

/* Returns 0 or -errno; process_list_close() after 0. */
int process_list_open(struct process_list *list);

/* The next process; 0 at the end. */
pid_t process_list_next(struct process_list *list);
void process_list_close(struct process_list *list);

/* -- Files that a process has mapped -------------------------------------------------------- */

struct process_maps {
    FILE *file;
    char line[PATH_MAX + 128];
};

struct process_mapping {
    uint64_t start, end; /* addresses */
    uint64_t offset;     /* where in the file */
    const char *path; /* as the process sees it, without " (deleted)"; valid until the next call */
    bool executable;
    bool deleted; /* the file is gone, or another has taken its name */
};

/* Returns 0, and then process_maps_close() is due; -ENOENT (no such process), -EACCES (another
 * user's) or another -errno. */
int process_maps_open(struct process_maps *maps, pid_t pid);

/* The next mapping of a file; false at the end. */
bool process_maps_next(struct process_maps *maps, struct process_mapping *mapping);
void process_maps_close(struct process_maps *maps);

/* Opens what is mapped there, to read, whatever now has its name, or whether it has one.  Only for
 * root.  A descriptor or -errno. */
int process_open_mapping(pid_t pid, const struct process_mapping *mapping);

/* Has the process mapped a file whose path has this ending?  False if that cannot be known. */
bool process_maps_file(pid_t pid, const char *ending);

/* -- The rest ------------------------------------------------------------------------------- */

struct process_status {
    long own_pid; /* its PID as it sees it itself: the last of NSpid */
    long uid;     /* effective */
    long no_new_privileges;
    long seccomp;          /* 2: a filter */
    uint64_t capabilities; /* effective */
};

/* Returns 0, or -errno as above.  Where the kernel does not tell, own_pid is `pid` and others 0. */
int process_status(struct process_status *status, pid_t pid);

/* A variable in the environment that the process started with.  False, and "", if it is unset or
 * cannot be read. */
bool process_variable(pid_t pid, const char *name, char *value, size_t size);

/* The number of the process's namespace of this kind ("mnt", "pid"); 0 if that cannot be known. */
unsigned long process_namespace(pid_t pid, const char *kind);

/* Is its namespace of this kind known to be another than ours? */
bool process_elsewhere(pid_t pid, const char *kind);

#endif
