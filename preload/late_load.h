/*
 * Notices a CPython that a program loads long after its start: a plugin of uWSGI, Apache,
 * PostgreSQL, an editor.
 *
 * The first thing that CPython does when it is initialised, in every version and build, is to ask
 * for a thread-local key.  pthread_key_create() is exported (preload/exports.map) and passes every
 * call on; where the caller is a library, and that library or one it needs is a CPython, the
 * CPython is reported before it goes on.  It need not be visible to other libraries (RTLD_LOCAL).
 */
#ifndef PYPERF_LATE_LOAD_H
#define PYPERF_LATE_LOAD_H

/* Starts to watch.  `found` gets a handle for dlsym(), whose library stays loaded from then on,
 * and is called once, without any of CPython's locks, in the thread that initialises it. */
void pyperf_late_load_watch(void (*found)(void *handle));

#endif
