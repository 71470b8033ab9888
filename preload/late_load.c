/* Watches for a CPython that is loaded late; see late_load.h. */
#include "late_load.h"

#include <dlfcn.h>
#include <errno.h>
#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <string.h>

#include "exported.h"
#include "interp.h"
#include "unwind.h"

/* The same function under the name that libstdc++ looks for.  dlsym() cannot be asked for the real
 * one: that fails in programs whose malloc() creates a key. */
extern int __pthread_key_create(pthread_key_t *key, void (*destructor)(void *));

int pyperf_key_create(pthread_key_t *key, void (*destructor)(void *))
    EXPORTED_AS("pthread_key_create");

static void (*report)(void *handle); /* NULL: not watching, or no longer */

void pyperf_late_load_watch(void (*found)(void *handle))
{
    __atomic_store_n(&report, found, __ATOMIC_RELEASE);
}

/* The Python library that contains `address`, kept loaded; NULL for the program itself, whose
 * CPython would have been there at the start.  Looks at the name first: dlopen() takes the loader's
 * lock, for which callers that have nothing to do with Python must not wait. */
static void *library_of(void *address)
{
    const char *path = pyperf_object_path(address);
    if (path == NULL || path[0] != '/' || strstr(path, "python") == NULL)
        return NULL;
    return dlopen(path, RTLD_LAZY | RTLD_NOLOAD);
}

static void look_at_caller(void *address)
{
    void *handle = library_of(address);
    if (handle == NULL)
        return;
    if (!pyperf_interp_present(handle)) {
        dlclose(handle);
        return;
    }
    void (*found)(void *) = __atomic_exchange_n(&report, NULL, __ATOMIC_ACQ_REL);
    if (found != NULL)
        found(handle);
}

int pyperf_key_create(pthread_key_t *key, void (*destructor)(void *))
{
    if (__builtin_expect(__atomic_load_n(&report, __ATOMIC_ACQUIRE) != NULL, 0)) {
        /* dlopen() may itself want a key, for its error text. */
        static __thread bool looking __attribute__((tls_model("initial-exec")));
        int saved_errno = errno;
        if (!looking) {
            looking = true;
            look_at_caller(__builtin_extract_return_addr(__builtin_return_address(0)));
            looking = false;
        }
        errno = saved_errno;
    }
    return __pthread_key_create(key, destructor);
}
