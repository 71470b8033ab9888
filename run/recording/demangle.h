/* C++ names as people write them. */
#ifndef RUN_RECORDING_DEMANGLE_H
#define RUN_RECORDING_DEMANGLE_H

/* The name as perf writes it, without parameters: a string to free().  NULL if it is no mangled
 * name, or this machine has no libstdc++. */
char *demangle(const char *mangled);

#endif
