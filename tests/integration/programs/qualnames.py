"""Prints the name of every code object compiled from names.py, by CPython's own co_qualname.

    qualnames.py FILE      (a CPython that knows co_qualname: 3.11 or newer)

One JSON list of "<co_qualname>:<co_filename>".  FILE's constant EXECUTED is source as well.
"""

import ast
import json
import sys


def walk(code):
    yield "%s:%s" % (code.co_qualname, code.co_filename)
    for constant in code.co_consts:
        if isinstance(constant, type(code)):
            yield from walk(constant)


with open(sys.argv[1], encoding="utf-8") as file:
    source = file.read()
executed = next(
    ast.literal_eval(node.value)
    for node in ast.parse(source).body
    if isinstance(node, ast.Assign) and node.targets[0].id == "EXECUTED"
)
names = set(walk(compile(source, sys.argv[1], "exec")))
names |= set(walk(compile(executed, "<executed>", "exec")))
print(json.dumps(sorted(names)))
