"""Other users of the interpreter's hooks, and tools that watch a program, notice nothing."""


import harness
from harness import case
from test_behaviour import same, without_numbers


def probe(t):
    path = t.path("probe.so")
    argv = ["gcc", "-O1", "-shared", "-fPIC", "-o", path, t.program("probe.c"), "-ldl"]
    harness.build(argv, "a library")
    return path


def go(t, *arguments, **options):
    return same(t, t.program("hooks.py"), *arguments, **options)


def names_of(t, *arguments):
    """The map's names without prefix.  Native trampolines append theirs to the same file."""
    ours = harness.check_ok(t.py(t.program("hooks.py"), *arguments))
    with open(t.map_path(ours.pid)) as file:
        lines = [line.split(None, 2) for line in file if line.strip()]
    assert all(len(line) == 3 for line in lines), lines
    return {line[2].strip()[len("py::") :] for line in lines}


@case("hooks", each=harness.since(3, 9))  # which have a function that sets an evaluator
def an_evaluator_after_ours_comes_and_goes(t):
    library = probe(t)
    assert go(t, "evaluator", library).stdout == b"True\n"
    names = names_of(t, "evaluator", library)
    for name in ("first", "beneath_another", "after_another"):
        assert name + ":<new>" in names, name + " has no name"
    go(t, "rude_evaluator", library)


@case("hooks", each=harness.since(3, 9))
def an_evaluator_after_ours_stays_where_stack_is_short(t):
    library = probe(t)
    for program in ("deep_evaluator", "evaluator_comes_deep", "evaluator_goes_deep"):
        go(t, program, library)
    names = names_of(t, "deep_evaluator", library)
    for name in ("deep_beneath_another", "after_deep"):
        assert name + ":<new>" in names, name + " has no name"
    for program in ("evaluator_comes_deep", "evaluator_goes_deep"):
        assert "after_it_went:<new>" in names_of(t, program, library), program


@case("hooks", each=harness.supported)
def an_evaluator_before_ours_stays_and_is_called_through(t):
    early = t.path("early.so")
    source = t.program("early.c")
    harness.build(["gcc", "-O1", "-shared", "-fPIC", "-o", early, source, "-ldl"], "a library")
    argv = [t.python.path, t.program("hooks.py"), "called_often"]
    plain = t.run(argv, {"LD_PRELOAD": early})
    ours = t.run(argv, t.preload(LD_PRELOAD=t.world.library + ":" + early))
    assert plain[:3] == ours[:3], "%s\n%s" % (plain, ours)
    assert ours.stdout.endswith(b"\ncalled\n"), ours
    with open(t.map_path(ours.pid)) as file:
        named = file.read()
    assert " py::called_often.<locals>.leaf:" in named, named


@case("hooks", each=harness.supported)
def extra_slots_of_code(t):
    done = go(t, "code_extra", probe(t))
    assert done.stdout.splitlines()[-1] == b"1 0", done


@case("hooks", each=harness.since(3, 12))
def native_trampolines_by_the_api(t):
    go(t, "native_api")
    names = names_of(t, "native_api")
    for name in ("before_native", "during_native", "after_native"):
        assert name + ":<new>" in names, name + " has no name"


@case("hooks", each=harness.since(3, 12))
def native_trampolines_by_the_api_where_stack_is_short(t):
    go(t, "native_api_deep")
    assert "after_native:<new>" in names_of(t, "native_api_deep"), "no name afterwards"


@case("hooks", each=harness.since(3, 12))
def native_trampolines_from_the_start(t):
    code = "import sys; print(sys.is_stack_trampoline_active())"
    assert same(t, "-X", "perf", "-c", code).stdout == b"True\n"
    if t.python.minor >= (3, 13):
        assert same(t, "-X", "perf_jit", "-c", code).stdout == b"True\n"
    for variable, flags, active in (
        ("1", [], b"True\n"),
        ("2", [], b"True\n"),
        ("0", [], b"False\n"),
        ("x", [], b"False\n"),
        ("1", ["-E"], b"False\n"),
        ("1", ["-I"], b"False\n"),
    ):
        env = {"PYTHONPERFSUPPORT": variable}
        argv = [t.python.path] + flags + ["-c", code]
        plain, ours = t.run(argv, env), t.run(argv, t.preload(**env))
        assert plain[:3] == ours[:3], "%s\n%s" % (plain, ours)
        assert ours.stdout == active, "PYTHONPERFSUPPORT=%s %s: %s" % (variable, flags, ours)
        named = bool(t.image_paths(ours.pid))
        assert named != (active == b"True\n"), "both serve, or none: %s" % variable


def without_c_stack(outcome):
    """3.14+ shows C frames, of which there are more with an evaluator."""
    told = [text.split(b"Current thread's C stack trace")[0] for text in outcome[:2]]
    return without_numbers(harness.Outcome(told[0], told[1], outcome.code, outcome.pid))


def tool(name, alike=None, each=harness.supported):
    """A case: what the tool tells of a program is what it tells without the library or, where any
    evaluator makes a difference (docs/differences.md), what it tells with native -X perf."""

    def run(t):
        argv = [t.program("hooks.py"), name]
        try:
            done = same(t, *argv, **({"alike": alike} if alike else {}))
        except AssertionError:
            if t.python.minor < (3, 12):
                raise
            native = t.run([t.python.path, "-X", "perf"] + argv, None)
            ours = t.py(*argv)
            if native[:3] != ours[:3]:
                raise
            return "as with native -X perf, not as plain"
        assert done.stdout or done.stderr, "nothing was told"

    run.__name__ = name
    return case("hooks", each=each)(run)


for name in "setprofile settrace cprofile tracemalloc frames tracing_module".split():
    tool(name)
tool("monitoring", each=harness.since(3, 12))
tool("faulthandler", alike=without_c_stack)


@case("hooks", each=harness.supported)
def a_debugger(t):
    with open(t.path("subject.py"), "w") as file:
        file.write("def f(n):\n    return n and f(n - 1)\n\nf(3)\nprint('end')\n")
    commands = b"break f\ncontinue\nwhere\nnext\nstep\nstep\nup\nargs\nclear 1\ncontinue\nquit\n"
    done = same(t, "-m", "pdb", t.path("subject.py"), stdin=commands, alike=without_numbers)
    assert b"-> return n and f(n - 1)" in done.stdout, done


@case("hooks", each=harness.having("coverage"))
def coverage(t):
    argv = ["-m", "coverage", "run", "--branch", "--data-file", t.path("data")]
    argv += [t.program("hooks.py"), "frames"]
    same(t, *argv)
    done = same(t, "-m", "coverage", "report", "--data-file", t.path("data"))
    assert b"TOTAL" in done.stdout, done
