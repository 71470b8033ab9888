/*
 * Prints the chains of a recording as `perf script -F comm,tid,time,ip,sym,dso` would, so that a
 * test can compare them: dump_chains RECORDING [CACHE].
 */
#include "recording/chains.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int print(void *context, const struct chain *chain)
{
    (void)context;
    printf("%s %u %" PRIu64 "\n", chain->command, chain->sample->tid, chain->sample->time);
    for (size_t i = 0; i < chain->count; i++) {
        const struct chain_frame *frame = &chain->frames[i];
        printf("\t%" PRIx64 " %s (%s)\n", frame->address, frame->name ? frame->name : "[unknown]",
               frame->file ? frame->file : "[unknown]");
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
