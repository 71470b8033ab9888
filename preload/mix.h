/* A hash, made word by word. */
#ifndef PYPERF_MIX_H
#define PYPERF_MIX_H

#include <stdint.h>

/* With the next word; begins with any. */
static inline uint64_t pyperf_mix(uint64_t hash, uint64_t word)
{
    hash = (hash ^ word) * 0xc6a4a7935bd1e995U; /* MurmurHash64A's multiplier, as in name.c */
    return hash ^ hash >> 32;
}

#endif
