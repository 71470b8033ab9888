/*
 * Passes records from a thread that reads to the one that visits them, in order.
 *
 * Reading is decompressing, or waiting for pages of the file; visiting is unwinding.  Both take
 * about as long.  Only the reading thread knows where records lie, so it is told when they were
 * visited.
 */
#ifndef RUN_RECORDING_HANDOVER_H
#define RUN_RECORDING_HANDOVER_H

#include "recording/records.h"

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>

enum {
    HANDOVER_BATCH = 32, /* records: with 64 KiB of stack each, 2 MiB */
    HANDOVER_BATCHES = 8,
};

struct handed {
    struct record record;
    void *owner; /* of its bytes, as the reader knows it */
};

struct handover {
    struct handed records[HANDOVER_BATCHES][HANDOVER_BATCH];
    size_t counts[HANDOVER_BATCHES];
    pthread_mutex_t lock; /* for what follows; a batch is the reader's until it is filled */
    pthread_cond_t changed;
    unsigned long filled, visited; /* batches */
    bool ended;
    int stop; /* what `visit` returned, unless that is 0 */

    /* The visitor's. */
    records_visit *visit;
    void *context;

    /* The reader's. */
    bool alone;             /* there is one thread for both */
    unsigned long released; /* batches */
    int (*read)(void *reader);
    void (*release)(void *reader, void *owner);
    void *reader;
    int rc;
};

/*
 * Calls `read` in a thread of its own, which calls handover_put() for each record, and `visit` for
 * these in the calling thread.  If there can be no other thread (a limit of a container's, say),
 * the calling one does both.  Returns what `visit` returned, if that was not 0, or what `read`
 * returned.  `release` is called, in one thread at a time, for each record that was put.
 */
int handover_run(struct handover *handover, records_visit *visit, void *context);

/* 0, or the reader has to end: it returns this. */
int handover_put(struct handover *handover, const struct record *record, void *owner);

/* The records that were put and not released yet, by number from 0 on; NULL: there are no more. */
const struct handed *handover_pending(const struct handover *handover, size_t number);

#endif
