/* Any text for the small parsers: "#!" lines, units' Environment= lines, perf script's output. */
#include "base/ld_preload.h"
#include "flamegraph/chains.h"
#include "python/shebang.h"
#include "systemd/environment.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const unsigned char *bytes, size_t size);

int LLVMFuzzerTestOneInput(const unsigned char *bytes, size_t size)
{
    char *text = malloc(size + 1), *value = NULL, word[PATH_MAX];
    struct node *tree = tree_new();
    FILE *file;

    if (!text || !tree)
        abort();
    memcpy(text, bytes, size);
    text[size] = '\0';
    shebang_parse(text, size, word);
    environment_read(text, "LD_PRELOAD", &value);
    free(value);
    free(ld_preload_merge(text, "/usr/lib/libpyperf.so"));
    free(ld_preload_remove(text));
    file = size ? fmemopen(text, size, "r") : NULL;
    if (file) {
        chains_read(tree, file);
        fclose(file);
    }
    tree_free(tree);
    free(text);
    return 0;
}
