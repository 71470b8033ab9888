/* Reads code objects for the code table; see code.h. */
#include "code.h"

#include <string.h>

#include "log.h"
#include "mix.h"
#include "pyperf.h"

/* -- Reading -------------------------------------------------------------------------------- */

/* Include/object.h, Include/cpython/bytesobject.h: ob_size follows the object header, then there is
 * a hash, then what the object holds.  The same from 3.6 to 3.15, without a GIL 16 bytes on. Before
 * 3.12 the header begins with all of the reference count. */
enum { VAR_SIZE = 16, BYTES_TEXT = 32, FREE_THREADED_HEADER = 16 };

static bool readable; /* the interpreter keeps everything where its row says */

static size_t header_of(const struct pyperf_layout *layout)
{
    return layout->free_threaded ? FREE_THREADED_HEADER : 0;
}

static size_t var_size(const struct pyperf_layout *layout, const PyObject *object)
{
    return (size_t)pyperf_pointer_at(object, VAR_SIZE + header_of(layout));
}

static ptrdiff_t references(const PyObject *object)
{
    return (ptrdiff_t)pyperf_pointer_at(object, 0);
}

static const char *bytes_text(const struct pyperf_layout *layout, const PyObject *bytes)
{
    return (const char *)bytes + BYTES_TEXT + header_of(layout);
}

static uint32_t format_of(int minor)
{
    if (minor <= 9)
        return PYPERF_LINES_3_6;
    return minor == 10 ? PYPERF_LINES_3_10 : PYPERF_LINES_3_11;
}

void pyperf_code_prefetch(const struct pyperf_python *python, PyObject *code)
{
    enum { CACHE_LINE = 64 };
    if (!readable)
        return;
    const char *lines = pyperf_pointer_at(code, python->layout->co_lines);
    __builtin_prefetch(lines);
    __builtin_prefetch(lines + CACHE_LINE);
}

bool pyperf_code_read(const struct pyperf_python *python, PyObject *code, struct pyperf_code *read)
{
    enum { UNIT = 2 }; /* bytes of an instruction, by which 3.11+ counts */
    const struct pyperf_layout *layout = python->layout;
    if (!readable)
        return false;
    const PyObject *lines = pyperf_pointer_at(code, layout->co_lines);
    *read = (struct pyperf_code){.lines = bytes_text(layout, lines),
                                 .lines_size = var_size(layout, lines),
                                 .lines_format = format_of(layout->minor)};
    memcpy(&read->first_line, (const char *)code + layout->co_firstlineno, sizeof read->first_line);
    if (layout->co_bytecode != 0) {
        read->bytecode = (uintptr_t)code + layout->co_bytecode;
        read->length = (uint32_t)(var_size(layout, code) * UNIT);
    } else {
        const PyObject *bytecode = pyperf_pointer_at(code, layout->co_code);
        read->bytecode = (uintptr_t)bytes_text(layout, bytecode);
        read->length = (uint32_t)var_size(layout, bytecode);
        read->shared = read->lines_format == PYPERF_LINES_3_10 && references(bytecode) > 1;
    }
    return true;
}

/* -- Verification --------------------------------------------------------------------------- */

/* Whether the code object's attribute is the object at this offset, and bytes as we read them. */
static bool is_bytes_at(const struct pyperf_python *python, PyObject *code, const char *name,
                        size_t offset)
{
    PyObject *bytes = python->attribute(code, name);
    char *text;
    ptrdiff_t size;
    if (bytes == NULL) {
        python->error_clear();
        return false;
    }
    bool same = bytes == pyperf_pointer_at(code, offset);
    if (same && python->bytes(bytes, &text, &size) != 0) {
        python->error_clear();
        same = false;
    }
    same = same && text == bytes_text(python->layout, bytes) &&
           (size_t)size == var_size(python->layout, bytes);
    python->decref(bytes);
    return same;
}

/* co_code_adaptive is the object's last field, so that its size tells of its offset too. */
static bool is_bytecode_at(const struct pyperf_python *python, PyObject *code)
{
    PyObject *copy = python->code_bytes(code);
    char *text;
    ptrdiff_t size;
    struct pyperf_code read;
    if (copy == NULL || python->bytes(copy, &text, &size) != 0) {
        python->error_clear();
        return false;
    }
    /* Not yet run, so not yet specialised; what is a cache, is 0 in the copy. */
    bool same = size > 0 && pyperf_code_read(python, code, &read) && read.length == size;
    for (ptrdiff_t i = 0; same && i + 1 < size; i += 2)
        same = text[i] == 0 || memcmp((const char *)read.bytecode + i, text + i, 2) == 0;
    python->decref(copy);
    return same;
}

static const char *find_mismatch(const struct pyperf_python *python, PyObject *code)
{
    const struct pyperf_layout *layout = python->layout;
    const char *lines = layout->minor >= 10 ? "co_linetable" : "co_lnotab";
    if (!is_bytes_at(python, code, lines, layout->co_lines))
        return lines;
    if (layout->co_bytecode == 0)
        return is_bytes_at(python, code, "co_code", layout->co_code) ? NULL : "co_code";
    return is_bytecode_at(python, code) ? NULL : "co_code_adaptive";
}

unsigned pyperf_code_start(const struct pyperf_python *python)
{
    /* The standard library's mean is 16 before 3.11, then 96 to 126, with columns; but functions
     * that a program makes in great number are short.  Longer ones fill an image before its slots
     * are used up. */
    enum { USUAL = 24 };
    PyObject *code = python->new_empty_code("pyperf", "probe", 1);
    if (code == NULL) {
        python->error_clear();
        return 0;
    }
    readable = true;
    const char *mismatch = find_mismatch(python, code);
    python->decref(code);
    readable = mismatch == NULL;
    if (!readable)
        pyperf_log_error("no lines: this CPython %s keeps %s elsewhere than known builds",
                         python->layout->name, mismatch);
    return readable ? USUAL : 0;
}

/* -- What was told -------------------------------------------------------------------------- */

/*
 * For each slot and granule of memory, a hash of the last code object that was told to be there: a
 * row may be left out only if no other of its slot has lain over any part of it since.  In front of
 * bytecode is an object's header, of 32 bytes or more, so two code objects that are alive never
 * share a granule.  Where two granules have one place, a row is told twice.
 */
enum { GRANULE = 32, TOLD_PLACES = 65536 };

static uint64_t told[TOLD_PLACES]; /* a process touches only the pages that it uses */

uint64_t pyperf_code_hash(const struct pyperf_code *code, uint64_t hash)
{
    hash = pyperf_mix(pyperf_mix(hash, code->length),
                      (uint64_t)code->first_line << 32 | code->lines_size);
    for (size_t at = 0; at < code->lines_size; at += sizeof(uint64_t)) {
        uint64_t word = 0;
        size_t left = code->lines_size - at;
        memcpy(&word, (const char *)code->lines + at, left < sizeof word ? left : sizeof word);
        hash = pyperf_mix(hash, word);
    }
    return hash | (hash == 0);
}

/* Sets `*others` if another code object was told of a part of the memory, and `*news` if this one
 * has to be told.  `tell`: it is. */
static void look_up(const struct pyperf_code *code, uintptr_t slot, bool tell, bool *news,
                    bool *others)
{
    uint64_t what = pyperf_code_hash(code, pyperf_mix(slot, code->bytecode));
    /* A position just behind the last instruction is the code object's, too. */
    size_t first = code->bytecode / GRANULE, last = (code->bytecode + code->length) / GRANULE;
    uint64_t start = pyperf_mix(0, slot);
    *news = *others = false;
    for (size_t granule = first; granule <= last; granule++) {
        uint64_t *place = &told[(start + granule) % TOLD_PLACES];
        *news |= *place != what;
        *others |= *place != what && *place != 0;
        if (tell)
            *place = what;
    }
}

bool pyperf_code_is_news(const struct pyperf_code *code, uintptr_t slot)
{
    bool news, others;
    look_up(code, slot, true, &news, &others);
    return news;
}

bool pyperf_code_is_others(const struct pyperf_code *code, uintptr_t slot)
{
    bool news, others;
    look_up(code, slot, false, &news, &others);
    return others;
}
