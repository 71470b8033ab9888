/*
 * CPython's frames next to a Python frame are the interpreter running it, whatever their names;
 * further ones are told by their names.
 */
#include "flamegraph/frames.h"
#include "base/path.h"

#include <pyperf.h>

#include <errno.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

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

static bool is_python(const struct chain *chain, size_t i)
{
    const char *name = i < chain->count ? chain->frames[i].name : NULL;
    return name && starts(name, PYPERF_NAME_PREFIX);
}

static enum frame_kind kind_of(const struct chain *chain, size_t i)
{
    const struct chain_frame *frame = &chain->frames[i];
    const char *file = frame->file ? path_base_name(frame->file) : "";

    if (frame->kernel)
        return FRAME_KERNEL;
    if (is_python(chain, i))
        return FRAME_PYTHON;
    if ((starts(file, "libpython") || starts(file, "python")) &&
        ((i > 0 && is_python(chain, i - 1)) || is_python(chain, i + 1) ||
         (frame->name && is_machinery(frame->name))))
        return FRAME_INTERPRETER;
    return FRAME_C;
}

/* Without a symbol, the file's name says more than nothing. */
static const char *label_of(const struct chain_frame *frame, enum frame_kind kind,
                            char room[NAME_MAX + 3])
{
    if (frame->name)
        return frame->name + (kind == FRAME_PYTHON ? sizeof PYPERF_NAME_PREFIX - 1 : 0);
    if (!frame->file)
        return "[unknown]";
    snprintf(room, NAME_MAX + 3, "[%.*s]", NAME_MAX, path_base_name(frame->file));
    return room;
}

int frames_add(struct node *tree, const struct chain *chain, struct lines *lines)
{
    struct node *node = tree;
    char room[NAME_MAX + 3];

    node->samples++;
    node = tree_child(node, chain->command, FRAME_C);
    for (size_t i = chain->count; node && i-- > 0;) {
        enum frame_kind kind = kind_of(chain, i);
        node->samples++;
        node = tree_child(node, label_of(&chain->frames[i], kind, room), kind);
        if (node && lines && kind == FRAME_PYTHON) {
            unsigned line = lines_find(lines, chain, i).line;
            if (line && tree_count_line(node, line) != 0)
                return -ENOMEM;
        }
    }
    if (!node)
        return -ENOMEM;
    node->samples++;
    return 0;
}
