/* Any text for the small parsers: "#!" lines, and units' Environment= lines. */
#include "base/ld_preload.h"
#include "python/shebang.h"
#include "systemd/environment.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const unsigned char *bytes, size_t size);

int LLVMFuzzerTestOneInput(const unsigned char *bytes, size_t size)
{
    char *text = malloc(size + 1), *value = NULL, word[PATH_MAX];

    if (!text)
        abort();
    memcpy(text, bytes, size);
    text[size] = '\0';
    shebang_parse(text, size, word);
    environment_read(text, "LD_PRELOAD", &value);
    free(value);
    free(ld_preload_merge(text, "/usr/lib/libpyperf.so"));
    free(ld_preload_remove(text));
    free(text);
    return 0;
}
