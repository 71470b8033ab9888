/* Records from one thread to another, or to the same if there can be no other: in order, each
 * released once, and ended from either side. */
#include "recording/handover.h"
#include "suite.h"

#include <errno.h>
#include <pthread.h>
#include <string.h>

enum { MANY = HANDOVER_BATCH * HANDOVER_BATCHES * 3 + 5 };

static struct handover handover;
static int owners[MANY + 1];          /* how often each was released */
static uint64_t count, visited, stop; /* records to put; visited; the one that ends it, or 0 */
static int put_rc, read_rc;

static pthread_t visitor;
static bool no_threads;

/* The linker calls this for pthread_create() (CMakeLists.txt). */
int __wrap_pthread_create(pthread_t *thread, const pthread_attr_t *attributes, void *(*run)(void *),
                          void *context);
int __real_pthread_create(pthread_t *thread, const pthread_attr_t *attributes, void *(*run)(void *),
                          void *context);

int __wrap_pthread_create(pthread_t *thread, const pthread_attr_t *attributes, void *(*run)(void *),
                          void *context)
{
    return no_threads ? EAGAIN : __real_pthread_create(thread, attributes, run, context);
}

static int put_all(void *reader)
{
    ck_assert_ptr_eq(reader, &count);
    ck_assert_int_eq(pthread_equal(pthread_self(), visitor) != 0, no_threads);
    for (uint64_t i = 1; put_rc == 0 && i <= count; i++) {
        struct record record = {.type = 9, .time = i};
        put_rc = handover_put(&handover, &record, &owners[i]);
    }
    return put_rc ? put_rc : read_rc;
}

static void release(void *reader, void *owner)
{
    ck_assert_ptr_eq(reader, &count);
    ++*(int *)owner;
}

static int visit(void *context, const struct record *record)
{
    ck_assert_ptr_eq(context, &visited);
    ck_assert(pthread_equal(pthread_self(), visitor));
    ck_assert_uint_eq(record->time, ++visited);
    ck_assert_int_eq(owners[visited], 0); /* not released yet */
    return visited == stop ? -ECANCELED : 0;
}

static int run(uint64_t records)
{
    handover = (struct handover){.read = put_all, .release = release, .reader = &count};
    memset(owners, 0, sizeof owners);
    count = records;
    visited = 0;
    put_rc = 0;
    visitor = pthread_self();
    return handover_run(&handover, visit, &visited);
}

static void check_released(uint64_t records)
{
    for (uint64_t i = 1; i <= records; i++)
        ck_assert_int_eq(owners[i], 1);
    for (uint64_t i = records + 1; i <= MANY; i++)
        ck_assert_int_eq(owners[i], 0);
}

START_TEST(test_all)
{
    static const uint64_t counts[] = {0,
                                      1,
                                      HANDOVER_BATCH - 1,
                                      HANDOVER_BATCH,
                                      HANDOVER_BATCH + 1,
                                      HANDOVER_BATCH * HANDOVER_BATCHES,
                                      MANY};

    no_threads = _i;
    stop = 0;
    read_rc = 0;
    for (size_t i = 0; i < sizeof counts / sizeof *counts; i++) {
        ck_assert_int_eq(run(counts[i]), 0);
        ck_assert_uint_eq(visited, counts[i]);
        check_released(counts[i]);
    }
}
END_TEST

/* What was read until then is visited. */
START_TEST(test_reader_fails)
{
    no_threads = _i;
    stop = 0;
    read_rc = -EBADMSG;
    ck_assert_int_eq(run(MANY), -EBADMSG);
    ck_assert_uint_eq(visited, MANY);
    check_released(MANY);
}
END_TEST

/* The reader is told, however full the ring is, and nothing else is visited. */
START_TEST(test_visitor_stops)
{
    no_threads = _i;
    read_rc = 0;
    for (stop = 1; stop <= MANY; stop += 7) {
        uint64_t put = 0;
        ck_assert_int_eq(run(MANY), -ECANCELED);
        ck_assert_uint_eq(visited, stop);
        ck_assert(put_rc == 0 || put_rc == -ECANCELED);
        while (put < MANY && owners[put + 1])
            put++;
        ck_assert_uint_ge(put, stop);
        check_released(put);
    }
}
END_TEST

static int put_two(void *reader)
{
    struct record record = {.time = 1};

    (void)reader;
    ck_assert_ptr_null(handover_pending(&handover, 0));
    handover_put(&handover, &record, &owners[1]);
    record.time = 2;
    handover_put(&handover, &record, &owners[2]);
    ck_assert_uint_eq(handover_pending(&handover, 0)->record.time, 1);
    ck_assert_ptr_eq(handover_pending(&handover, 1)->owner, &owners[2]);
    ck_assert_ptr_null(handover_pending(&handover, 2));
    return 0;
}

START_TEST(test_pending)
{
    handover = (struct handover){.read = put_two, .release = release, .reader = &count};
    memset(owners, 0, sizeof owners);
    no_threads = _i;
    visited = stop = 0;
    visitor = pthread_self();
    ck_assert_int_eq(handover_run(&handover, visit, &visited), 0);
    ck_assert_uint_eq(visited, 2);
    check_released(2);
}
END_TEST

int main(void)
{
    TCase *tests = tcase_create("handover");

    tcase_add_loop_test(tests, test_all, 0, 2);
    tcase_add_loop_test(tests, test_reader_fails, 0, 2);
    tcase_add_loop_test(tests, test_visitor_stops, 0, 2);
    tcase_add_loop_test(tests, test_pending, 0, 2);
    return run_case("handover", tests);
}
