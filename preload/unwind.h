/*
 * Makes slots known to unwinders inside the process: C++ exceptions, pthread_exit,
 * cancellation, backtrace().
 *
 * They find unwind tables through dl_iterate_phdr() or, since glibc 2.35, _dl_find_object().  A
 * preloaded library is asked first: ours answers for images and passes every other question on.
 * Nothing is registered with libgcc, which may be absent or loaded later, and no image has to be
 * dlopen()ed, which would take the loader's lock while we hold the interpreter's.
 *
 * Both functions are exported (preload/exports.map) and behave as documented in dl_iterate_phdr(3)
 * and the glibc manual, "Dynamic Linker Introspection".
 */
#ifndef PYPERF_UNWIND_H
#define PYPERF_UNWIND_H

struct pyperf_image;

/* Tells unwinders about an image; never takes it back.  The caller serialises calls; readers need
 * no lock.  The table has 64 places; through further images only perf can unwind. */
void pyperf_unwind_add(const struct pyperf_image *image);

/* The path of the loaded object that contains `address`, or NULL.  Takes no lock where glibc
 * is 2.35 or later; before that, the loader's. */
const char *pyperf_object_path(void *address);

#endif
