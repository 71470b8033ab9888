/* Options from the environment: names, allowed values, defaults. */
#include "config.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "pyperf.h"

static char image_directory[PATH_MAX];

static bool is_empty(const char *value)
{
    return value == NULL || value[0] == '\0';
}

bool pyperf_config_enabled(void)
{
    const char *value = getenv(PYPERF_ENV_SWITCH);
    return value == NULL || strcmp(value, "off") != 0;
}

static void report(const char *name, const char *value, const char *expected)
{
    pyperf_log_error("%s=%s is not understood: expected %s; using the default", name, value,
                     expected);
}

static void read_log(void)
{
    static const char *const levels[] = {"off", "error", "info", "debug"};
    const char *value = getenv(PYPERF_ENV_LOG);
    const char *path = getenv(PYPERF_ENV_LOG_FILE);
    if (is_empty(value)) {
        pyperf_log_init(PYPERF_LOG_OFF, path);
        return;
    }
    for (unsigned i = 0; i < sizeof levels / sizeof levels[0]; i++) {
        if (strcmp(value, levels[i]) == 0) {
            pyperf_log_init((enum pyperf_log_level)i, path);
            return;
        }
    }
    /* Whoever set the variable wants a log, so say it where they would have read that. */
    pyperf_log_init(PYPERF_LOG_ERROR, path);
    report(PYPERF_ENV_LOG, value, "off, error, info or debug");
    pyperf_log_init(PYPERF_LOG_OFF, path);
}

static void read_output(struct pyperf_config *config)
{
    config->image = config->map = true;
    const char *value = getenv(PYPERF_ENV_OUTPUT);
    if (is_empty(value))
        return;
    bool image = false;
    bool map = false;
    for (const char *word = value; word != NULL;) {
        const char *comma = strchr(word, ',');
        size_t length = comma != NULL ? (size_t)(comma - word) : strlen(word);
        if (length == 5 && strncmp(word, "image", length) == 0)
            image = true;
        else if (length == 3 && strncmp(word, "map", length) == 0)
            map = true;
        else {
            report(PYPERF_ENV_OUTPUT, value, "a comma list of image and map");
            return;
        }
        word = comma != NULL ? comma + 1 : NULL;
    }
    config->image = image;
    config->map = map;
}

static void read_keep(struct pyperf_config *config)
{
    static const char *const values[] = {"auto", "on", "off"};
    config->keep = PYPERF_KEEP_AUTO;
    const char *value = getenv(PYPERF_ENV_KEEP);
    if (is_empty(value))
        return;
    for (unsigned i = 0; i < sizeof values / sizeof values[0]; i++) {
        if (strcmp(value, values[i]) == 0) {
            config->keep = (enum pyperf_keep)i;
            return;
        }
    }
    report(PYPERF_ENV_KEEP, value, "auto, on or off");
}

static void read_directory(struct pyperf_config *config)
{
    config->directory = NULL;
    const char *value = getenv(PYPERF_ENV_DIR);
    if (is_empty(value))
        return;
    if (value[0] != '/' || strlen(value) >= sizeof image_directory) {
        report(PYPERF_ENV_DIR, value, "an absolute path");
        return;
    }
    /* A copy, for a program may overwrite its environment (setproctitle does). */
    strcpy(image_directory, value);
    config->directory = image_directory;
}

void pyperf_config_read(struct pyperf_config *config)
{
    read_log();
    const char *value = getenv(PYPERF_ENV_SWITCH);
    config->enabled = pyperf_config_enabled();
    if (!is_empty(value) && config->enabled && strcmp(value, "on") != 0)
        report(PYPERF_ENV_SWITCH, value, "on or off");
    read_output(config);
    read_keep(config);
    read_directory(config);
}
