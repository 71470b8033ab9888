/* Chains, leaf first, as a tree: shown here as its collapsed lines. */
#include "flamegraph/frames.h"
#include "flamegraph/render.h"
#include "suite.h"

#include <stdio.h>
#include <string.h>

#define PYTHON "/usr/bin/python3.11"
#define IMAGE  "/tmp/pyperf-1-0-0123456789abcdef.so"

enum { CHAINS = 3, FRAMES = 8 };

static const struct {
    struct {
        const char *command;
        struct chain_frame frames[FRAMES];
    } chains[CHAINS];
    const char *folded;
} cases[] = {
    {{{"app", {{.name = "x_add", .file = "/lib/libx.so"}, {.name = "_start", .file = "/app"}}}},
     "app;_start;x_add 1\n"},
    {{{"app", {{.name = "a", .file = "/x"}}},
      {"app", {{.name = "a", .file = "/x"}}},
      {"app", {{.name = "b", .file = "/x"}}}},
     "app;b 1\napp;a 2\n"},
    {{{"app", {{.name = "a", .file = "/x"}}}, {"other", {{.name = "a", .file = "/x"}}}},
     "other;a 1\napp;a 1\n"},
    {{{"my app", {{.name = "a", .file = "/x"}}}}, "my app;a 1\n"},
    {{{"app", {{.address = 0}}}}, "app 1\n"},
    /* What runs Python code is told from it; hidden or shown, the names stay. */
    {{{"py",
       {{.name = "_PyEval_EvalFrameDefault", .file = PYTHON},
        {.name = "py::main:/app.py", .file = IMAGE},
        {.name = "Py_BytesMain", .file = PYTHON}}}},
     "py;Py_BytesMain;py::main:/app.py;_PyEval_EvalFrameDefault 1\n"},
    /* No symbol: the file's name says more than nothing. */
    {{{"app", {{.address = 1, .file = "/opt/lib.so"}}}}, "app;[lib.so] 1\n"},
    {{{"app", {{.address = 1}}}}, "app;[unknown] 1\n"},
    {{{"app", {{.name = "do_syscall_64", .file = "[kernel.kallsyms]", .kernel = true}}}},
     "app;do_syscall_64_[k] 1\n"},
    {{{"app", {{.name = "A::operator() (int)", .file = "/opt/lib.so"}}}},
     "app;A::operator() (int) 1\n"},
    {{{"app", {{.name = "py::f:/a;b.py", .file = "/tmp/perf-1.map"}}}}, "app;py::f:/a:b.py 1\n"},
};

static void add(struct node *tree, const char *command, const struct chain_frame *frames)
{
    struct chain chain = {.command = command, .frames = frames};

    while (chain.count < FRAMES &&
           (frames[chain.count].name || frames[chain.count].address || frames[chain.count].file))
        chain.count++;
    ck_assert_int_eq(frames_add(tree, &chain, NULL), 0);
}

START_TEST(test_chains)
{
    struct node *tree = tree_new();
    size_t size = 0;
    char *folded = NULL;
    FILE *out = open_memstream(&folded, &size);

    for (int i = 0; i < CHAINS && cases[_i].chains[i].command; i++)
        add(tree, cases[_i].chains[i].command, cases[_i].chains[i].frames);
    render_folded(&(struct profile){.tree = tree}, out);
    fclose(out);
    ck_assert_str_eq(folded, cases[_i].folded);
    free(folded);
    tree_free(tree);
}
END_TEST

/* Which frames the page's switches hide. */
START_TEST(test_kinds)
{
    static const struct chain_frame frames[FRAMES] = {
        {.name = "sys", .file = "[kernel.kallsyms]", .kernel = true},
        {.name = "_PyEvalFramePushAndInit", .file = PYTHON},
        {.name = "PyObject_Vectorcall", .file = PYTHON},
        {.name = "list_sort", .file = PYTHON},
        {.name = "odd_name", .file = PYTHON},
        {.name = "py::main:/app.py", .file = IMAGE},
        {.name = "_PyEval_Vector", .file = "/lib/other.so"},
    };
    static const char kinds[] = "ccpiciik"; /* from the root; _PyEval_* of another file is C */
    struct node *tree = tree_new(), *node;
    char found[sizeof kinds] = "";
    size_t count = 0;

    add(tree, "py", frames);
    for (node = tree->child; node && count < sizeof found - 1; node = node->child)
        found[count++] = (char)node->kind;
    ck_assert_str_eq(found, kinds);
    tree_free(tree);
}
END_TEST

#define LENGTH(array) ((int)(sizeof(array) / sizeof((array)[0])))

int main(void)
{
    TCase *tests = tcase_create("frames");

    tcase_add_loop_test(tests, test_chains, 0, LENGTH(cases));
    tcase_add_test(tests, test_kinds);
    return run_case("frames", tests);
}
