/* Composes names and makes them fit for one line; see name.h. */
#include "name.h"

#include <stdbool.h>
#include <string.h>

struct pyperf_name pyperf_name;
static bool overflows; /* what was to be appended did not fit */

/* Eight bytes at once (Hacker's Delight, 6-1): whether one is a control character, below 0x20 or
 * 0x7f, or may begin one of U+0080 to U+009F, which are 0xc2 and another in UTF-8. */
static bool may_have_control(uint64_t bytes)
{
    const uint64_t ones = ~(uint64_t)0 / 255;
    uint64_t below = (bytes - ones * 0x20) & ~bytes;
    uint64_t delete = bytes ^ ones * 0x7f;
    uint64_t lead = bytes ^ ones * 0xc2;
    uint64_t found = below | ((delete - ones) & ~delete) | ((lead - ones) & ~lead);
    return (found & ones * 0x80) != 0;
}

/* Appends a character, or its escape, if all of it fits. */
static void append_whole(const char *text, size_t size)
{
    if (overflows || pyperf_name.length + size > PYPERF_NAME_MAX) {
        overflows = true;
        return;
    }
    memcpy(pyperf_name.text + pyperf_name.length, text, size);
    pyperf_name.length += size;
}

static void append_escaped(unsigned char byte)
{
    static const char digits[] = "0123456789abcdef";
    char text[] = {'\\', 'x', digits[byte >> 4], digits[byte & 15]};
    size_t size = sizeof text;
    if (byte == '\n' || byte == '\t' || byte == '\r') {
        text[1] = byte == '\n' ? 'n' : byte == '\t' ? 't' : 'r';
        size = 2;
    }
    append_whole(text, size);
}

/* A control character would break the map's lines or a terminal: written as Python does. */
static void append(const char *text, size_t length)
{
    for (size_t i = 0; i < length; i++) {
        unsigned char byte = (unsigned char)text[i];
        unsigned char following = i + 1 < length ? (unsigned char)text[i + 1] : 0;
        if (byte == 0xc2 && following >= 0x80 && following < 0xa0) {
            append_escaped(following);
            i++;
        } else if (byte < 0x20 || byte == 0x7f) {
            append_escaped(byte);
        } else {
            append_whole(text + i, 1);
        }
    }
}

static void append_raw(const char *text, size_t length)
{
    memcpy(pyperf_name.text + pyperf_name.length, text, length);
    pyperf_name.length += length;
}

/* The common case: short and clean.  False when it is not, and then nothing is composed. */
static bool compose_quickly(const struct pyperf_symbol *symbol)
{
    static const char prefix[] = PYPERF_NAME_PREFIX;
    pyperf_name.length = 0;
    if (symbol->qualname_length >= PYPERF_NAME_MAX / 2 ||
        symbol->filename_length >= PYPERF_NAME_MAX / 2 - sizeof prefix)
        return false;
    append_raw(prefix, sizeof prefix - 1);
    append_raw(symbol->qualname, symbol->qualname_length);
    append_raw(":", 1);
    pyperf_name.file = pyperf_name.length;
    append_raw(symbol->filename, symbol->filename_length);
    memset(pyperf_name.text + pyperf_name.length, ' ', sizeof(uint64_t));
    for (size_t i = 0; i < pyperf_name.length; i += sizeof(uint64_t)) {
        uint64_t bytes;
        memcpy(&bytes, pyperf_name.text + i, sizeof bytes);
        if (may_have_control(bytes))
            return false;
    }
    return true;
}

static bool is_continuation(char byte)
{
    return ((unsigned char)byte & 0xc0) == 0x80;
}

void pyperf_name_compose(const struct pyperf_symbol *symbol)
{
    static const char cut[] = "...";
    if (compose_quickly(symbol))
        return;
    pyperf_name.length = 0;
    overflows = false;
    append(PYPERF_NAME_PREFIX, strlen(PYPERF_NAME_PREFIX));
    append(symbol->qualname, symbol->qualname_length);
    append(":", 1);
    pyperf_name.file = overflows ? 0 : pyperf_name.length;
    append(symbol->filename, symbol->filename_length);
    if (!overflows)
        return;
    if (pyperf_name.length > PYPERF_NAME_MAX - strlen(cut)) {
        pyperf_name.length = PYPERF_NAME_MAX - strlen(cut);
        while (pyperf_name.length > 0 && is_continuation(pyperf_name.text[pyperf_name.length]))
            pyperf_name.length--;
    }
    if (pyperf_name.file > pyperf_name.length)
        pyperf_name.file = 0;
    memcpy(pyperf_name.text + pyperf_name.length, cut, strlen(cut));
    pyperf_name.length += strlen(cut);
}

/* 64 bits, eight bytes a step; the multiplier is that of MurmurHash64A.  Two of 262,144 names
 * collide once in 500 million runs, and then share a label. */
uint64_t pyperf_name_hash(void)
{
    uint64_t hash = pyperf_name.length;
    memset(pyperf_name.text + pyperf_name.length, 0, sizeof(uint64_t));
    for (size_t i = 0; i < pyperf_name.length; i += sizeof(uint64_t)) {
        uint64_t bytes;
        memcpy(&bytes, pyperf_name.text + i, sizeof bytes);
        hash = (hash ^ bytes) * 0xc6a4a7935bd1e995U;
        hash ^= hash >> 32;
    }
    return hash | (hash == 0);
}

void pyperf_name_set(const char *text)
{
    pyperf_name.length = pyperf_name.file = 0;
    append_raw(text, strlen(text));
}
