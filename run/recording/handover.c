/*
 * Batches stand in a ring.  Their numbers go on counting, so that
 *
 *     released <= visited <= filled <= released + HANDOVER_BATCHES - 1
 *
 * and batch `filled` is the one that the reader is filling.
 */
#include "recording/handover.h"

#include <pthread.h>

/* A reader that found the ring full waits until it can fill several: to wake it takes as long as
 * some samples. */
enum { ENOUGH = HANDOVER_BATCHES / 2 };

static size_t place_of(unsigned long batch)
{
    return batch % HANDOVER_BATCHES;
}

/* -- The visitor ---------------------------------------------------------------------------- */

/* Waits for a batch; false: there is no other, or it is not to be visited. */
static bool next_batch(struct handover *handover)
{
    bool is_there;

    pthread_mutex_lock(&handover->lock);
    while (handover->visited == handover->filled && !handover->ended)
        pthread_cond_wait(&handover->changed, &handover->lock);
    is_there = handover->visited != handover->filled && !handover->stop;
    pthread_mutex_unlock(&handover->lock);
    return is_there;
}

static void visit_batch(struct handover *handover)
{
    size_t place = place_of(handover->visited); /* nobody else changes it */
    int rc = 0;

    for (size_t i = 0; rc == 0 && i < handover->counts[place]; i++)
        rc = handover->visit(handover->context, &handover->records[place][i].record);
    pthread_mutex_lock(&handover->lock);
    handover->visited++;
    handover->stop = rc;
    if (handover->filled - handover->visited <= ENOUGH || rc)
        pthread_cond_signal(&handover->changed);
    pthread_mutex_unlock(&handover->lock);
}

static void visit_all(struct handover *handover)
{
    while (next_batch(handover))
        visit_batch(handover);
}

/* -- The reader ----------------------------------------------------------------------------- */

static void release_until(struct handover *handover, unsigned long end)
{
    for (; handover->released < end; handover->released++) {
        size_t place = place_of(handover->released);
        for (size_t i = 0; i < handover->counts[place]; i++)
            handover->release(handover->reader, handover->records[place][i].owner);
        handover->counts[place] = 0;
    }
}

/* Hands over the batch that is being filled, and waits until another one is free.  If there is but
 * one thread it visits now. */
static int hand_over(struct handover *handover)
{
    unsigned long visited;
    int stop;

    pthread_mutex_lock(&handover->lock);
    handover->filled++;
    pthread_cond_signal(&handover->changed);
    pthread_mutex_unlock(&handover->lock);
    if (handover->alone)
        visit_batch(handover);
    pthread_mutex_lock(&handover->lock);
    if (handover->filled - handover->visited == HANDOVER_BATCHES)
        while (handover->filled - handover->visited > ENOUGH && !handover->stop)
            pthread_cond_wait(&handover->changed, &handover->lock);
    visited = handover->visited;
    stop = handover->stop;
    pthread_mutex_unlock(&handover->lock);
    release_until(handover, visited);
    return stop;
}

int handover_put(struct handover *handover, const struct record *record, void *owner)
{
    size_t place = place_of(handover->filled);

    handover->records[place][handover->counts[place]++] = (struct handed){*record, owner};
    return handover->counts[place] == HANDOVER_BATCH ? hand_over(handover) : 0;
}

const struct handed *handover_pending(const struct handover *handover, size_t number)
{
    for (unsigned long batch = handover->released; batch <= handover->filled; batch++) {
        size_t place = place_of(batch);
        if (number < handover->counts[place])
            return &handover->records[place][number];
        number -= handover->counts[place];
    }
    return NULL;
}

static void *run_reader(void *context)
{
    struct handover *handover = context;

    handover->rc = handover->read(handover->reader);
    pthread_mutex_lock(&handover->lock);
    handover->filled += handover->counts[place_of(handover->filled)] != 0;
    handover->ended = true;
    pthread_cond_signal(&handover->changed);
    pthread_mutex_unlock(&handover->lock);
    return NULL;
}

/* -- Both ----------------------------------------------------------------------------------- */

int handover_run(struct handover *handover, records_visit *visit, void *context)
{
    pthread_t thread;

    handover->visit = visit;
    handover->context = context;
    pthread_mutex_init(&handover->lock, NULL);
    pthread_cond_init(&handover->changed, NULL);
    if (pthread_create(&thread, NULL, run_reader, handover) == 0) {
        visit_all(handover);
        pthread_join(thread, NULL);
    } else {
        handover->alone = true;
        run_reader(handover);
        visit_all(handover);
    }
    release_until(handover, handover->filled);
    pthread_cond_destroy(&handover->changed);
    pthread_mutex_destroy(&handover->lock);
    return handover->stop ? handover->stop : handover->rc;
}
