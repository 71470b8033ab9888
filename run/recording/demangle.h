/* C++ names as people write them. */
#ifndef RUN_RECORDING_DEMANGLE_H
#define RUN_RECORDING_DEMANGLE_H

/* A string to free(); NULL if `name` is no mangled name, or this machine has no libstdc++. */
char *demangle(const char *name);

#endif
