/* What is added to a perf record line: a table of lines, programs and perfs. */
#include "perf/adapt.h"
#include "suite.h"
#include "words.h"

static struct words words;

static const struct program with_pointers = {
    .kind = PROGRAM_PYTHON,
    .elf = {.has_evaluator = true, .major = 3, .minor = 15, .pointers = POINTERS_PRESENT}};
static const struct program without = {
    .kind = PROGRAM_PYTHON,
    .elf = {.has_evaluator = true, .major = 3, .minor = 11, .pointers = POINTERS_ABSENT}};
static const struct program unsure = {.kind = PROGRAM_PYTHON,
                                      .elf = {.has_evaluator = true, .major = 3, .minor = 11}};
static const struct program older = {
    .kind = PROGRAM_PYTHON,
    .elf = {.has_evaluator = true, .major = 3, .minor = 10, .pointers = POINTERS_ABSENT}};
static const struct program shell = {.kind = PROGRAM_OTHER};

static const struct program contained = {
    .kind = PROGRAM_PYTHON,
    .elsewhere = true,
    .elf = {.has_evaluator = true, .major = 3, .minor = 11, .pointers = POINTERS_ABSENT}};

static const struct perftool newest = {
    .version = "7.2", .compresses = true, .unwinds = true, .maps_ids = true, .reads_back = true};
static const struct perftool old = {.version = "5.10", .compresses = true, .unwinds = true};
static const struct perftool debian = {
    .version = "6.1", .compresses = true, .unwinds = true, .maps_ids = true};
static const struct perftool plain = {.version = "6.1", .unwinds = true, .maps_ids = true};
static const struct perftool no_unwinder = {.version = "6.1", .compresses = true};

#define COPY   "--call-graph dwarf,65528 -k mono "
#define OWN_Z  "-k mono -z "
#define COPY_Z COPY "-z "
/* where contexts tell what is beyond */
#define NEAR   "--call-graph dwarf,40960 -k mono "
#define NEAR_Z NEAR "-z "

static const struct {
    const char *line;
    const struct program *program;
    const struct perftool *perf;
    const char *added;
} cases[] = {
    /* without frame pointers stacks are copied */
    {"perf record x", &without, &debian, NEAR_Z "-m 32768K --buildid-all --buildid-mmap"},
    {"perf record -g x", &without, &debian, NEAR_Z "-m 32768K --buildid-all --buildid-mmap"},
    {"perf record -agF99 x", &without, &debian, COPY_Z "-m 1024K --buildid-all --buildid-mmap"},
    {"perf record --call-graph fp -F 999 x", &without, &debian,
     NEAR_Z "-m 8192K --buildid-all --buildid-mmap"},
    {"perf record --call-graph fp,1 -F 999 x", &without, &debian,
     NEAR_Z "-m 8192K --buildid-all --buildid-mmap"},
    {"perf record -F 1000000 x", &without, &debian,
     NEAR_Z "-m 262144K --buildid-all --buildid-mmap"},
    {"perf record -F max x", &without, &debian, NEAR_Z "-m 262144K --buildid-all --buildid-mmap"},
    {"perf record -c 1000 x", &without, &debian, NEAR_Z "-m 32768K --buildid-all --buildid-mmap"},
    /* so they are when nothing certain is known */
    {"perf record -g x", &unsure, &debian, NEAR_Z "-m 32768K --buildid-all --buildid-mmap"},
    {"perf record -g x", &shell, &debian, COPY_Z "-m 32768K --buildid-all --buildid-mmap"},
    {"perf record -g x", NULL, &debian, COPY_Z "-m 32768K --buildid-all --buildid-mmap"},
    /* no contexts before 3.11, or we are not who reads the recording */
    {"perf record x", &older, &debian, COPY_Z "-m 32768K --buildid-all --buildid-mmap"},
    {"perf record --switch-output x", &without, &debian, COPY "-m 32768K --buildid-all"},
    /* with frame pointers too, for lines, unless they are asked for by name */
    {"perf record x", &with_pointers, &debian, NEAR_Z "-m 32768K --buildid-all --buildid-mmap"},
    {"perf record -g x", &with_pointers, &debian, NEAR_Z "-m 32768K --buildid-all --buildid-mmap"},
    {"perf record --call-graph fp x", &with_pointers, &debian, "--buildid-all"},
    {"perf record --call-graph fp -g x", &with_pointers, &debian, "--buildid-all"},
    {"perf record x", &with_pointers, &no_unwinder, "-g --buildid-all"},
    /* a made-up mind is respected */
    {"perf record --call-graph dwarf x", &without, &debian,
     OWN_Z "-m 32768K --buildid-all --buildid-mmap"},
    {"perf record --call-graph dwarf,4096 x", &with_pointers, &debian,
     OWN_Z "-m 32768K --buildid-all --buildid-mmap"},
    {"perf record --call-graph dwarf -k raw -z1 -m 1M x", &without, &no_unwinder, "--buildid-all"},
    {"perf record --call-graph lbr x", &without, &debian, "--buildid-all"},
    {"perf record --no-call-graph x", &without, &debian, "--buildid-all"},
    {"perf record -m 1M x", &without, &debian, NEAR_Z "--buildid-all --buildid-mmap"},
    {"perf record -z9 x", &without, &debian, NEAR "-m 32768K --buildid-all"},
    {"perf record --no-compression-level x", &without, &debian, NEAR "-m 32768K --buildid-all"},
    {"perf record --buildid-all x", &without, &debian, NEAR_Z "-m 32768K --buildid-mmap"},
    {"perf record -B x", &without, &debian, NEAR_Z "-m 32768K"},
    /* a process in another mount namespace, which perf 6.1 can only follow uncompressed */
    {"perf record -p 1", &contained, &debian, COPY "-m 32768K --buildid-all"},
    {"perf record -p 1", &contained, &newest, COPY_Z "-m 32768K --buildid-all"},
    {"perf record -p 1", &without, &debian, COPY_Z "-m 32768K --buildid-all --buildid-mmap"},
    /* other perfs */
    {"perf record x", &without, &newest, NEAR_Z "-m 32768K --buildid-all"},
    {"perf record x", &without, &old, NEAR_Z "-m 32768K --buildid-all"},
    {"perf record x", &without, &plain, NEAR "-m 32768K --buildid-all"},
    {"perf record x", &without, &no_unwinder, "-g --buildid-all"},
};

static const struct machine roomy = {
    .cpus = 2, .memory_kib = 24L << 20, .unlimited = true, .sample_rate = 50000};

START_TEST(test_line)
{
    const char *culprit;
    struct perfcmd cmd;
    struct adapt_plan plan;
    char text[512];

    words_split(&words, cases[_i].line);
    ck_assert_int_eq(perfcmd_parse(&cmd, words.argc, words.argv, &culprit), 0);
    adapt_plan(&plan, &cmd, cases[_i].program, cases[_i].perf, &roomy);
    ck_assert_str_eq(words_join(text, sizeof text, plan.options), cases[_i].added);
}
END_TEST

/* What libunwind mixes up matters only where perf unwinds stack copies: those that we cannot
 * convert. */
START_TEST(test_fixed_addresses)
{
    static const struct {
        const char *line;
        const struct program *program;
        bool fixed;
    } lines[] = {
        {"perf record x", &without, false}, /* we convert it */
        {"perf record -g x", NULL, false},
        {"perf record -o - x", &without, true},
        {"perf record --call-graph dwarf x", &with_pointers, false},
        {"perf record --call-graph=dwarf,4096 -o - x", &with_pointers, true},
        {"perf record -g x", &with_pointers, false},
        {"perf record --call-graph lbr x", &without, false},
        {"perf record --no-call-graph x", &without, false},
    };
    struct perftool libunwind = debian;

    libunwind.forgets_exec = true;
    for (size_t i = 0; i < sizeof lines / sizeof *lines; i++) {
        const char *culprit;
        struct perfcmd cmd;
        struct adapt_plan plan;
        words_split(&words, lines[i].line);
        ck_assert_int_eq(perfcmd_parse(&cmd, words.argc, words.argv, &culprit), 0);
        cmd.split_output = cmd.output && strcmp(cmd.output, "-") == 0;
        adapt_plan(&plan, &cmd, lines[i].program, &libunwind, &roomy);
        ck_assert_msg(plan.fixed_addresses == lines[i].fixed, "%s", lines[i].line);
        adapt_plan(&plan, &cmd, lines[i].program, &debian, &roomy);
        ck_assert_msg(!plan.fixed_addresses, "%s", lines[i].line);
    }
}
END_TEST

static const struct {
    const char *what;
    struct machine machine;
    long frequency, ring;
    bool starved;
} rings[] = {
    {"root", {2, 24L << 20, 516, 8192, true, 100000, 2, 127}, 4000, 32768, false},
    {"root, 99 Hz", {2, 24L << 20, 516, 8192, true, 100000, 2, 127}, 99, 1024, false},
    {"user, 8 MiB memlock", {2, 24L << 20, 516, 8192, false, 100000, 2, 127}, 4000, 4096, true},
    {"user, 99 Hz", {2, 24L << 20, 516, 8192, false, 100000, 2, 127}, 99, 1024, false},
    {"user, 64 KiB memlock", {2, 24L << 20, 516, 64, false, 100000, 2, 127}, 4000, 512, true},
    {"user, no memlock limit", {2, 24L << 20, 516, -1, false, 100000, 2, 127}, 4000, 32768, false},
    {"many CPUs", {128, 16L << 20, 516, 8192, true, 100000, 2, 127}, 4000, 16384, true},
    {"little memory", {1, 65536, 516, 8192, true, 100000, 2, 127}, 4000, 8192, true},
    {"nothing known", {0, 0, 0, 0, false, 0, 2, 127}, 4000, 512, false},
};

START_TEST(test_ring)
{
    bool starved;
    long ring =
        adapt_ring_kib(rings[_i].frequency, ADAPT_STACK_BYTES, &rings[_i].machine, &starved);

    ck_assert_msg(ring == rings[_i].ring, "%s: %ld", rings[_i].what, ring);
    ck_assert_msg(starved == rings[_i].starved, "%s: starved %d", rings[_i].what, starved);
}
END_TEST

#define LENGTH(array) ((int)(sizeof(array) / sizeof((array)[0])))

int main(void)
{
    TCase *tests = tcase_create("adapt");

    tcase_add_loop_test(tests, test_line, 0, LENGTH(cases));
    tcase_add_test(tests, test_fixed_addresses);
    tcase_add_loop_test(tests, test_ring, 0, LENGTH(rings));
    return run_case("adapt", tests);
}
