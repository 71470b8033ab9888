/*
 * When to start: the policy of libpyperf.
 *
 * The dynamic loader runs the constructor before main(), before there is an interpreter.  It
 * replaces CPython's table of built-in modules by a copy in which the init function of `marshal`
 * is ours.  Every interpreter imports that module while it starts, with its thread state current,
 * and there we install the evaluator.  If there is no CPython yet, one may be loaded later
 * (late_load.h).
 */
#include <dlfcn.h>
#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "code.h"
#include "codemap.h"
#include "config.h"
#include "contexts.h"
#include "dealloc.h"
#include "exported.h"
#include "hook.h"
#include "image.h"
#include "interp.h"
#include "late_load.h"
#include "log.h"
#include "pyperf.h"
#include "qualname.h"
#include "sandbox.h"
#include "slot.h"
#include "stack.h"
#include "xperf.h"

/* Usually defined by crtbeginS.o, which we do not link (CMakeLists.txt).  pthread_atfork() knows by
 * it whose the handlers are. */
extern void *const __dso_handle;
__attribute__((weak, visibility("hidden"))) void *const __dso_handle = (void *)&__dso_handle;

static struct pyperf_config config;
static struct pyperf_python python;

/* -- Start ---------------------------------------------------------------------------------- */

static void before_fork(void)
{
    pyperf_slots_before_fork();
    pyperf_codemap_before_fork();
}

static void after_fork_in_parent(void)
{
    pyperf_codemap_after_fork();
    pyperf_slots_after_fork_in_parent();
}

static void after_fork_in_child(void)
{
    pyperf_codemap_after_fork();
    pyperf_slots_after_fork_in_child();
}

static int start_once(void)
{
    enum { UNTRIED, WORKS, FAILED };
    static int state = UNTRIED;
    if (state == UNTRIED) {
        state = FAILED;
        pyperf_image_match((const void *)python.default_evaluator);
        bool by_address = python.layout->identity == PYPERF_BY_ADDRESS;
        unsigned lines = 0;
        if (pyperf_interp_verify(&python) == 0 &&
            (!by_address || pyperf_dealloc_watch(&python) == 0) &&
            pyperf_slots_start(&config, lines = pyperf_code_start(&python)) == 0 &&
            pthread_atfork(before_fork, after_fork_in_parent, after_fork_in_child) == 0) {
            pyperf_sandbox_watch(pyperf_slots_sandbox);
            pyperf_hook_start(&python);
            pyperf_contexts_start(&python, lines != 0);
            state = WORKS;
        }
    }
    return state == WORKS ? 0 : -ENOTSUP;
}

/* A new main interpreter numbers its code objects from 1 again, and the old names are gone. */
static void forget_earlier_interpreter(void)
{
    pyperf_codemap_reset();
    pyperf_contexts_reset();
    pyperf_qualname_reset();
}

/* The codecs are the first that an interpreter imports after its own core. */
static bool interpreter_starts(void)
{
    PyObject *modules = python.module_dict();
    return modules == NULL || python.dict_item(modules, "encodings") == NULL;
}

/* In every new interpreter, GIL held; also when a program imports `marshal` afresh. */
static void install(void)
{
    static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
    bool is_main = pyperf_interp_is_main(&python, pyperf_interp_of(python.current_tstate()));
    int saved_errno = errno;
    if (is_main && pyperf_xperf_is_asked_for(&python)) {
        pyperf_log_error("off: Python's own perf support was asked for, and serves");
        errno = saved_errno;
        return;
    }
    pthread_mutex_lock(&lock);
    if (start_once() == 0 && !pyperf_hook_is_ours()) {
        if (is_main)
            forget_earlier_interpreter();
        if (pyperf_hook_install(interpreter_starts()) == 0) {
            pyperf_xperf_give_way(&python);
            pyperf_log_info("installed in CPython %s", python.layout->name);
        }
    }
    pthread_mutex_unlock(&lock);
    errno = saved_errno;
}

/* -- Getting called ------------------------------------------------------------------------- */

/* PyModuleDef and PyModuleDef_Slot: Include/moduleobject.h, the same from 3.6 to 3.15 but for the
 * object header. */
enum { MODULE_DEF_SIZE = 104, MODULE_DEF_SLOTS = 72, FREE_THREADED_HEADER = 16, MAX_SLOTS = 16 };
enum { PY_MOD_EXEC = 2 };

struct module_slot {
    int id;
    void *value;
};

static PyObject *(*original_init)(void);

static int execute_module(PyObject *module)
{
    (void)module;
    install();
    return 0;
}

/* A copy of a module definition whose first slot calls execute_module(), in the interpreter that
 * the module is for.  The init function itself runs in the main one on 3.13+. */
static PyObject *extend_definition(PyObject *definition)
{
    static _Alignas(16) unsigned char copy[MODULE_DEF_SIZE + FREE_THREADED_HEADER];
    static struct module_slot slots[MAX_SLOTS + 2] = {{PY_MOD_EXEC, (void *)execute_module}};
    static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
    static PyObject *extended;

    pthread_mutex_lock(&lock);
    if (extended == NULL) {
        size_t header = python.layout->free_threaded ? FREE_THREADED_HEADER : 0;
        const struct module_slot *old = pyperf_pointer_at(definition, MODULE_DEF_SLOTS + header);
        size_t count = 0;
        while (old != NULL && old[count].id != 0 && count < MAX_SLOTS)
            count++;
        if (count < MAX_SLOTS) {
            memcpy(copy, definition, MODULE_DEF_SIZE + header);
            for (size_t i = 0; i < count; i++)
                slots[i + 1] = old[i];
            void *ours = slots;
            memcpy(copy + MODULE_DEF_SLOTS + header, &ours, sizeof ours);
            extended = copy;
        }
    }
    pthread_mutex_unlock(&lock);
    return extended != NULL ? extended : definition;
}

static PyObject *wrapped_init(void)
{
    PyObject *result = original_init();
    if (result == NULL)
        return NULL;
    /* A definition that CPython will execute, or (3.6 to 3.9) the finished module? */
    if (pyperf_type_of(result, python.layout) == python.definition_type)
        return extend_definition(result);
    install();
    return result;
}

static int wrap_inittab(void)
{
    struct pyperf_inittab *table = *python.inittab;
    size_t count = 0;
    size_t target = SIZE_MAX;
    for (; table[count].name != NULL; count++)
        if (strcmp(table[count].name, "marshal") == 0)
            target = count;
    if (target == SIZE_MAX || table[target].init == NULL)
        return -ENOENT;
    if (table[target].init == wrapped_init)
        return 0;
    size_t size = (count + 1) * sizeof *table;
    struct pyperf_inittab *copy =
        mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (copy == MAP_FAILED)
        return -ENOMEM;
    memcpy(copy, table, size);
    original_init = copy[target].init;
    copy[target].init = wrapped_init;
    *python.inittab = copy;
    return 0;
}

/* Weak references, which the loader resolves with all others.  In every process that is not Python
 * dlsym() would fail and compose an error text, with malloc() and its system calls. */
extern const char PyImport_Inittab[] __attribute__((weak));
extern const char PyPy_GetVersion[] __attribute__((weak));

static bool python_is_here(void)
{
    return PyImport_Inittab != NULL || PyPy_GetVersion != NULL;
}

static void meet(void *handle)
{
    pyperf_config_read(&config);
    if (pyperf_interp_find(&python, handle) == 0 && wrap_inittab() != 0)
        pyperf_log_error("declined: CPython %s without a built-in marshal module",
                         python.layout->name);
}

__attribute__((constructor)) static void start(int argc, char **argv, char **environment)
{
    (void)argc;
    (void)argv;
    if (!pyperf_config_enabled())
        return;
    int saved_errno = errno;
    pyperf_stack_init(environment);
    if (python_is_here())
        meet(RTLD_DEFAULT);
    else
        pyperf_late_load_watch(meet);
    errno = saved_errno;
}

__attribute__((destructor)) static void finish(void)
{
    int saved_errno = errno;
    pyperf_slots_finish(python.layout != NULL &&
                        pyperf_threads_outlive_interpreter(python.layout->minor));
    errno = saved_errno;
}

/* os._exit(), with which forked workers end, runs no destructor.  Async-signal-safe, as the
 * original; in a vfork()ed child finish() finds that the files are another process's. */
_Noreturn void pyperf_exit(int status) EXPORTED_AS("_exit");

_Noreturn void pyperf_exit(int status)
{
    finish();
    for (;;)
        syscall(SYS_exit_group, status);
}
