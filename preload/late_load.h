/*
 * Notices a CPython that a program loads long after its start: in a plugin of uWSGI, Apache,
 * PostgreSQL or an editor.
 *
 * The first thing that CPython does on initialisation, in every version and build, is to create a
 * thread-local key.  We export pthread_key_create() (preload/exports.map) and pass every call on.
 * If the caller is a library that is a CPython, or needs one, we report that CPython before the
 * call goes on.  It need not be visible to other libraries (RTLD_LOCAL).
 */
#ifndef PYPERF_LATE_LOAD_H
#define PYPERF_LATE_LOAD_H

/* Starts to watch.  `found` is called once, in the thread that initialises CPython and without any
 * of its locks, with a handle for dlsym() whose library stays loaded from then on. */
void pyperf_late_load_watch(void (*found)(void *handle));

#endif
