/* What perf script prints, read into a tree: shown here as its collapsed lines. */
#include "flamegraph/chains.h"
#include "flamegraph/render.h"
#include "suite.h"

#include <stdio.h>
#include <string.h>

#define PYTHON "/usr/bin/python3.11"

static const struct {
    const char *text, *folded;
} chains[] = {
    /* A sample is a command and its frames, leaf first. */
    {"app\n"
     "\t 1a4c5d x_add (/lib/libx.so)\n"
     "\t 55aa _start (/usr/bin/app)\n\n",
     "app;_start;x_add 1\n"},
    {"app\n\t 1 a (/x)\n\napp\n\t 1 a (/x)\n\napp\n\t 2 b (/x)\n\n", "app;b 1\napp;a 2\n"},
    {"app\n\t 1 a (/x)\n\nother\n\t 1 a (/x)\n\n", "other;a 1\napp;a 1\n"},
    {"   my app   \n\t 1 a (/x)\n", "my app;a 1\n"},
    {"app\n\n", "app 1\n"},
    {"", ""},
    {"\n\n", ""},
    /* What runs Python code is told from it; hidden or shown, the names stay. */
    {"py\n"
     "\t 3 _PyEval_EvalFrameDefault (" PYTHON ")\n"
     "\t 2 py::main:/app.py (/tmp/pyperf-1-0-0123456789abcdef.so)\n"
     "\t 1 Py_BytesMain (" PYTHON ")\n\n",
     "py;Py_BytesMain;py::main:/app.py;_PyEval_EvalFrameDefault 1\n"},
    /* No symbol: the file's name says more than nothing. */
    {"app\n\t 1 [unknown] (/opt/lib.so)\n\n", "app;[lib.so] 1\n"},
    {"app\n\t 1 [unknown] ([unknown])\n\n", "app;[unknown] 1\n"},
    {"app\n\t ffffffff81000000 do_syscall_64 ([kernel.kallsyms])\n\n", "app;do_syscall_64_[k] 1\n"},
    {"app\n\t ffffffffc0000000 nf_hook ([nf_tables])\n\n", "app;nf_hook_[k] 1\n"},
    /* Parentheses and blanks in files' and in functions' names. */
    {"app\n\t 1 f (/opt/My App (x86)/lib.so)\n\n", "app;f 1\n"},
    {"app\n\t 1 [unknown] (/opt/My App (x86)/lib.so)\n\n", "app;[lib.so] 1\n"},
    {"app\n\t 1 [unknown] (/opt/lib (1).so)\n\n", "app;[lib (1).so] 1\n"},
    {"app\n\t 1 [unknown] (/tmp/lib.so (deleted))\n\n", "app;[lib.so (deleted)] 1\n"},
    {"app\n\t 1 [unknown] (/opt/open (x/lib.so)\n\n", "app;[lib.so] 1\n"},
    {"app\n\t 1 [unknown] (/opt/shut) x/lib.so)\n\n", "app;[lib.so] 1\n"},
    {"app\n\t 1 A::operator() (int) (/opt/lib.so)\n\n", "app;A::operator() (int) 1\n"},
    {"app\n\t 1 f(int) const (/opt/My App (x86)/lib.so)\n\n", "app;f(int) const 1\n"},
    {"py\n\t 1 py::f:/opt/My App (x86)/a.py (/tmp/pyperf-1-0-0123456789abcdef.so)\n\n",
     "py;py::f:/opt/My App (x86)/a.py 1\n"},
    {"py\n\t 1 py::f:/opt/a (/x)/a.py (/tmp/pyperf-1-0-0123456789abcdef.so)\n\n",
     "py;py::f:/opt/a (/x)/a.py 1\n"},
    {"py\n\t 1 py::f:/opt/a (b/a.py (/tmp/perf-1.map)\n\n", "py;py::f:/opt/a (b/a.py 1\n"},
    {"py\n\t 1 py::f:/a;b.py (/tmp/perf-1.map)\n\n", "py;py::f:/a:b.py 1\n"},
    {"app\n\t 1 f (inlined)\n\n", "app;f 1\n"},
    {"app\n\t 1 f\n\n", "app;f 1\n"},
    /* What is no frame is passed over. */
    {"app\n\tnonsense\n\t 1 a (/x)\n\t\n\n", "app;a 1\n"},
    {"app\n\t 1 a (/x)", "app;a 1\n"},
};

START_TEST(test_chains)
{
    const char *text = chains[_i].text;
    struct node *tree = tree_new();
    size_t size = 0;
    char *folded = NULL;
    FILE *in = *text ? fmemopen((void *)text, strlen(text), "r") : fopen("/dev/null", "r");
    FILE *out = open_memstream(&folded, &size);

    ck_assert_int_eq(chains_read(tree, in), 0);
    render_folded(tree, out);
    fclose(out);
    fclose(in);
    ck_assert_str_eq(folded, chains[_i].folded);
    free(folded);
    tree_free(tree);
}
END_TEST

/* Which frames the page's switches hide. */
START_TEST(test_kinds)
{
    static const char text[] = "py\n"
                               "\t ffffffff81000000 sys (/x)\n"
                               "\t 6 _PyEvalFramePushAndInit (" PYTHON ")\n"
                               "\t 5 PyObject_Vectorcall (" PYTHON ")\n"
                               "\t 4 list_sort (" PYTHON ")\n"
                               "\t 3 odd_name (" PYTHON ")\n"
                               "\t 2 py::main:/app.py (/tmp/perf-1.map)\n"
                               "\t 1 _PyEval_Vector (/lib/other.so)\n\n";
    static const char kinds[] = "ccpiciik"; /* from the root; _PyEval_* of another file is C */
    struct node *tree = tree_new(), *node;
    FILE *in = fmemopen((void *)text, sizeof text - 1, "r");
    char found[sizeof kinds] = "";
    size_t count = 0;

    ck_assert_int_eq(chains_read(tree, in), 0);
    fclose(in);
    for (node = tree->child; node && count < sizeof found - 1; node = node->child)
        found[count++] = (char)node->kind;
    ck_assert_str_eq(found, kinds);
    tree_free(tree);
}
END_TEST

#define LENGTH(array) ((int)(sizeof(array) / sizeof((array)[0])))

int main(void)
{
    TCase *tests = tcase_create("chains");

    tcase_add_loop_test(tests, test_chains, 0, LENGTH(chains));
    tcase_add_test(tests, test_kinds);
    return run_case("chains", tests);
}
