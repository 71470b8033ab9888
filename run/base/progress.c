/* A thread keeps the time, because the work may be one long read from another program. */
#include "base/progress.h"
#include "base/say.h"

#include <pthread.h>
#include <stdbool.h>
#include <time.h>

static pthread_t thread;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t ended;
static bool started, done;

static void *watch(void *what)
{
    struct timespec next;

    clock_gettime(CLOCK_MONOTONIC, &next);
    pthread_mutex_lock(&lock);
    for (int seconds = 1; !done; seconds++) {
        next.tv_sec++;
        while (!done && pthread_cond_timedwait(&ended, &lock, &next) == 0)
            ;
        if (!done && (seconds == 1 || seconds % 5 == 0))
            say_note("%s ... %d s", (const char *)what, seconds);
    }
    pthread_mutex_unlock(&lock);
    return NULL;
}

void progress_begin(const char *what)
{
    pthread_condattr_t attributes;

    pthread_condattr_init(&attributes);
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    pthread_cond_init(&ended, &attributes);
    pthread_condattr_destroy(&attributes);
    done = false;
    started = pthread_create(&thread, NULL, watch, (void *)what) == 0;
}

void progress_end(void)
{
    if (!started)
        return;
    pthread_mutex_lock(&lock);
    done = true;
    pthread_cond_signal(&ended);
    pthread_mutex_unlock(&lock);
    pthread_join(thread, NULL);
    pthread_cond_destroy(&ended);
    started = false;
}
