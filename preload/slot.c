/* The registry of names and slots; see slot.h. */
#include "slot.h"

#include <errno.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <time.h>
#include <unistd.h>

#include "arch.h"
#include "code.h"
#include "gdb.h"
#include "hashtable.h"
#include "image.h"
#include "leftovers.h"
#include "log.h"
#include "mix.h"
#include "name.h"
#include "perfmap.h"
#include "profiler.h"
#include "pyperf.h"
#include "unwind.h"

/*
 * CHILD, FIRST, LARGEST: the number of slots in a forked child's first image, in any other
 * process's first one, and in the largest.  FIRST is enough for what a small program calls (`python
 * -c pass`: 240 to 260 functions).  Many children call nothing new but what
 * os.register_at_fork() was given, so CHILD is a few pages.  Each further image has as many slots
 * as the process already has, so that at most half of its files is unused.  Images beyond LARGEST
 * would cost more for unused slots than they save in files.  TOTAL bounds a process that makes new
 * names for ever: about 25 MiB of names and symbols, and PYPERF_CODE_MOST of code table.
 */
enum { CHILD_CAPACITY = 64, FIRST_CAPACITY = 272, LARGEST_CAPACITY = 16384 };
enum { SANDBOX_CAPACITY = 4096 }; /* 450 KiB, for all that a program calls from then on */
enum { SANDBOX_CONTEXTS = 1024 }; /* likewise */
enum { TOTAL_SLOTS = 262144, MOST_IMAGES = 64 };
enum { NAMES_FIRST = 2048 };
enum { TWINS_MOST = 4096 }; /* for a program that makes such functions for ever */

/*
 * Room in an image for each of its slots: for the name, and for the code table's row and line table
 * of usual size.  They use it together, from its two ends.  The first two images of a process make
 * do with what FIRST_SIZE leaves, 124 or 139 bytes: small programs have short names, and two of
 * 60 KiB are enough where line tables have columns (3.11+).
 */
enum { NAME_ROOM = 71, ROW_ROOM = sizeof(struct pyperf_code_row), FIRST_SIZE = 60 << 10 };

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static const struct pyperf_config *config;
static pid_t owner;
static bool *same_process; /* in a page that is zeros in a forked child; NULL: no such page */

static struct pyperf_image current;
static unsigned image_number; /* of the next image; so many this process has made */
static unsigned next_capacity = FIRST_CAPACITY;
static unsigned own_capacity;                        /* slots in this process's images */
static char paths[MOST_IMAGES][sizeof current.path]; /* of those that are files, else "" */
static unsigned total_slots;
static unsigned twins; /* slots that were wanted beside another of the same name */
static uintptr_t other_slot;
static unsigned usual_lines; /* bytes of a line table; 0: there is no code table */
/* Of this process's code table: bytes, and which rows come no more. */
static size_t rows_size, shared_rows_size, context_rows_size;
static uint32_t lines_format; /* of all code objects, PYPERF_LINES_* */
static bool rows_ended, shared_rows_ended, context_rows_ended;
static char directory[sizeof current.path]; /* where the last image went */

static bool kept;      /* a profiler may want the files when the process has ended */
static bool shared;    /* forked children may run in this process's images */
static bool ended;     /* the files have their final form */
static bool sandboxed; /* a system call may be answered with death */

static struct pyperf_hashtable names; /* hash of the whole name -> slot */

/* Room for one key more.  In a sandbox there is what was reserved before. */
static bool has_room(struct pyperf_hashtable *table)
{
    return table->used * 2 < table->size || (!sandboxed && pyperf_hashtable_reserve(table, 1) == 0);
}

/* -- The end of the code table -------------------------------------------------------------- */

/* The coarse one is behind the other, but what it says does not go back either. */
static uint64_t time_by(clockid_t clock)
{
    static uint64_t last;
    struct timespec now = {0};
    clock_gettime(clock, &now);
    uint64_t time = (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
    last = time > last ? time : last;
    return last;
}

/* Of all, or of those that share a slot. */
static void end_rows(bool all, uint64_t now)
{
    if (!shared_rows_ended) {
        pyperf_image_end_rows(&current, now);
        if (!sandboxed)
            pyperf_log_info("the code table ends here: from now on rows are missing");
    }
    shared_rows_ended = true;
    rows_ended = all;
}

/* -- Images --------------------------------------------------------------------------------- */

static size_t usual_room(void)
{
    if (usual_lines == 0)
        return next_capacity * (size_t)NAME_ROOM;
    if (next_capacity == FIRST_CAPACITY)
        return pyperf_image_room(FIRST_CAPACITY, FIRST_SIZE);
    return next_capacity * ((size_t)NAME_ROOM + ROW_ROOM + usual_lines);
}

static int try_directory(const char *candidate, size_t room)
{
    if (candidate == NULL || candidate[0] != '/')
        return -ENOENT;
    if (strlen(candidate) >= sizeof directory)
        return -ENAMETOOLONG;
    int status = pyperf_image_create(&current, candidate, image_number, next_capacity,
                                     room > usual_room() ? room : usual_room(),
                                     kept ? PYPERF_IMAGE_KEPT : PYPERF_IMAGE_MODE);
    if (status == 0 && candidate != directory)
        strcpy(directory, candidate);
    return status;
}

/* In the directory of the last image; else in the user's choice; else in the first that will do. */
static int open_image(size_t room)
{
    if (try_directory(directory, room) == 0)
        return 0;
    int status = -ENOENT;
    if (config->directory != NULL) {
        status = try_directory(config->directory, room);
        if (status == 0)
            return 0;
        pyperf_log_error(PYPERF_ENV_DIR
                         "=%.256s: no executable file can be had there (%s); using the "
                         "default",
                         config->directory, strerror(-status));
    }
    const char *defaults[] = PYPERF_DIRECTORIES(getenv("XDG_RUNTIME_DIR"));
    for (unsigned i = 0; i < sizeof defaults / sizeof defaults[0]; i++) {
        status = try_directory(defaults[i], room);
        if (status == 0)
            return 0;
        if (defaults[i] != NULL)
            pyperf_log_info("no image in %s: %s", defaults[i], strerror(-status));
    }
    return status;
}

/* `current` is a new image. */
static void add_image(void)
{
    pyperf_unwind_add(&current);
    pyperf_gdb_add(&current);
    if (image_number < MOST_IMAGES)
        strcpy(paths[image_number], current.path);
    if (image_number == 0 && current.path[0] != '\0')
        pyperf_leftovers_remove(directory);
    image_number++;
    own_capacity += current.capacity;
    next_capacity = own_capacity < LARGEST_CAPACITY ? own_capacity : LARGEST_CAPACITY;
}

/* A new image in `current`, with at least this room: in a file if possible, else in memory. */
static int open_pool(size_t room)
{
    int status = -ENOTSUP;
    struct pyperf_image before = current;
    if (config->image)
        status = open_image(room);
    if (status != 0 && config->map) {
        current = before;
        if (current.path[0] != '\0')
            end_rows(true, time_by(CLOCK_MONOTONIC_COARSE));
        if (config->image)
            pyperf_log_error("no directory allows an executable file (%s): names are in the map "
                             "only; set " PYPERF_ENV_DIR " to one that does",
                             strerror(-status));
        status = pyperf_image_create_anonymous(&current, next_capacity);
    }
    if (status == 0)
        add_image();
    return status;
}

/* For is_child(): getpid() would be a system call for each new function. */
static void mark_process(void)
{
    owner = getpid();
    if (same_process == NULL) {
        void *page = mmap(NULL, sizeof *same_process, PROT_READ | PROT_WRITE,
                          MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        if (page == MAP_FAILED)
            return;
        if (madvise(page, sizeof *same_process, MADV_WIPEONFORK) != 0) { /* before Linux 4.14 */
            munmap(page, sizeof *same_process);
            return;
        }
        same_process = page;
    }
    *same_process = true;
}

static bool is_child(void)
{
    return same_process != NULL ? !*same_process : getpid() != owner;
}

int pyperf_slots_start(const struct pyperf_config *settings, unsigned lines)
{
    config = settings;
    usual_lines = lines;
    kept = config->keep == PYPERF_KEEP_ON ||
           (config->keep == PYPERF_KEEP_AUTO && pyperf_profiler_is_ancestor());
    mark_process();
    int status = pyperf_hashtable_reserve(&names, NAMES_FIRST);
    if (status == 0)
        status = open_pool(0);
    if (status != 0)
        pyperf_log_error("off: no memory can be made executable (%s); set " PYPERF_ENV_DIR
                         " to a directory on a file system without noexec",
                         strerror(-status));
    return status;
}

static void become_child(void)
{
    mark_process();
    pyperf_image_disown(&current);
    image_number = 0;
    own_capacity = 0;
    next_capacity = CHILD_CAPACITY;
    shared = false;
    rows_size = shared_rows_size = context_rows_size = 0;
    rows_ended = shared_rows_ended = context_rows_ended = false;
    /* Names that no file of the child's will tell have to be in its map. */
    pyperf_map_forked(!config->image || current.path[0] == '\0');
}

/* -- Rows of the code table ----------------------------------------------------------------- */

static bool may_grow(const struct pyperf_code *code, size_t size, size_t most)
{
    return size + pyperf_image_row_room(code) <= most && image_number < MOST_IMAGES;
}

/* Another image for a row alone, if it can be a file; else the names stay where they are. */
static bool open_image_for_row(const struct pyperf_code *code)
{
    if (sandboxed)
        return false;
    struct pyperf_image before = current;
    if (open_image(pyperf_image_row_room(code)) == 0) {
        add_image();
        return true;
    }
    current = before;
    return false;
}

/* A code object that has a slot with others.  The time is exact: nothing but the time tells which
 * of them a sample is of, once one has the bytecode's address of another. */
static void describe(uintptr_t slot, struct pyperf_code *code)
{
    if (shared_rows_ended || !pyperf_code_is_news(code, slot))
        return;
    /* Some kernels are asked for the exact time. */
    code->now = time_by(sandboxed ? CLOCK_MONOTONIC_COARSE : CLOCK_MONOTONIC);
    if (!may_grow(code, shared_rows_size, PYPERF_CODE_SHARED_MOST))
        end_rows(false, code->now);
    else if (pyperf_image_describe(&current, slot, code) != 0 &&
             (!open_image_for_row(code) || pyperf_image_describe(&current, slot, code) != 0))
        end_rows(true, code->now);
    else
        shared_rows_size += pyperf_image_row_room(code);
}

/* -- Contexts ------------------------------------------------------------------------------- */

enum { CONTEXTS_MOST = 131072 }; /* of the smallest possible rows */

static struct pyperf_hashtable contexts; /* ids that were told, each leads to itself */

static uint64_t id_of(const struct pyperf_context_row *context, unsigned count)
{
    uint64_t id = pyperf_mix(count, context->parent);
    for (unsigned i = 0; i < count; i++)
        id = pyperf_mix(pyperf_mix(id, context->frames[i].slot), context->frames[i].position);
    return id | (id == 0);
}

static bool tell_context(uint64_t id, const struct pyperf_context_row *context, unsigned count)
{
    struct pyperf_code code = {.context = true,
                               .bytecode = id,
                               .length = count,
                               .lines = context,
                               .lines_size = offsetof(struct pyperf_context_row, frames) +
                                             count * sizeof context->frames[0],
                               .lines_format = lines_format,
                               .now = time_by(CLOCK_MONOTONIC_COARSE)};
    if (!may_grow(&code, context_rows_size, PYPERF_CODE_CONTEXT_MOST) ||
        contexts.used >= CONTEXTS_MOST || !has_room(&contexts))
        return false;
    if (pyperf_image_describe(&current, 0, &code) != 0 &&
        (!open_image_for_row(&code) || pyperf_image_describe(&current, 0, &code) != 0))
        return false;
    context_rows_size += pyperf_image_row_room(&code);
    pyperf_hashtable_add(&contexts, id, id);
    return true;
}

static uint64_t context_locked(const struct pyperf_context_row *context, unsigned count)
{
    if (is_child())
        become_child();
    uint64_t id = id_of(context, count);
    if (pyperf_hashtable_get(&contexts, id) != 0)
        return id;
    if (context_rows_ended || rows_ended || current.path[0] == '\0')
        return 0;
    if (tell_context(id, context, count))
        return id;
    context_rows_ended = true;
    if (!sandboxed)
        pyperf_log_info("no further contexts: stacks that are cut off may have no root");
    return 0;
}

/* -- Slots ---------------------------------------------------------------------------------- */

static uintptr_t add_name(const struct pyperf_code *code)
{
    const char *name = pyperf_name.text;
    size_t length = pyperf_name.length;
    if (code != NULL && !may_grow(code, rows_size, PYPERF_CODE_MOST)) {
        end_rows(true, code->now);
        code = NULL;
    }
    uintptr_t slot = pyperf_image_add(&current, name, length, code);
    if (slot == 0 && code != NULL && sandboxed) {
        end_rows(true, code->now);
        code = NULL;
        slot = pyperf_image_add(&current, name, length, NULL);
    }
    if (slot == 0) {
        if (sandboxed ||
            open_pool(length + 1 + (code != NULL ? pyperf_image_row_room(code) : 0)) != 0)
            return 0;
        if (current.path[0] == '\0')
            code = NULL;
        slot = pyperf_image_add(&current, name, length, code);
    }
    if (slot != 0) {
        total_slots++;
        rows_size += code != NULL ? pyperf_image_row_room(code) : 0;
        if (config->map && !ended && !sandboxed)
            pyperf_map_add(slot, PYPERF_ARCH_SLOT_SIZE, pyperf_name.text, pyperf_name.length,
                           current.path[0] == '\0');
    }
    return slot;
}

/* By the name.  But where another code object of that name has the bytecode, too, neither address
 * nor time tells them apart: then there is a slot for each line table.  0: there is none yet, and
 * `*key` is that of the one to be made. */
static uintptr_t find_slot(const struct pyperf_code *code, uint64_t *key)
{
    uintptr_t slot = pyperf_hashtable_get(&names, *key);
    if (slot == 0 || code == NULL || !code->shared || !pyperf_code_is_others(code, slot))
        return slot;
    uint64_t twin = pyperf_code_hash(code, *key);
    uintptr_t own = pyperf_hashtable_get(&names, twin);
    if (own == 0 && twins == TWINS_MOST)
        return slot;
    twins += own == 0;
    *key = twin;
    return own;
}

static uintptr_t slot_for_locked(const struct pyperf_symbol *symbol, struct pyperf_code *code)
{
    if (is_child()) /* forked past pthread_atfork, by a bare clone() */
        become_child();
    if (code != NULL)
        lines_format = code->lines_format;
    pyperf_name_compose(symbol);
    uint64_t key = pyperf_name_hash();
    if (rows_ended || current.path[0] == '\0')
        code = NULL;
    uintptr_t own = find_slot(code, &key);
    uintptr_t known = own != 0 ? own : other_slot;
    if (code != NULL)
        code->file = (uint16_t)pyperf_name.file;
    if (known != 0) {
        if (code != NULL && own != 0)
            describe(own, code);
        return known;
    }
    if (code != NULL)
        code->now = time_by(CLOCK_MONOTONIC_COARSE);
    if (total_slots >= TOTAL_SLOTS - 1 || !has_room(&names)) {
        pyperf_log_error("%u functions named: new ones share one name from now on", total_slots);
        pyperf_name_set(PYPERF_NAME_OTHER);
        other_slot = add_name(NULL);
        return other_slot;
    }
    uintptr_t slot = add_name(code);
    if (slot == 0)
        return 0;
    pyperf_hashtable_add(&names, key, slot);
    if (code != NULL && code->shared)
        pyperf_code_is_news(code, slot); /* not any more */
    return slot;
}

/* A thread cancelled in a write would take the lock with it. */
static void take_lock(int *cancellable)
{
    pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, cancellable);
    pthread_mutex_lock(&lock);
}

static void release_lock(int cancellable)
{
    pthread_mutex_unlock(&lock);
    pthread_setcancelstate(cancellable, NULL);
}

pyperf_slot_fn pyperf_slot_for(const struct pyperf_symbol *symbol, struct pyperf_code *code)
{
    int cancellable;
    take_lock(&cancellable);
    uintptr_t slot = slot_for_locked(symbol, code);
    release_lock(cancellable);
    if (slot == 0)
        slot = (uintptr_t)pyperf_trampoline;
    return (pyperf_slot_fn)slot;
}

uint64_t pyperf_slots_context(const struct pyperf_context_row *context, unsigned count)
{
    int cancellable;
    take_lock(&cancellable);
    uint64_t id = context_locked(context, count);
    release_lock(cancellable);
    return id;
}

bool pyperf_slots_waiting(void)
{
    return pyperf_map_waiting();
}

bool pyperf_slots_settle(void)
{
    if (!pyperf_map_waiting())
        return true;
    if (!pyperf_map_is_due())
        return false;
    int saved_errno = errno;
    int cancellable;
    take_lock(&cancellable);
    if (is_child())
        become_child();
    pyperf_map_flush();
    release_lock(cancellable);
    errno = saved_errno;
    return true;
}

void pyperf_slots_sandbox(void)
{
    if (config == NULL || getpid() != owner) /* a vfork()ed child, in its parent's memory */
        return;
    int cancellable;
    take_lock(&cancellable);
    if (!sandboxed) {
        pyperf_map_flush();
        next_capacity = SANDBOX_CAPACITY;
        open_pool(0);
        pyperf_hashtable_reserve(&names, SANDBOX_CAPACITY);
        pyperf_hashtable_reserve(&contexts, SANDBOX_CONTEXTS);
        if (current.stores_may_fault) /* they are system calls, then */
            pyperf_image_disown(&current);
    }
    sandboxed = true;
    release_lock(cancellable);
}

/* -- End ------------------------------------------------------------------------------------ */

static void keep_files(void)
{
    pyperf_map_flush();
    for (unsigned i = 0; i < image_number && i < MOST_IMAGES; i++)
        if (paths[i][0] != '\0')
            chmod(paths[i], PYPERF_IMAGE_KEPT);
}

/* Images in which forked children run are left to be found when nobody does (leftovers.h). */
static void remove_files(void)
{
    if (!shared || current.path[0] != '\0') /* else a child's map begins with it */
        pyperf_map_remove();
    for (unsigned i = 0; i < image_number && i < MOST_IMAGES && !shared; i++)
        if (paths[i][0] != '\0')
            unlink(paths[i]);
}

static bool other_threads_run(void)
{
    enum { OF_ONE_THREAD = 3 }; /* links of a folder with one other in it */
    struct stat tasks;
    return stat("/proc/self/task", &tasks) == 0 && tasks.st_nlink > OF_ONE_THREAD;
}

void pyperf_slots_finish(bool quick_with_threads)
{
    /* Not if exit() was called from a signal handler that interrupted us. */
    if (config == NULL || pthread_mutex_trylock(&lock) != 0)
        return;
    if (!sandboxed && getpid() == owner && image_number > 0 && !ended) {
        enum pyperf_answer wanted = kept ? PYPERF_YES : PYPERF_NO;
        if (!kept && config->keep == PYPERF_KEEP_AUTO)
            wanted = quick_with_threads && other_threads_run()
                         ? PYPERF_UNKNOWN
                         : pyperf_profiler_runs(PYPERF_PROFILER_BUDGET);
        if (wanted == PYPERF_YES)
            keep_files();
        else if (wanted == PYPERF_NO)
            remove_files();
        else
            pyperf_map_flush(); /* leftovers.h decides */
        ended = true;
    }
    pthread_mutex_unlock(&lock);
}

/* -- fork ----------------------------------------------------------------------------------- */

void pyperf_slots_before_fork(void)
{
    pthread_mutex_lock(&lock);
    pyperf_map_flush();
}

void pyperf_slots_after_fork_in_parent(void)
{
    shared = true;
    pthread_mutex_unlock(&lock);
}

void pyperf_slots_after_fork_in_child(void)
{
    become_child();
    pthread_mutex_unlock(&lock);
}
