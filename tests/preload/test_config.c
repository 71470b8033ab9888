/* The environment variables: each value that is known, and what becomes of one that is not. */
#include "config.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "pyperf.h"
#include "support.h"

static char log_path[128];

/* Reads the configuration with one variable set, and errors going to a file. */
static struct pyperf_config read_with(const char *name, const char *value)
{
    static const char *const names[] = {PYPERF_ENV_SWITCH, PYPERF_ENV_OUTPUT, PYPERF_ENV_DIR,
                                        PYPERF_ENV_KEEP};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        unsetenv(names[i]);
    unlink(log_path);
    snprintf(log_path, sizeof log_path, "%s/log", support_directory());
    setenv(PYPERF_ENV_LOG_FILE, log_path, 1);
    setenv(PYPERF_ENV_LOG, "error", 1);
    if (value != NULL)
        setenv(name, value, 1);
    struct pyperf_config config;
    memset(&config, 0xff, sizeof config);
    pyperf_config_read(&config);
    return config;
}

static void check_defaults(const struct pyperf_config *config)
{
    ck_assert(config->enabled && config->image && config->map);
    ck_assert_ptr_null(config->directory);
    ck_assert_int_eq(config->keep, PYPERF_KEEP_AUTO);
}

/* One line that names the variable and its value. */
static void check_reported(const char *name, const char *value)
{
    char expected[64];
    snprintf(expected, sizeof expected, "error: %s=%.20s", name, value);
    char *log = support_read(log_path, NULL);
    ck_assert_ptr_nonnull(log);
    ck_assert_ptr_nonnull(strstr(log, expected));
    free(log);
    ck_assert_uint_eq(support_count_lines(log_path), 1);
}

static void check_silent(void)
{
    ck_assert_int_ne(access(log_path, F_OK), 0);
}

START_TEST(nothing_set_means_the_defaults)
{
    struct pyperf_config config = read_with(NULL, NULL);
    check_defaults(&config);
    check_silent();
}
END_TEST

START_TEST(empty_values_mean_the_defaults)
{
    static const char *const names[] = {PYPERF_ENV_SWITCH, PYPERF_ENV_OUTPUT, PYPERF_ENV_DIR,
                                        PYPERF_ENV_LOG};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        struct pyperf_config config = read_with(names[i], "");
        check_defaults(&config);
        check_silent();
    }
}
END_TEST

START_TEST(the_switch_is_on_or_off)
{
    ck_assert(read_with(PYPERF_ENV_SWITCH, "on").enabled);
    ck_assert(pyperf_config_enabled());
    check_silent();
    ck_assert(!read_with(PYPERF_ENV_SWITCH, "off").enabled);
    ck_assert(!pyperf_config_enabled());
    check_silent();
}
END_TEST

START_TEST(outputs_are_chosen_by_name)
{
    static const struct {
        const char *value;
        bool image, map;
    } cases[] = {{"image", true, false},
                 {"map", false, true},
                 {"image,map", true, true},
                 {"map,image", true, true},
                 {"map,map", false, true}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct pyperf_config config = read_with(PYPERF_ENV_OUTPUT, cases[i].value);
        ck_assert_int_eq(config.image, cases[i].image);
        ck_assert_int_eq(config.map, cases[i].map);
        check_silent();
    }
}
END_TEST

START_TEST(the_directory_is_absolute_and_outlives_the_environment)
{
    struct pyperf_config config = read_with(PYPERF_ENV_DIR, "/var/lib/app");
    char *inside = getenv(PYPERF_ENV_DIR);
    ck_assert_ptr_nonnull(inside);
    for (char *at = inside; at != NULL && *at != '\0'; at++)
        *at = 'x';
    ck_assert_str_eq(config.directory, "/var/lib/app");
    check_silent();
}
END_TEST

START_TEST(values_not_understood_are_reported_once_and_defaults_used)
{
    static char long_path[PATH_MAX + 10];
    memset(long_path, '/', sizeof long_path - 1);
    const struct {
        const char *name, *value;
    } cases[] = {
        {PYPERF_ENV_SWITCH, "yes"},       {PYPERF_ENV_SWITCH, "OFF"},
        {PYPERF_ENV_SWITCH, "off "},      {PYPERF_ENV_OUTPUT, "images"},
        {PYPERF_ENV_OUTPUT, "image,"},    {PYPERF_ENV_OUTPUT, ",map"},
        {PYPERF_ENV_OUTPUT, "map,perf"},  {PYPERF_ENV_OUTPUT, "image map"},
        {PYPERF_ENV_OUTPUT, ","},         {PYPERF_ENV_OUTPUT, "none"},
        {PYPERF_ENV_DIR, "relative/dir"}, {PYPERF_ENV_DIR, "."},
        {PYPERF_ENV_DIR, long_path},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct pyperf_config config = read_with(cases[i].name, cases[i].value);
        check_defaults(&config);
        check_reported(cases[i].name, cases[i].value);
    }
}
END_TEST

static unsigned lines_at(const char *level)
{
    read_with(PYPERF_ENV_LOG, level);
    unlink(log_path);
    pyperf_log_error("a");
    pyperf_log_info("b");
    pyperf_log_debug("c");
    return (unsigned)support_count_lines(log_path);
}

START_TEST(log_levels_are_known_by_name)
{
    ck_assert_uint_eq(lines_at("off"), 0);
    ck_assert_uint_eq(lines_at("error"), 1);
    ck_assert_uint_eq(lines_at("info"), 2);
    ck_assert_uint_eq(lines_at("debug"), 3);
    ck_assert_uint_eq(lines_at("loud"), 0);
}
END_TEST

START_TEST(a_log_level_not_understood_is_reported_where_it_would_be_read)
{
    struct pyperf_config config = read_with(PYPERF_ENV_LOG, "loud");
    check_defaults(&config);
    check_reported(PYPERF_ENV_LOG, "loud");
}
END_TEST

START_TEST(files_are_kept_as_asked)
{
    static const struct {
        const char *value;
        enum pyperf_keep keep;
    } cases[] = {{"on", PYPERF_KEEP_ON}, {"off", PYPERF_KEEP_OFF}, {"auto", PYPERF_KEEP_AUTO}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct pyperf_config config = read_with(PYPERF_ENV_KEEP, cases[i].value);
        ck_assert_int_eq(config.keep, cases[i].keep);
        check_silent();
    }
    struct pyperf_config config = read_with(PYPERF_ENV_KEEP, "yes");
    check_defaults(&config);
    check_reported(PYPERF_ENV_KEEP, "yes");
}
END_TEST

SUPPORT_MAIN(files_are_kept_as_asked, nothing_set_means_the_defaults,
             empty_values_mean_the_defaults, the_switch_is_on_or_off, outputs_are_chosen_by_name,
             the_directory_is_absolute_and_outlives_the_environment,
             values_not_understood_are_reported_once_and_defaults_used,
             log_levels_are_known_by_name,
             a_log_level_not_understood_is_reported_where_it_would_be_read)
