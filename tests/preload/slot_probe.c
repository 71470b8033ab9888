#include "slot_probe.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "arch.h"
#include "support.h"

struct pyperf_config probe_config = {.enabled = true, .image = true, .map = true};

int probe_start_in(const char *directory)
{
    probe_config.directory = directory;
    support_own_map();
    return pyperf_slots_start(&probe_config, 0);
}

const char *probe_start(void)
{
    const char *directory = support_directory();
    ck_assert_int_eq(probe_start_in(directory), 0);
    return directory;
}

pyperf_slot_fn probe_slot(const char *qualname, const char *filename)
{
    struct pyperf_symbol symbol = {qualname, strlen(qualname), filename, strlen(filename)};
    return pyperf_slot_for(&symbol, NULL);
}

pyperf_slot_fn probe_slot_numbered(unsigned number)
{
    char qualname[32];
    snprintf(qualname, sizeof qualname, "function_%u", number);
    return probe_slot(qualname, "module.py");
}

void probe_settle(void)
{
    while (!pyperf_slots_settle())
        usleep(1000);
}

char *probe_mapped_name(pyperf_slot_fn slot)
{
    probe_settle();
    char *path = support_map_path();
    char *map = support_read(path, NULL);
    ck_assert_ptr_nonnull(map);
    char *found = NULL;
    for (char *line = strtok(map, "\n"); line != NULL; line = strtok(NULL, "\n")) {
        char *end;
        if (strtoull(line, &end, 16) != (uintptr_t)slot)
            continue;
        ck_assert_uint_eq(strtoull(end, &end, 16), PYPERF_ARCH_SLOT_SIZE);
        ck_assert_ptr_null(found);
        found = strdup(end + 1);
    }
    free(map);
    free(path);
    return found;
}
