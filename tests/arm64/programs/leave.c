/* What C code does to stacks with Python frames on them; called through ctypes by leave.py. */
#include <execinfo.h>
#include <pthread.h>
#include <string.h>
#include <unistd.h>

typedef void (*callback)(void);

int trace(void **addresses, int most);
void leave_by_pthread_exit(void);
void leave_by_cancellation(void);
void in_thread(callback body);

static void say(const char *text)
{
    if (write(1, text, strlen(text)) < 0)
        _exit(3);
}

/* The addresses of backtrace(3), innermost first. */
int trace(void **addresses, int most)
{
    return backtrace(addresses, most);
}

void leave_by_pthread_exit(void)
{
    pthread_exit(NULL);
}

void leave_by_cancellation(void)
{
    pthread_cancel(pthread_self());
    pthread_testcancel();
}

static void clean(int *unused)
{
    (void)unused;
    say("cleaned up\n");
}

static void *run(void *body)
{
    int guard __attribute__((cleanup(clean))) = 0;
    ((callback)body)();
    say("returned\n");
    return NULL;
}

void in_thread(callback body)
{
    pthread_t thread;
    if (pthread_create(&thread, NULL, run, (void *)body) == 0)
        pthread_join(thread, NULL);
    say("thread is gone\n");
    _exit(0); /* the interpreter was left behind in disorder */
}
