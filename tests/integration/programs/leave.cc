// Leaves Python frames in the ways that C and C++ programs do, with something above them to clean
// up.  Called through ctypes by threads.py.
#include <pthread.h>
#include <string.h>
#include <unistd.h>

typedef void (*callback)(void);

static void say(const char *text)
{
    if (write(1, text, strlen(text)) < 0)
        _exit(3);
}

namespace {
struct guard {
    ~guard() { say("cleaned up\n"); }
};
} // namespace

extern "C" {

static void handler(void *)
{
    say("handler ran\n");
}

// Calls back with a cleanup handler and an object with a destructor above it.
void above(callback back)
{
    guard here;
    pthread_cleanup_push(handler, nullptr);
    back();
    pthread_cleanup_pop(0);
    say("returned\n");
}

void leave_by_pthread_exit()
{
    say("pthread_exit\n");
    pthread_exit(nullptr);
}

void leave_by_cancellation()
{
    say("cancel\n");
    pthread_cancel(pthread_self());
    pthread_testcancel();
}

void leave_by_exception()
{
    say("throw\n");
    throw 42;
}

void catching(callback back)
{
    try {
        above(back);
    } catch (int number) {
        say(number == 42 ? "caught 42\n" : "caught another\n");
    }
    _exit(0); // the interpreter was left behind in disorder
}

// Runs `body` in a thread of its own, and is back when that ended in any way.
void in_thread(callback body)
{
    pthread_t thread;
    struct start {
        static void *run(void *argument)
        {
            reinterpret_cast<callback>(argument)();
            return nullptr;
        }
    };
    if (pthread_create(&thread, nullptr, start::run, reinterpret_cast<void *>(body)) == 0)
        pthread_join(thread, nullptr);
    say("thread is gone\n");
    _exit(0);
}
}
