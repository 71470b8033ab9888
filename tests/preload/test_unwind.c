/* Unwinders inside the process find their way through slots. */
#include "unwind.h"

#include <execinfo.h>
#include <link.h>
#include <pthread.h>
#include <string.h>
#include <unistd.h>

#include "arch.h"
#include "image.h"
#include "pyperf.h"
#include "support.h"
#include "trampoline.h"

enum { CAPACITY = 300, TABLE_SIZE = 64 /* unwind.c */ };

static struct pyperf_image image;
static pyperf_slot_fn first, last;

static void know_slots(void)
{
    first = (pyperf_slot_fn)image.text;
    last = (pyperf_slot_fn)(image.text + (uintptr_t)(CAPACITY - 1) * PYPERF_ARCH_SLOT_SIZE);
    pyperf_unwind_add(&image);
}

static void create(void)
{
    ck_assert_int_eq(
        pyperf_image_create(&image, support_directory(), 0, CAPACITY, 0, PYPERF_IMAGE_MODE), 0);
    know_slots();
}

static bool is_in(const void *address, pyperf_slot_fn slot)
{
    return (uintptr_t)address - (uintptr_t)slot < PYPERF_ARCH_SLOT_SIZE;
}

/* -- Forced unwinding ----------------------------------------------------------------------- */

static int pushed, attributed;

static void note_pushed(void *unused)
{
    (void)unused;
    pushed++;
}

static void note_attributed(const int *unused)
{
    (void)unused;
    attributed++;
}

/* thread -> cleanup_above() -> slot -> inner(), which calls another slot -> the end of the thread
 */
static void *inner(void *end, void *b, void *c)
{
    void *result = last(b, b, c, (pyperf_evaluator_fn)end);
    return result == NULL ? b : result; /* not a tail call */
}

static void *cleanup_above(void *end)
{
    int local __attribute__((cleanup(note_attributed))) = 0;
    pthread_cleanup_push(note_pushed, NULL);
    first(end, &local, NULL, inner);
    pthread_cleanup_pop(0);
    return NULL;
}

static void *end_by_exit(void *a, void *b, void *c)
{
    (void)a, (void)b, (void)c;
    pthread_exit((void *)7);
}

static void *end_by_cancellation(void *a, void *b, void *c)
{
    (void)b, (void)c;
    pthread_cancel(pthread_self());
    pthread_testcancel();
    return a;
}

static void end_a_thread(pyperf_evaluator_fn end, void *expected)
{
    pthread_t thread;
    void *result;
    ck_assert_int_eq(pthread_create(&thread, NULL, cleanup_above, (void *)end), 0);
    ck_assert_int_eq(pthread_join(thread, &result), 0);
    ck_assert_ptr_eq(result, expected);
    ck_assert_int_eq(pushed, 1);
    ck_assert_int_eq(attributed, 1);
}

START_TEST(pthread_exit_runs_the_cleanups_above)
{
    create();
    end_a_thread(end_by_exit, (void *)7);
}
END_TEST

START_TEST(cancellation_runs_the_cleanups_above)
{
    create();
    end_a_thread(end_by_cancellation, PTHREAD_CANCELED);
}
END_TEST

START_TEST(anonymous_slots_unwind_too)
{
    ck_assert_int_eq(pyperf_image_create_anonymous(&image, CAPACITY), 0);
    know_slots();
    end_a_thread(end_by_exit, (void *)7);
}
END_TEST

/* -- backtrace() ---------------------------------------------------------------------------- */

static void *frames[64];
static int frame_count;

static void *take_backtrace(void *a, void *b, void *c)
{
    (void)b, (void)c;
    frame_count = backtrace(frames, 64);
    return a;
}

static __attribute__((noinline)) void outermost(void)
{
    first((void *)take_backtrace, NULL, NULL, inner);
    __asm__ volatile(""); /* not a tail call */
}

/* Of the frames in the order called: which comes from function `start`, which is below 256 bytes
 * with and 512 without optimisation. */
static int frame_of(const void *start)
{
    for (int i = 0; i < frame_count; i++)
        if ((uintptr_t)frames[i] - (uintptr_t)start < 512)
            return i;
    return -1;
}

START_TEST(backtrace_goes_on_beyond_slots)
{
    create();
    outermost();
    int in_last = -1, in_first = -1;
    for (int i = 0; i < frame_count; i++) {
        if (is_in(frames[i], last))
            in_last = i;
        if (is_in(frames[i], first))
            in_first = i;
    }
    ck_assert_int_ge(in_last, 1);
    ck_assert_int_eq(in_first, in_last + 2); /* inner() between them */
    ck_assert_int_ge(frame_of((const void *)outermost), 0);
    ck_assert_int_gt(frame_count, in_first + 3); /* check's own, and main() */
}
END_TEST

/* -- dl_iterate_phdr() ---------------------------------------------------------------------- */

struct listing {
    const struct pyperf_image *wanted;
    unsigned objects, images;
    unsigned long long adds;
    bool found;
};

static int list(struct dl_phdr_info *info, size_t size, void *data)
{
    struct listing *listing = data;
    ck_assert_uint_ge(size, sizeof *info);
    ck_assert(listing->objects == 0 || listing->adds == info->dlpi_adds);
    listing->adds = info->dlpi_adds;
    listing->objects++;
    listing->images += strstr(info->dlpi_name, "/pyperf-") != NULL;
    if (listing->wanted == NULL || info->dlpi_addr != listing->wanted->base)
        return 0;
    ck_assert_str_eq(info->dlpi_name, listing->wanted->path);
    bool loaded = false, tables = false;
    for (int i = 0; i < info->dlpi_phnum; i++) {
        const ElfW(Phdr) *header = &info->dlpi_phdr[i];
        uintptr_t start = info->dlpi_addr + header->p_vaddr;
        if (header->p_type == PT_LOAD)
            loaded |= (uintptr_t)last - start < header->p_memsz;
        if (header->p_type == PT_GNU_EH_FRAME)
            tables |= start == listing->wanted->eh_frame_hdr;
    }
    listing->found = loaded && tables;
    return 0;
}

static struct listing list_objects(const struct pyperf_image *wanted)
{
    struct listing listing = {.wanted = wanted};
    ck_assert_int_eq(dl_iterate_phdr(list, &listing), 0);
    return listing;
}

START_TEST(images_are_listed_and_counted_as_added)
{
    struct listing before = list_objects(NULL);
    ck_assert_uint_gt(before.objects, 1);
    ck_assert_uint_eq(before.images, 0);
    for (unsigned i = 1; i <= 3; i++) {
        create();
        struct listing now = list_objects(&image);
        ck_assert(now.found);
        ck_assert_uint_eq(now.images, i);
        ck_assert_uint_eq(now.objects, before.objects + i);
        ck_assert_uint_eq(now.adds, before.adds + i);
    }
}
END_TEST

static int stop_at(struct dl_phdr_info *info, size_t size, void *data)
{
    (void)size;
    unsigned *calls = data;
    ++*calls;
    return strstr(info->dlpi_name, "/pyperf-") != NULL ? 42 : 0;
}

START_TEST(a_callback_can_stop_the_listing)
{
    create();
    create();
    unsigned calls = 0;
    ck_assert_int_eq(dl_iterate_phdr(stop_at, &calls), 42);
    ck_assert_uint_eq(calls, list_objects(NULL).objects - 1);
}
END_TEST

START_TEST(more_images_than_the_table_holds_do_no_harm)
{
    for (int i = 0; i < TABLE_SIZE + 2; i++)
        create();
    ck_assert_uint_eq(list_objects(NULL).images, TABLE_SIZE);
    outermost();
    ck_assert_int_gt(frame_count, 0);
}
END_TEST

static void unwind_or_add(unsigned index)
{
    const char *directory = "/tmp";
    for (unsigned i = 0; i < 16; i++) {
        struct pyperf_image another;
        if (index != 0)
            list_objects(NULL);
        else if (pyperf_image_create(&another, directory, i, 1, 0, PYPERF_IMAGE_MODE) == 0) {
            pyperf_unwind_add(&another);
            unlink(another.path);
        }
    }
}

START_TEST(threads_unwind_while_images_are_added)
{
    create();
    support_run_threads(4, unwind_or_add);
    ck_assert_uint_eq(list_objects(NULL).images, 17);
}
END_TEST

SUPPORT_MAIN(pthread_exit_runs_the_cleanups_above, cancellation_runs_the_cleanups_above,
             anonymous_slots_unwind_too, backtrace_goes_on_beyond_slots,
             images_are_listed_and_counted_as_added, a_callback_can_stop_the_listing,
             more_images_than_the_table_holds_do_no_harm, threads_unwind_while_images_are_added)
