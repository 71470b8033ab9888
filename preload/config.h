/* The environment variables of include/pyperf.h, read and checked once. */
#ifndef PYPERF_CONFIG_H
#define PYPERF_CONFIG_H

#include <stdbool.h>

#include "log.h"

/* Whether the files stay when the process ends. */
enum pyperf_keep { PYPERF_KEEP_AUTO, PYPERF_KEEP_ON, PYPERF_KEEP_OFF };

struct pyperf_config {
    bool enabled;
    bool image; /* write ELF images */
    bool map;   /* write /tmp/perf-PID.map */
    enum pyperf_keep keep;
    const char *directory; /* for images; NULL: choose one.  Lives as long as the process. */
};

/* Reads the environment and opens the log.  A value that we do not know is reported there once, and
 * the default is used. */
void pyperf_config_read(struct pyperf_config *config);

/* True unless the environment says PYPERF=off; cheap, for a constructor in any process. */
bool pyperf_config_enabled(void);

#endif
