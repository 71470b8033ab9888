/* The fields of a sample: PERF_RECORD_SAMPLE in linux/perf_event.h. */
#ifndef RUN_RECORDING_SAMPLE_H
#define RUN_RECORDING_SAMPLE_H

#include "recording/records.h"

#include <stdint.h>

struct sample {
    uint64_t ip, time, period;
    uint32_t pid, tid, cpu;
    const unsigned char *chain; /* u64 each, leaf first, among PERF_CONTEXT_ markers */
    uint64_t chain_count;
    uint64_t registers_mask;        /* user registers that follow, by perf's numbers; 0: none */
    const unsigned char *registers; /* u64 each, the lowest number first */
    const unsigned char *stack;     /* a copy of the user stack from its pointer on */
    uint64_t stack_size;
    const unsigned char *chain_at;        /* the chain's length, which is before it; NULL: none */
    const unsigned char *user, *user_end; /* user registers and stack, with their sizes */
};

/* Absent fields are 0.  Pointers are into the record.  0, or -EBADMSG if it is damaged. */
int sample_read(struct sample *sample, const struct record *record);

#endif
