"""Limits, closed descriptors, vanished files, sandboxes: what stops us never stops the host."""

import os
import subprocess

import harness
from harness import Skip, case
from test_behaviour import same

PROGRAM = "limits.py"


def limited(t, *arguments):
    done = same(t, t.program(PROGRAM), *arguments)
    assert done.code == 0, done
    return done


@case("limits", each=harness.supported)
def file_size_from_the_start(t):
    """Under `ulimit -f`, as a shell gives it to the whole process."""
    argv = ["sh", "-c", 'ulimit -f 1; exec "$@"', "sh"]
    argv += [t.python.path, t.program(PROGRAM), "file_size", "early"]
    plain, ours = t.run(argv, None), t.run(argv, t.preload())
    assert plain[:3] == ours[:3] and plain.code == 0, "%s\n%s" % (plain, ours)


@case("limits", each=harness.supported)
def file_size_later(t):
    limited(t, "file_size", "late")


@case("limits", each=harness.supported)
def memory(t):
    limited(t, "memory")


@case("limits", each=harness.supported)
def descriptors(t):
    limited(t, "descriptors")


@case("limits", each=harness.supported)
def processes(t):
    limited(t, "processes")


@case("limits", each=harness.supported)
def removed_files(t):
    limited(t, "removed")


@case("limits", each=harness.supported)
def changed_root(t):
    if os.geteuid():
        raise Skip("only root can chroot")
    os.mkdir(t.path("empty"))
    limited(t, "changed_root", t.path("empty"))


@case("limits", each=harness.supported)
def strict_seccomp(t):
    """Functions seen before go on working where no system call is allowed."""
    done = same(t, t.program(PROGRAM), "strict")
    assert done.stdout == b"42\n42\n", done


@case("limits", each=harness.supported)
def a_filter_that_kills(t):
    """The program has forbidden itself what opens files; new functions, and its end, need none."""
    done = same(t, t.program(PROGRAM), "filtered")
    assert done.stdout == b"4200\n" and done.code == 0, done


@case("limits", each=harness.supported)
def closed_streams(t):
    for name in ("plain", "ours"):
        env = t.preload() if name == "ours" else None
        argv = [t.python.path, t.program(PROGRAM), "closed", t.path(name)]
        assert t.run(argv, env).code == 0, name
        with open(t.path(name)) as file:
            assert file.read() == "[0, 1, 2]\n", name


@case("limits", each=harness.supported)
def a_full_disk(t):
    """An image directory and a map with no room: the map is in this machine's /tmp, so only the
    images' file system is full here."""
    if os.geteuid():
        raise Skip("only root can mount a file system")
    small = t.path("small")
    os.mkdir(small)
    mount = ["mount", "-t", "tmpfs", "-o", "size=640k", "none", small]
    if subprocess.call(mount, stderr=subprocess.DEVNULL):
        raise Skip("cannot mount a tmpfs here")
    try:
        code = "import sys\nsys.path.insert(0, %r)\nimport limits\nprint(limits.many())"
        code %= os.path.dirname(t.program(PROGRAM))
        plain = t.run([t.python.path, "-c", code], None)
        ours = t.py("-c", code, env={"PYPERF_DIR": small})
        assert plain[:3] == ours[:3] and ours.code == 0, "%s\n%s" % (plain, ours)
    finally:
        subprocess.call(["umount", "-l", small])
