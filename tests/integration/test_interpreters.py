"""Subinterpreters, with the main one's GIL and with their own, come, go, and have names."""

import harness
import image
from harness import case
from test_behaviour import both


COUNT = 8  # interpreters that a program makes one after the other
own = harness.since(3, 8)  # which have a module that makes interpreters


def go(t, *arguments):
    """The program's outcome, which the library must not change, and the names it has with it."""
    ours = both(t, t.program("interpreters.py"), *arguments)[1]
    entries = image.read_map(t.map_path(ours.pid))
    assert not image.overlap(entries), image.overlap(entries)
    # Without prefix and file, which is <string> or <script>.
    return ours, {entry.name[len("py::") :].rsplit(":", 1)[0] for entry in entries}


@case("interpreters", each=harness.supported)
def with_the_main_gil(t):
    done, told = go(t, "one_after_the_other", "legacy")
    assert done.stdout == b"done\n"
    missing = [n for n in range(COUNT) if "in_sub_legacy_%d" % n not in told]
    assert not missing, "no names in interpreters %s" % missing


@case("interpreters", each=own)
def with_a_gil_of_their_own(t):
    done, told = go(t, "one_after_the_other", "own")
    assert done.stdout == b"done\n"
    for kind in ("in_sub", "late"):
        missing = [n for n in range(COUNT) if "%s_own_%d" % (kind, n) not in told]
        assert not missing, "no %s in interpreters %s" % (kind, missing)


@case("interpreters", each=own)
def in_each_other(t):
    assert "in_sub_inner" in go(t, "nested")[1]


@case("interpreters", each=own)
def from_several_threads(t):
    told = go(t, "from_threads")[1]
    missing = [n for n in range(4) if "in_sub_t%d_2" % n not in told]
    assert not missing, "no names of threads %s" % missing


@case("interpreters", each=harness.since(3, 14))
def pools_and_calls(t):
    assert go(t, "pool")[0].code == 0


@case("interpreters", each=own)
def left_open_at_exit(t):
    go(t, "left_open")
