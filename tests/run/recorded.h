/*
 * Recordings made in memory, for tests of those that read them.  Events sample what
 * RECORDED_TYPE says unless a test says otherwise; the other records have the matching trailer.
 */
#ifndef TESTS_RUN_RECORDED_H
#define TESTS_RUN_RECORDED_H

#include <linux/perf_event.h>
#include <stddef.h>
#include <stdint.h>

enum {
    RECORDED_TYPE = PERF_SAMPLE_IDENTIFIER | PERF_SAMPLE_IP | PERF_SAMPLE_TID | PERF_SAMPLE_TIME |
                    PERF_SAMPLE_CPU,
    RECORDED_IDS = 4,
    RECORDED_PATH = 32,
};

struct recorded {
    size_t size;
    unsigned char bytes[4 << 20];
};

struct recorded_event {
    struct perf_event_attr attribute;
    uint64_t ids[RECORDED_IDS];
    size_t id_count;
};

enum recorded_form { RECORDED_FILE, RECORDED_PIPE };

void recorded_put(struct recorded *recorded, const void *bytes, size_t size);
void recorded_u32(struct recorded *recorded, uint32_t value);
void recorded_u64(struct recorded *recorded, uint64_t value);
void recorded_text(struct recorded *recorded, const char *text); /* with zeros up to 8 bytes */

/* A record of any content: what is put between the two. */
size_t recorded_begin(struct recorded *recorded, uint32_t type, uint16_t misc);
void recorded_end(struct recorded *recorded, size_t begin);

/* What stands behind the fields of all records but samples, if events sample RECORDED_TYPE. */
void recorded_trailer(struct recorded *recorded, uint64_t time, uint64_t id);

void recorded_sample(struct recorded *recorded, uint64_t time, uint64_t id, uint64_t ip);
void recorded_round(struct recorded *recorded);
void recorded_name(struct recorded *recorded, uint64_t time, uint16_t misc, uint32_t pid,
                   uint32_t tid, const char *name);
void recorded_fork(struct recorded *recorded, uint64_t time, uint32_t pid, uint32_t parent,
                   uint32_t tid, uint32_t parent_tid);
void recorded_mapping(struct recorded *recorded, uint64_t time, uint32_t pid, uint64_t start,
                      uint64_t length, uint64_t offset, const char *path);

struct recorded_event recorded_event(void);

/* Header and events with `data`, as a file has them or as a pipe. */
void recorded_whole(struct recorded *whole, enum recorded_form form,
                    const struct recorded_event *events, size_t count, const struct recorded *data);

/* Puts it into memory that `path` opens; returns the descriptor, to be closed. */
int recorded_open(const struct recorded *recorded, char path[RECORDED_PATH]);

#endif
