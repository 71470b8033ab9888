"""Calls functions whose names no file format likes.  For Python 3.6 to 3.15.

Each name begins with its marker and, where there is room, ends with "<marker>_end".
"""

import sys
import types

NAMES = [
    "newline\nnewline_end",
    "return\r\nreturn_end",
    "nul\0nul_end",
    "tab\ttab_end",
    "escape\x1b[31mescape_end",
    "delete\x7fdelete_end",
    "c1\x85c1_end",
    "separator\u2028separator_end",
    "surrogate\ud800surrogate_end",
    "pair\ud83d\ude00pair_end",
    "emoji\U0001f600emoji_end",
    "latin\xe9latin_end",
    "space space_end",
    "long" + "x" * 10000 + "long_end",
    "wide" + "\xe9" * 6000 + "wide_end",
    "endless" + "y" * 60000,
    "overwide" + "\u20ac" * 20000,
]


def renamed(code, name):
    if sys.version_info >= (3, 11):
        return code.replace(co_name=name, co_qualname=name)
    if sys.version_info >= (3, 8):
        return code.replace(co_name=name)
    fields = "argcount kwonlyargcount nlocals stacksize flags code consts names varnames filename"
    values = [getattr(code, "co_" + field) for field in fields.split()]
    values += [name, code.co_firstlineno, code.co_lnotab, code.co_freevars, code.co_cellvars]
    return types.CodeType(*values)


def template():
    pass


for name in NAMES:
    types.FunctionType(renamed(template.__code__, name), {})()
for name in ("file\nfile_end", "file_surrogate\udc80file_surrogate_end"):
    exec(compile("def in_file(): pass\nin_file()", name, "exec"), {})
