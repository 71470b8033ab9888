/*
 * A sample is a line with the command's name, then one line for each frame, leaf first:
 *
 *     "\t          1a4c5d x_add (/usr/lib/libpython3.12.so.1.0)"
 *
 * and an empty line.  CPython's frames next to a Python frame are the interpreter running it,
 * whatever their names; further ones are told by their names.
 */
#include "flamegraph/chains.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

struct frame {
    char *name;
    enum frame_kind kind;
    bool of_python; /* in libpython or a python executable */
};

struct chain {
    char command[64];
    struct frame *frames; /* leaf first */
    size_t count, room;
};

/* -- What a frame is ------------------------------------------------------------------------ */

static const char *base_name(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash ? slash + 1 : path;
}

static bool starts(const char *text, const char *beginning)
{
    return strncmp(text, beginning, strlen(beginning)) == 0;
}

static bool is_machinery(const char *name)
{
    static const char *const beginnings[] = {
        "_PyEval", /* _PyEval_Vector, and _PyEvalFramePushAndInit */
        "PyEval_",        "PyObject_Call",     "_PyObject_Call", "_PyFunction_",
        "PyFunction_",    "_PyRun_",           "PyRun_",         "pymain_",
        "Py_RunMain",     "Py_BytesMain",      "Py_Main",        "_PyObject_MakeTpCall",
        "_PyVectorcall_", "call_function",     "fast_function",  "method_call",
        "run_mod",        "run_eval_code_obj", "gen_send_ex",    "_PyStack_",
    };

    if (strstr(name, "ectorcall"))
        return true;
    for (size_t i = 0; i < sizeof beginnings / sizeof *beginnings; i++)
        if (starts(name, beginnings[i]))
            return true;
    return false;
}

static void classify(struct chain *chain)
{
    for (size_t i = 0; i < chain->count; i++) {
        struct frame *frame = &chain->frames[i];
        bool beside = (i > 0 && chain->frames[i - 1].kind == FRAME_PYTHON) ||
                      (i + 1 < chain->count && chain->frames[i + 1].kind == FRAME_PYTHON);
        if (frame->kind == FRAME_C && frame->of_python && (beside || is_machinery(frame->name)))
            frame->kind = FRAME_INTERPRETER;
    }
}

/* -- Lines ---------------------------------------------------------------------------------- */

static int add_frame(struct chain *chain, const char *name, const char *dso, bool kernel)
{
    const char *file = base_name(dso);
    struct frame frame = {.kind = FRAME_C};

    if (chain->count == chain->room) {
        size_t room = chain->room ? chain->room * 2 : 256;
        struct frame *grown = realloc(chain->frames, room * sizeof *grown);
        if (!grown)
            return -ENOMEM;
        chain->frames = grown;
        chain->room = room;
    }
    if (starts(name, "py::"))
        frame.kind = FRAME_PYTHON;
    else if (kernel || starts(dso, "[kernel") || starts(dso, "[guest"))
        frame.kind = FRAME_KERNEL;
    frame.of_python = starts(file, "libpython") || starts(file, "python");
    if (strcmp(name, "[unknown]") == 0 && *file)
        frame.name = strcmp(dso, "[unknown]") == 0 ? strdup(name) : NULL;
    else
        frame.name = strdup(name + (frame.kind == FRAME_PYTHON ? 4 : 0));
    if (!frame.name && asprintf(&frame.name, "[%s]", file) < 0)
        return -ENOMEM;
    chain->frames[chain->count++] = frame;
    return 0;
}

/* Do the parentheses hold a file, or something like "[vdso]"? */
static bool begins_dso(const char *name, const char *at)
{
    return at > name && at[-1] == ' ' && at[0] == '(' && (at[1] == '/' || at[1] == '[');
}

/*
 * The "(" of the DSO at the line's end; NULL if there is none.  Names of functions and of files may
 * have " (" in them, so take the "(" that matches the last ")" or, if parentheses do not match, the
 * last one before a path.
 */
static char *find_dso(char *name)
{
    char *end = name + strlen(name), *at = end;
    int open = 0;

    if (end == name || end[-1] != ')')
        return NULL;
    do {
        at--;
        open += (*at == ')') - (*at == '(');
    } while (open && at > name);
    if (open == 0 && begins_dso(name, at))
        return at;
    for (char *other = end; other > name; other--)
        if (begins_dso(name, other))
            return other;
    return open == 0 && at > name && at[-1] == ' ' ? at : NULL;
}

static int read_frame(struct chain *chain, char *line)
{
    char *rest = line, *name, *dso;
    bool kernel;

    strtoull(line, &rest, 16);
    if (rest == line || *rest != ' ')
        return 0;
    kernel = rest - (line + strspn(line, " \t")) == 16; /* the upper half of the addresses */
    name = rest + 1;
    dso = find_dso(name);
    if (dso) {
        dso[-1] = '\0';
        dso++;
        dso[strlen(dso) - 1] = '\0';
    } else {
        dso = "";
    }
    return add_frame(chain, name, dso, kernel);
}

static int finish(struct chain *chain, struct node *tree)
{
    struct node *node = tree;

    classify(chain);
    if (chain->command[0]) {
        node->samples++;
        node = tree_child(node, chain->command, FRAME_C);
        for (size_t i = chain->count; node && i-- > 0;) {
            node->samples++;
            node = tree_child(node, chain->frames[i].name, chain->frames[i].kind);
        }
        if (node)
            node->samples++;
    }
    for (size_t i = 0; i < chain->count; i++)
        free(chain->frames[i].name);
    chain->count = 0;
    chain->command[0] = '\0';
    return node ? 0 : -ENOMEM;
}

static void read_command(struct chain *chain, const char *line)
{
    size_t length;

    line += strspn(line, " ");
    snprintf(chain->command, sizeof chain->command, "%s", line);
    length = strlen(chain->command);
    while (length && chain->command[length - 1] == ' ')
        chain->command[--length] = '\0';
}

int chains_read(struct node *tree, FILE *text)
{
    struct chain chain = {.count = 0};
    char *line = NULL;
    size_t room = 0;
    ssize_t length;
    int rc = 0;

    while (rc == 0 && (length = getline(&line, &room, text)) > 0) {
        if (line[length - 1] == '\n')
            line[--length] = '\0';
        if (length == 0)
            rc = finish(&chain, tree);
        else if (line[0] == '\t')
            rc = read_frame(&chain, line);
        else
            read_command(&chain, line);
    }
    if (rc == 0)
        rc = finish(&chain, tree);
    free(chain.frames);
    free(line);
    return rc;
}
