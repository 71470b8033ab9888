/* perf's command line: where it is cut into options and command, and what the options say. */
#include "perf/perfcmd.h"
#include "suite.h"
#include "words.h"

#include <errno.h>

static struct words words;
static struct perfcmd cmd;

static int parse(const char *line)
{
    const char *culprit;
    words_split(&words, line);
    return perfcmd_parse(&cmd, words.argc, words.argv, &culprit);
}

static const char *command_of(const char *line)
{
    static char text[1024];
    ck_assert_int_eq(parse(line), 0);
    return words_join(text, sizeof text, words.argv + cmd.command);
}

static const struct {
    const char *line, *command;
} cuts[] = {
    {"perf record python app.py", "python app.py"},
    {"perf record -g python app.py -F 1", "python app.py -F 1"},
    {"perf record -F 99 python app.py", "python app.py"},
    {"perf record -F99 python app.py", "python app.py"},
    {"perf record -gF 99 python", "python"},
    {"perf record -agF99 python", "python"},
    {"perf record --freq 99 python", "python"},
    {"perf record --freq=99 python", "python"},
    {"perf record --fre 99 python", "python"},
    {"perf record --call-graph dwarf python", "python"},
    {"perf record --call dwarf python", "python"},
    {"perf record --no-call-graph python", "python"},
    {"perf record -z python", "python"},
    {"perf record -z3 python", "python"},
    {"perf record -zg python", "python"},
    {"perf record --compression-level=3 python", "python"},
    {"perf record --switch-output python", "python"},
    {"perf record -I python", "python"},
    {"perf record --intr-regs=ax python", "python"},
    {"perf record --user-regs python", "python"},
    {"perf record --inherit python", "python"},
    {"perf record --no-inherit python", "python"},
    {"perf record --no-no-inherit python", "python"},
    {"perf record -e cpu-clock -o x.data -- python -c pass", "python -c pass"},
    {"perf record -- python -- x", "python -- x"},
    {"perf record -D -1 python", "python"},
    {"perf record -e cycles:u -e cpu-clock python", "python"},
    {"perf record --control fifo:a,b python", "python"},
    {"perf record - python", "- python"},
    {"perf record -p 12", ""},
    {"perf record -a -- sleep 1", "sleep 1"},
    {"perf record --", ""},
    {"perf record", ""},
    {"perf", ""},
    {"perf --no-pager record -g python", "python"},
    {"perf --buildid-dir /x record -g python", "python"},
    {"perf --buildid-dir=/x -vv --debug verbose=2 record python", "python"},
    {"perf report -g python", ""},
    {"perf -h", ""},
    {"perf -", ""},
};

START_TEST(test_cut)
{
    ck_assert_str_eq(command_of(cuts[_i].line), cuts[_i].command);
    ck_assert_ptr_null(cmd.unknown);
}
END_TEST

static const struct {
    const char *line;
    enum perfcmd_callgraph callgraph;
} graphs[] = {
    {"perf record x", CALLGRAPH_UNSET},
    {"perf record -g x", CALLGRAPH_ANY},
    {"perf record -ag x", CALLGRAPH_ANY},
    {"perf record --call-graph fp x", CALLGRAPH_FP},
    {"perf record --call-graph=fp x", CALLGRAPH_FP},
    {"perf record --call-graph dwarf x", CALLGRAPH_DWARF},
    {"perf record --call-graph dwarf,4096 x", CALLGRAPH_DWARF},
    {"perf record --call-graph lbr x", CALLGRAPH_CHOSEN},
    {"perf record --call-graph dwarf -g x", CALLGRAPH_DWARF},
    {"perf record -g --call-graph dwarf x", CALLGRAPH_DWARF},
    {"perf record --call-graph fp -g x", CALLGRAPH_FP},
    {"perf record -g --call-graph fp x", CALLGRAPH_FP},
    {"perf record --no-call-graph -g x", CALLGRAPH_ANY},
    {"perf record --call-graph dwarf --call-graph fp x", CALLGRAPH_FP},
    {"perf record --no-call-graph x", CALLGRAPH_OFF},
    {"perf record x -g", CALLGRAPH_UNSET},
};

START_TEST(test_callgraph)
{
    ck_assert_int_eq(parse(graphs[_i].line), 0);
    ck_assert_int_eq(cmd.callgraph, graphs[_i].callgraph);
}
END_TEST

START_TEST(test_options_are_read)
{
    ck_assert_int_eq(parse("perf --buildid-dir /b record -a -F 99 -o a -o b.data -m 8M -z5 -N "
                           "--buildid-all -p 1,2 -t 3 x"),
                     0);
    ck_assert(cmd.is_record && cmd.all_cpus && cmd.ring_sized && cmd.compression_set);
    ck_assert(cmd.no_buildid_cache && cmd.buildid_all && !cmd.no_buildid && !cmd.by_period);
    ck_assert_str_eq(cmd.buildid_dir, "/b");
    ck_assert_str_eq(cmd.frequency, "99");
    ck_assert_str_eq(cmd.output, "b.data");
    ck_assert_str_eq(cmd.pids, "1,2");
    ck_assert_str_eq(cmd.tids, "3");
}
END_TEST

START_TEST(test_help_is_seen)
{
    ck_assert_int_eq(parse("perf record -h"), 0);
    ck_assert(cmd.help);
    ck_assert_int_eq(parse("perf record python -h"), 0);
    ck_assert(!cmd.help);
}
END_TEST

START_TEST(test_missing_value)
{
    ck_assert_int_eq(parse("perf record -F"), -EINVAL);
    ck_assert_int_eq(parse("perf record --call-graph"), -EINVAL);
    ck_assert_int_eq(parse("perf record -gF"), -EINVAL);
}
END_TEST

START_TEST(test_unknown_option_is_named)
{
    ck_assert_int_eq(parse("perf record --brand-new 7 python"), 0);
    ck_assert_str_eq(cmd.unknown, "--brand-new");
    ck_assert_int_eq(parse("perf record -Y python"), 0);
    ck_assert_str_eq(cmd.unknown, "-Y");
    ck_assert_int_eq(parse("perf record --no- python"), 0);
    ck_assert_ptr_nonnull(cmd.unknown);
    ck_assert_int_eq(parse("perf record --all python"), 0); /* all-cpus, all-user, ... */
    ck_assert_str_eq(cmd.unknown, "--all");
}
END_TEST

START_TEST(test_perf_is_recognised)
{
    static const char *const perfs[] = {"perf", "/usr/bin/perf", "./perf", "perf_6.1", "perf-6.1"};
    static const char *const others[] = {"python", "perfect", "perf.py", "/perf/x", "myperf", ""};

    for (size_t i = 0; i < sizeof perfs / sizeof *perfs; i++)
        ck_assert_msg(perfcmd_is_perf(perfs[i]), "%s", perfs[i]);
    for (size_t i = 0; i < sizeof others / sizeof *others; i++)
        ck_assert_msg(!perfcmd_is_perf(others[i]), "%s", others[i]);
}
END_TEST

static const struct {
    const char *line, *options, *prefix, *result;
} rewrites[] = {
    {"perf record -g python a", "-z", "env P=1", "perf record -g -z -- env P=1 python a"},
    {"perf record -g -- python a", "-z", "env P=1", "perf record -g -z -- env P=1 python a"},
    {"perf record -g", "-z -m 1M", "env P=1", "perf record -g -z -m 1M"},
    {"perf record -g --", "-z", "env P=1", "perf record -g -z"},
    {"perf record python", "", "", "perf record -- python"},
};

START_TEST(test_rewrite)
{
    struct words options, prefix;
    char text[1024];
    char **line;

    ck_assert_int_eq(parse(rewrites[_i].line), 0);
    line = perfcmd_rewrite(&cmd, words_split(&options, rewrites[_i].options)->argv,
                           words_split(&prefix, rewrites[_i].prefix)->argv);
    ck_assert_str_eq(words_join(text, sizeof text, line), rewrites[_i].result);
    free(line);
}
END_TEST

#define LENGTH(array) ((int)(sizeof(array) / sizeof((array)[0])))

int main(void)
{
    TCase *tests = tcase_create("perfcmd");

    tcase_add_loop_test(tests, test_cut, 0, LENGTH(cuts));
    tcase_add_loop_test(tests, test_callgraph, 0, LENGTH(graphs));
    tcase_add_test(tests, test_options_are_read);
    tcase_add_test(tests, test_help_is_seen);
    tcase_add_test(tests, test_missing_value);
    tcase_add_test(tests, test_unknown_option_is_named);
    tcase_add_test(tests, test_perf_is_recognised);
    tcase_add_loop_test(tests, test_rewrite, 0, LENGTH(rewrites));
    return run_case("perfcmd", tests);
}
