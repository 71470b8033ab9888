/* Numbers in a recording: little-endian as the processor that wrote them, at any alignment. */
#ifndef RUN_RECORDING_BYTES_H
#define RUN_RECORDING_BYTES_H

#include <stdint.h>
#include <string.h>

static inline uint16_t bytes_u16(const unsigned char *at)
{
    uint16_t value;
    memcpy(&value, at, sizeof value);
    return value;
}

static inline uint32_t bytes_u32(const unsigned char *at)
{
    uint32_t value;
    memcpy(&value, at, sizeof value);
    return value;
}

static inline uint64_t bytes_u64(const unsigned char *at)
{
    uint64_t value;
    memcpy(&value, at, sizeof value);
    return value;
}

#endif
