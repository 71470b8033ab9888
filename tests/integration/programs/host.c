/*
 * A program with a CPython inside: host LIBRARY MODE...
 *
 * LIBRARY is the path of a libpython to be loaded, or "linked".  Modes:
 *   global, local, linked   how it is loaded; then what to do with it:
 *   run                     initialise, run code, finalise
 *   cycles N                the same N times over
 *   inittab                 with a built-in module of the host's own
 *   threads                 Python called from threads that Python did not make
 * No Python header is needed.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static void *library;

static void *function(const char *name)
{
    void *found = dlsym(library, name);
    if (found == NULL) {
        fprintf(stderr, "no %s: %s\n", name, dlerror());
        exit(3);
    }
    return found;
}

static void initialise(void)
{
    ((void (*)(int))function("Py_InitializeEx"))(0);
}

static void finalise(void)
{
    if (((int (*)(void))function("Py_FinalizeEx"))() != 0)
        printf("finalisation failed\n");
}

static void run(const char *code)
{
    if (((int (*)(const char *, void *))function("PyRun_SimpleStringFlags"))(code, NULL) != 0)
        printf("the code failed\n");
}

static void *extra_init(void)
{
    return ((void *(*)(const char *))function("PyModule_New"))("host_extra");
}

static void *work(void *argument)
{
    char code[200];
    snprintf(code, sizeof code,
             "def of_thread_%ld(n):\n    return n and of_thread_%ld(n - 1)\n"
             "of_thread_%ld(100)\n",
             (long)argument, (long)argument, (long)argument);
    for (int i = 0; i < 50; i++) {
        int state = ((int (*)(void))function("PyGILState_Ensure"))();
        run(code);
        ((void (*)(int))function("PyGILState_Release"))(state);
    }
    return NULL;
}

static const char *version(void)
{
    return ((const char *(*)(void))function("Py_GetVersion"))();
}

static void threads(void)
{
    pthread_t all[8];
    /* Up to 3.6 there is no GIL before it is asked for; without, the plain interpreter crashes in
     * one of fifteen runs. */
    if (strcmp(version(), "3.7") < 0 && strncmp(version(), "3.1", 3) != 0)
        ((void (*)(void))function("PyEval_InitThreads"))();
    void *saved = ((void *(*)(void))function("PyEval_SaveThread"))();
    for (long i = 0; i < 8; i++)
        pthread_create(&all[i], NULL, work, (void *)i);
    for (int i = 0; i < 8; i++)
        pthread_join(all[i], NULL);
    ((void (*)(void *))function("PyEval_RestoreThread"))(saved);
}

int main(int argc, char **argv)
{
    if (argc < 4)
        return 2;
    if (strcmp(argv[2], "linked") == 0) {
        library = RTLD_DEFAULT;
    } else {
        /* Some life before: threads, keys, other libraries. */
        pthread_key_t key;
        pthread_key_create(&key, NULL);
        int scope = strcmp(argv[2], "global") == 0 ? RTLD_GLOBAL : RTLD_LOCAL;
        library = dlopen(argv[1], RTLD_NOW | scope);
        if (library == NULL) {
            fprintf(stderr, "%s\n", dlerror());
            return 3;
        }
    }
    int cycles = argc > 4 ? atoi(argv[4]) : 1;
    if (strcmp(argv[3], "inittab") == 0)
        ((int (*)(const char *, void *(*)(void)))function("PyImport_AppendInittab"))("host_extra",
                                                                                     extra_init);
    for (int i = 0; i < cycles; i++) {
        char code[300];
        initialise();
        snprintf(code, sizeof code,
                 "def in_cycle_%d(n):\n    return n and in_cycle_%d(n - 1)\n"
                 "import sys\nprint(in_cycle_%d(10), sys.version_info[:2], flush=True)\n"
                 "def same(): exec('def inner(): return 7')\nsame()\n",
                 i, i, i);
        run(code);
        if (strcmp(argv[3], "inittab") == 0)
            run("import host_extra; print(host_extra)");
        if (strcmp(argv[3], "threads") == 0)
            threads();
        finalise();
    }
    printf("done\n");
    return 0;
}
