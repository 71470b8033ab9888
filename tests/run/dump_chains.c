/*
 * Prints the chains of a recording as `perf script -F comm,tid,time,ip,sym,dso` would, so that a
 * test can compare them: dump_chains RECORDING [CACHE].
 */
#include "recording/chains.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* printf() would take a quarter of the time, which bench/chains.py measures. */
static void print_hexadecimal(uint64_t number)
{
    char digits[16];
    int count = 0;

    do
        digits[count++] = "0123456789abcdef"[number & 15];
    while (number >>= 4);
    while (count)
        putchar_unlocked(digits[--count]);
}

static void print_text(const char *text)
{
    fputs_unlocked(text ? text : "[unknown]", stdout);
}

static int print(void *context, const struct chain *chain)
{
    (void)context;
    printf("%s %u %" PRIu64 "\n", chain->command, chain->sample->tid, chain->sample->time);
    for (size_t i = 0; i < chain->count; i++) {
        const struct chain_frame *frame = &chain->frames[i];
        putchar_unlocked('\t');
        print_hexadecimal(frame->address);
        putchar_unlocked(' ');
        print_text(frame->name);
        print_text(" (");
        print_text(frame->file);
        print_text(")\n");
    }
    printf("\n");
    return 0;
}

int main(int argc, char **argv)
{
    int rc = argc > 1 ? chains_each(argv[1], argc > 2 ? argv[2] : NULL, print, NULL) : -1;

    if (rc)
        fprintf(stderr, "%s\n", strerror(-rc));
    return rc ? EXIT_FAILURE : EXIT_SUCCESS;
}
