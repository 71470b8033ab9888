"""Programs with a CPython inside: linked, loaded late, initialised over and over; and real ones."""

import os

import harness
import image
from harness import case


def shared(world):
    """Interpreters with a libpython, on this machine."""
    return [i for i in harness.supported(world) if i.library and i.root.is_host]


def host(t, linked):
    path = t.path("host")
    argv = ["gcc", "-O1", "-o", path, t.program("host.c"), "-ldl", "-pthread"]
    if linked:
        argv += ["-Wl,--no-as-needed", t.python.library]
        argv += ["-Wl,-rpath," + os.path.dirname(t.python.library)]
    harness.build(argv, "a program")
    return path


def embed(t, how, *mode):
    """Runs the host both ways; the names in our map."""
    argv = [host(t, how == "linked"), t.python.library, how] + list(mode)
    env = {"PYTHONHOME": os.path.dirname(os.path.dirname(t.python.path))}
    plain = t.run(argv, env)
    log = t.path("log")
    ours = t.run(argv, t.preload(PYPERF_LOG="info", PYPERF_LOG_FILE=log, **env))
    assert plain[:3] == ours[:3], "plain %s\nours %s" % (plain[:3], ours[:3])
    assert ours.code == 0 and ours.stdout.endswith(b"done\n"), ours
    for path in t.image_paths(ours.pid):
        image.lint(path)
    return {entry.name for entry in image.read_map(t.map_path(ours.pid))}


def check(names, *wanted):
    missing = [name for name in wanted if "py::%s:<string>" % name not in names]
    assert not missing, "no names for %s" % missing


for how in ("linked", "local", "global"):

    def once(t, how=how):
        check(embed(t, how, "run"), "in_cycle_0", "same")

    def cycles(t, how=how):
        names = embed(t, how, "cycles", "12")
        check(names, "same", *("in_cycle_%d" % n for n in range(12)))

    def inittab(t, how=how):
        check(embed(t, how, "inittab"), "in_cycle_0")

    def threads(t, how=how):
        check(embed(t, how, "threads"), *("of_thread_%d" % n for n in range(8)))

    for function in (once, cycles, inittab, threads):
        function.__name__ = "%s_%s" % (how, function.__name__)
        case("embedding", each=shared)(function)
