"""Subinterpreters, with the main one's GIL and with their own, come, go, and have names."""

import harness
import image
from harness import case
from test_behaviour import same


own = harness.since(3, 8)  # which have a module that makes interpreters


def go(t, *arguments):
    return same(t, t.program("interpreters.py"), *arguments)


def names(t, *arguments):
    ours = harness.check_ok(t.py(t.program("interpreters.py"), *arguments))
    entries = image.read_map(t.map_path(ours.pid))
    assert not image.overlap(entries), image.overlap(entries)
    # Without prefix and file, which is <string> or <script>.
    return {entry.name[len("py::") :].rsplit(":", 1)[0] for entry in entries}


@case("interpreters", each=harness.supported)
def with_the_main_gil(t):
    assert go(t, "one_after_the_other", "legacy").stdout == b"done\n"
    told = names(t, "one_after_the_other", "legacy")
    missing = [n for n in range(20) if "in_sub_legacy_%d" % n not in told]
    assert not missing, "no names in interpreters %s" % missing


@case("interpreters", each=own)
def with_a_gil_of_their_own(t):
    assert go(t, "one_after_the_other", "own").stdout == b"done\n"
    told = names(t, "one_after_the_other", "own")
    for kind in ("in_sub", "late"):
        missing = [n for n in range(20) if "%s_own_%d" % (kind, n) not in told]
        assert not missing, "no %s in interpreters %s" % (kind, missing)


@case("interpreters", each=own)
def in_each_other(t):
    go(t, "nested")
    assert "in_sub_inner" in names(t, "nested")


@case("interpreters", each=own)
def from_several_threads(t):
    go(t, "from_threads")
    told = names(t, "from_threads")
    missing = [n for n in range(4) if "in_sub_t%d_5" % n not in told]
    assert not missing, "no names of threads %s" % missing


@case("interpreters", each=harness.since(3, 14))
def pools_and_calls(t):
    assert go(t, "pool").code == 0


@case("interpreters", each=own)
def left_open_at_exit(t):
    go(t, "left_open")
