/*
 * Prints the chains of a recording as `perf script -F comm,tid,time,ip,sym,dso` would, and of how
 * many bytes of stack each is, so that a test can compare them: dump_chains RECORDING [CACHE].
 */
#include "recording/chains.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* What is to be written.  stdio would take a third of the time, which bench/chains.py measures. */
static char buffer[1 << 16];
static size_t used;

static void flush(void)
{
    fwrite(buffer, 1, used, stdout);
    used = 0;
}

static void print_bytes(const char *bytes, size_t size)
{
    if (size > sizeof buffer - used)
        flush();
    if (size > sizeof buffer) {
        fwrite(bytes, 1, size, stdout);
        return;
    }
    memcpy(buffer + used, bytes, size);
    used += size;
}

/* Inline, so that the length of what stands between the fields needs no counting. */
static inline __attribute__((always_inline)) void print_text(const char *text)
{
    print_bytes(text, strlen(text));
}

static void print_hexadecimal(uint64_t number)
{
    char digits[17] = "", *first = digits + 16;

    do
        *--first = "0123456789abcdef"[number & 15];
    while (number >>= 4);
    print_text(first);
}

static int print(void *context, const struct chain *chain)
{
    char numbers[80];

    (void)context;
    snprintf(numbers, sizeof numbers, " %u %" PRIu64 " %" PRIu64 "\n", chain->sample->tid,
             chain->sample->time, chain->sample->stack_size);
    print_text(chain->command);
    print_text(numbers);
    for (size_t i = 0; i < chain->count; i++) {
        const struct chain_frame *frame = &chain->frames[i];
        print_text("\t");
        print_hexadecimal(frame->address);
        print_text(" ");
        print_text(frame->name ? frame->name : "[unknown]");
        print_text(" (");
        print_text(frame->file ? frame->file : "[unknown]");
        print_text(")\n");
    }
    print_text("\n");
    return 0;
}

int main(int argc, char **argv)
{
    int rc = argc > 1 ? chains_each(argv[1], argc > 2 ? argv[2] : NULL, print, NULL) : -1;

    flush();
    if (rc)
        fprintf(stderr, "%s\n", strerror(-rc));
    return rc || ferror(stdout) ? EXIT_FAILURE : EXIT_SUCCESS;
}
