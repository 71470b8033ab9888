"""Prints of code objects of every kind whether marshal writes them alike before and after they ran."""

import gc
import marshal
import types

MODULE = """
class Outer:
    class Inner:
        def method(self):
            return [x for x in map(lambda y: y + 1, range(3))]
def make():
    def inner():
        yield 1
    return inner
list(make()())
Outer.Inner().method()
"""
number = 0


def unique():
    """A name that nobody else has: not interned, with one reference."""
    global number
    number += 1
    return "-".join(["name", str(number)])


def module(name, text=MODULE):
    return compile(text, name, "exec")


def run(code):
    exec(code, {"__name__": "m", "__builtins__": __builtins__})


def call(code):
    function = types.FunctionType(code, {"__builtins__": __builtins__}, "f")
    del code
    function()


def functions(code):
    return [constant for constant in code.co_consts if isinstance(constant, types.CodeType)]


def check(kind, code, execute):
    gc.collect()
    before = marshal.dumps(code)
    for _ in range(3):
        execute(code)
    gc.collect()
    print(kind, "same" if marshal.dumps(code) == before else "different")


check("module", module("m.py"), run)
check("module of a file of its own", module(unique()), run)
check("expression", compile("len('abc') + 1", unique(), "eval"), eval)
check("lambda", functions(compile("lambda: len('abc')", unique(), "eval"))[0], call)
check("function that makes others", functions(module(unique()))[1], call)
check("loaded", marshal.loads(marshal.dumps(module(unique()))), run)
if hasattr(types.CodeType, "replace"):
    code = functions(module("m.py", "def f(): return 1"))[0]
    names = {"co_name": unique(), "co_filename": unique()}
    if hasattr(code, "co_qualname"):
        names["co_qualname"] = unique()
    code = code.replace(**names)
    names = None
    check("replaced", code, call)
