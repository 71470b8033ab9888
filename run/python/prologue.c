/*
 * x86-64: "push %rbp" and then "mov %rsp,%rbp".  aarch64: "stp x29, x30, [sp, ...]" and then
 * "mov x29, sp" (an add).  Compilers may put CET or pointer-authentication marks, saves of other
 * registers or an early test before or between the two, so their order counts, not their places.
 */
#include "python/prologue.h"

#include <elf.h>
#include <string.h>

/* Present from 3.6 to 3.15. */
static const char *const well_known[] = {
    "PyDict_SetItem",
    "PyEval_EvalCode",
    "PyImport_ImportModuleLevelObject",
    "PyObject_Call",
    "PyObject_GetAttr",
    "PyObject_RichCompare",
    "PyObject_Str",
    "PyRun_StringFlags",
    "PySequence_List",
    "PyType_Ready",
    "PyUnicode_Format",
    "Py_BytesMain",
    "Py_Main",
    "Py_RunMain",
    "_PyEval_EvalFrameDefault",
    "PyObject_CallFunctionObjArgs",
    "PyList_AsTuple",
    "PyUnicode_FromFormatV",
};

bool prologue_is_well_known(const char *name)
{
    for (size_t i = 0; i < sizeof well_known / sizeof *well_known; i++)
        if (strcmp(well_known[i], name) == 0)
            return true;
    return false;
}

static bool keeps_on_x86_64(const unsigned char *code, size_t length)
{
    bool pushed = false;

    for (size_t i = 0; i + 2 < length; i++) {
        if (code[i] == 0x55)
            pushed = true;
        else if (pushed && code[i] == 0x48 &&
                 ((code[i + 1] == 0x89 && code[i + 2] == 0xe5) ||
                  (code[i + 1] == 0x8b && code[i + 2] == 0xec)))
            return true;
    }
    return false;
}

static bool keeps_on_aarch64(const unsigned char *code, size_t length)
{
    bool saved = false;

    for (size_t i = 0; i + 4 <= length; i += 4) {
        uint32_t word = (uint32_t)code[i] | (uint32_t)code[i + 1] << 8 |
                        (uint32_t)code[i + 2] << 16 | (uint32_t)code[i + 3] << 24;
        /* STP (64 bit, offset or pre-index) of x29 and x30 with base sp: Arm ARM C6.2 */
        if ((word & 0xff407fff) == 0xa9007bfd)
            saved = true;
        else if (saved && (word & 0xff8003ff) == 0x910003fd) /* ADD x29, sp, #imm */
            return true;
    }
    return false;
}

bool prologue_keeps_frame_pointer(uint16_t machine, const unsigned char *code, size_t length)
{
    switch (machine) {
    case EM_X86_64:
        return keeps_on_x86_64(code, length);
    case EM_AARCH64:
        return keeps_on_aarch64(code, length);
    default:
        return false;
    }
}
