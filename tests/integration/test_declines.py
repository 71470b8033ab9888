"""Where the library has no business it does nothing, and says so when asked."""

import os

import harness
from harness import Skip, case


def unsupported(world):
    return [i for i in world.interpreters if not i.supported] or [None]


def left_behind(t, pid):
    return t.image_paths(pid) + t.left_in_tmp(pid)


@case("declines", each=lambda world: world.roots)
def programs_that_are_not_python(t):
    commands = (["/bin/true"], ["/bin/false"], ["/bin/echo", "hello"])
    commands += (["/bin/bash", "-c", "echo $((6 * 7)); echo oops >&2; exit 3"],)
    for argv in commands:
        plain = t.run(argv, None, root=t.subject)
        ours = t.run(argv, t.preload(PYPERF_LOG="error"), root=t.subject)
        assert ours[:3] == plain[:3], "%s: %s, not %s" % (argv, ours[:3], plain[:3])
        assert not left_behind(t, ours.pid), left_behind(t, ours.pid)


@case("declines", each=unsupported)
def pythons_it_does_not_know(t):
    if not t.python:
        raise Skip("no interpreter here that is not supported, such as Python 2.7 or PyPy")
    log = t.path("log")
    argv = [t.python.path, "-c", "import sys; sys.stdout.write('works\\n')"]
    done = harness.check_ok(t.run(argv, t.preload(PYPERF_LOG="info", PYPERF_LOG_FILE=log)))
    assert done.stdout == b"works\n"
    assert not left_behind(t, done.pid), left_behind(t, done.pid)
    assert os.path.exists(log), "nothing was logged"
    with open(log) as file:
        lines = file.read().splitlines()
    assert len(lines) == 1, "%d log lines: %s" % (len(lines), lines)
    return lines[0]


@case("declines", each=unsupported)
def silently_unless_asked(t):
    if not t.python:
        raise Skip("no interpreter here that is not supported, such as Python 2.7 or PyPy")
    harness.check_ok(t.run([t.python.path, "-c", "pass"], t.preload()))
