"""The perf map: clean lines whatever a function is called, in a file that is ours alone."""

import os
import stat
import time
import unicodedata

import harness
import image
from harness import case
from test_image import Many

NAME_MAX = 16384  # PYPERF_NAME_MAX in include/pyperf.h

WHOLE = (
    "newline return nul tab escape delete c1 separator surrogate pair emoji latin space long wide "
    "file file_surrogate"
).split()
CUT = ["endless", "overwide"]


@case("map", each=harness.supported)
def strange_names_are_one_clean_line(t):
    done = harness.check_ok(t.py(t.program("weird.py")))
    entries = image.read_map(t.map_path(done.pid))
    for marker in WHOLE:
        tail = marker + "_end"
        found = [e.name for e in entries if tail in e.name.replace("file_" + tail, "")]
        # The two files hold a module body and a function each.
        wanted = 2 if marker.startswith("file") else 1
        assert len(found) == wanted, "%s: %d lines: %.300r" % (marker, len(found), found)
        assert all(marker in name[: name.index(tail)] for name in found), "%s: %.300r" % (marker, found)
    for marker, repeated in (("long", "x" * 10000), ("wide", "\xe9" * 6000)):
        assert any(marker + repeated in e.name for e in entries), marker + " is cut or changed"
    for text in ("emoji\U0001f600emoji_end", "latin\xe9latin_end", "space space_end"):
        assert any("py::" + text in e.name for e in entries), "%r is changed" % text
    for marker in CUT:
        found = [e.name for e in entries if e.name.startswith("py::" + marker)]
        assert len(found) == 1, "%s: %d lines" % (marker, len(found))
        length = len(found[0].encode("utf-8"))
        assert found[0].endswith("..."), "%s is not cut with '...': %r" % (marker, found[0][-40:])
        assert NAME_MAX - 8 < length <= NAME_MAX, "%s has %d bytes" % (marker, length)
    assert not image.overlap(entries), image.overlap(entries)


@case("map", each=harness.supported)
def no_name_holds_a_control_character(t):
    """Not even U+0080 to U+009F, at which some readers end a line."""
    done = harness.check_ok(t.py(t.program("weird.py")))
    for entry in image.read_map(t.map_path(done.pid)):
        bad = [c for c in entry.name if unicodedata.category(c) == "Cc"]
        assert not bad, "%r in %.200r" % (bad[0], entry.name)


@case("map", each=harness.supported)
def strange_names_make_a_sound_image(t):
    done = harness.check_ok(t.py(t.program("weird.py")))
    mapped = sorted(e.name for e in image.read_map(t.map_path(done.pid)))
    imaged = []
    for path in t.image_paths(done.pid):
        image.lint(path)
        imaged += [s.name for s in image.symbols(path)]
    assert sorted(imaged) == mapped, "image and map differ: %.500r" % (
        sorted(set(imaged) ^ set(mapped)),
    )


@case("map", each=harness.supported)
def survives_sigkill(t):
    """But for the last lines of a burst, for which the image is there."""
    many = Many(t)
    many.call(3000)
    time.sleep(0.02)
    many.call(1)
    many.kill()
    many.check()
    entries = image.read_map(t.map_path(many.pid))
    names = [e.name for e in entries]
    missing = {"py::f%d:<many>" % n for n in range(3000)} - set(names)
    assert not missing, "%d names are missing, such as %s" % (len(missing), min(missing))
    assert not image.overlap(entries), image.overlap(entries)
    mode = stat.S_IMODE(os.stat(t.map_path(many.pid)).st_mode)
    assert mode == 0o600, "map mode is %o" % mode


def run_after(t, shell):
    """The interpreter, in a process that first ran some shell commands under the same PID."""
    env = ["env"] + ["%s=%s" % item for item in t.preload().items()]
    script = shell + '\nexec "$@"'
    return harness.check_ok(
        t.run(["sh", "-c", script, "sh"] + env + [t.python.path, "-c", "print(6 * 7)"], None)
    )


@case("map", each=harness.supported)
def a_stale_file_of_the_same_pid_is_replaced(t):
    done = run_after(t, "echo '1000 10 stale' >/tmp/perf-$$.map; chmod 644 /tmp/perf-$$.map")
    assert done.stdout == b"42\n"
    names = [e.name for e in image.read_map(t.map_path(done.pid))]
    assert "stale" not in names, "the stale entry is still there"
    assert "py::<module>:<string>" in names, names[:5]
    mode = stat.S_IMODE(os.stat(t.map_path(done.pid)).st_mode)
    assert mode == 0o600, "map mode is %o" % mode


@case("map", each=harness.supported)
def a_planted_link_is_not_followed(t):
    victim = t.path("victim")
    with open(victim, "w") as file:
        file.write("precious\n")
    done = run_after(t, "ln -sfn '%s' /tmp/perf-$$.map" % victim)
    assert done.stdout == b"42\n"
    with open(victim) as file:
        assert file.read() == "precious\n", "the library wrote through a planted link"
    assert not os.path.islink(t.map_path(done.pid)), "the planted link is still there"
    image.read_map(t.map_path(done.pid))
