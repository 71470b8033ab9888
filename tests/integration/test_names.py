"""Names: what perf shows is what CPython itself calls each function, on every version.

The compiler is the judge: the expectation is the list of all code objects of programs/names.py,
by co_qualname.  Before 3.11 there is no such attribute, and 3.11 speaks for the older ones: it
compiles comprehensions to functions, as they do, and 3.12 no longer does.
"""

import json

import harness
import image
from harness import Skip, case


def expected(t):
    judge = t.python
    if judge.minor < (3, 11):
        able = [i for i in harness.supported(t.world) if i.minor == (3, 11)]
        if not able:
            raise Skip("no CPython 3.11 to tell the qualified names for %s" % t.python.label)
        judge = able[0]
    argv = [judge.path, t.program("qualnames.py"), t.program("names.py")]
    done = harness.check_ok(t.run(argv, None, root=judge.root))
    return {"py::" + name for name in json.loads(done.stdout.decode())}


def seen(t):
    done = harness.check_ok(t.py(t.program("names.py")))
    assert done.stdout == b"done\n"
    return {s.name for path in t.image_paths(done.pid) for s in image.symbols(path)}


@case("names", each=harness.supported)
def are_those_of_the_compiler(t):
    names, wanted = seen(t), expected(t)
    ours = {n for n in names if n.endswith((":" + t.program("names.py"), ":<executed>"))}
    assert len(wanted) > 60, "only %d code objects: the test is broken" % len(wanted)
    assert ours == wanted, "missing: %s\nnot in the source: %s" % (
        sorted(wanted - ours),
        sorted(ours - wanted),
    )
    return "%d names" % len(wanted)


@case("names", each=harness.since(3, 8))
def of_code_in_a_subinterpreter(t):
    module = "_interpreters" if t.python.minor >= (3, 13) else "_xxsubinterpreters"
    code = "import %s as s; i = s.create(); " % module
    code += "s.run_string(i, 'def in_sub(): pass\\nin_sub()'); s.destroy(i)"
    done = harness.check_ok(t.py("-c", code))
    names = {s.name for path in t.image_paths(done.pid) for s in image.symbols(path)}
    assert any(n.startswith("py::in_sub:<") for n in names), "in_sub is missing"


@case("names", each=harness.supported)
def of_code_from_elsewhere(t):
    names = seen(t)
    for name in ("py::_find_and_load:<frozen importlib._bootstrap>", "py::<lambda>:<string>"):
        assert name in names, "%s is missing" % name
    for tail in ("Thread._bootstrap", "Thread.run", "_GeneratorContextManager.__enter__"):
        assert any(n.startswith("py::%s:/" % tail) for n in names), "%s is missing" % tail
