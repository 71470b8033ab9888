"""Programs that make and drop code objects for ever: memory, files and map stay bounded, and what
runs has its right name.

Ten million, as docs/long-life.md has them: PYPERF_TEST_ALL=1 tests/integration/run.py life
"""

import collections
import os

import chance
import harness
import recording
from harness import Skip, case

MOST = 262144  # names: TOTAL_SLOTS in preload/slot.c
GROWTH = 64 << 10  # KiB, says issue 4
FLAT = 1024  # KiB that may come and go in the last tenth
SPINNING = 300  # samples that each of two functions should give
BROKEN = 0.003  # of healthy chains, at most; measured: 4 of 2,399
FILES = 64 << 20  # bytes
ALL = bool(os.environ.get("PYPERF_TEST_ALL"))

# How many of each kind: more than there are names, where each has its own.
COUNTS = {"replaced": 300000, "unique": 300000, "same": 100000, "tuples": 10000}
MANY = {"replaced": 10**7, "unique": 10**7, "same": 10**7, "tuples": 10**6}


def live(t, kind, count, env):
    """Resident KiB after each tenth of the code objects, and the process's number."""
    argv = [t.python.path, "-S", t.program("long_life.py"), kind, str(count)]
    process = t.start(argv, env)
    out, err = process.communicate(timeout=None if ALL else harness.TIMEOUT)
    words = out.split()
    assert words and words[-1] == b"True" and not err, (out, err, process.returncode)
    return [int(word) for word in words[:-1]], process.pid


def own_share(t, kind, count):
    """What CPython itself keeps of each code object in KiB, such as interned names."""
    plain, _ = live(t, kind, count, None)
    return (plain[9] - plain[4]) / (count / 2)


def files_of(t, pid):
    """(names, images, bytes) a process left."""
    paths = t.image_paths(pid) + [t.map_path(pid)]
    with open(paths[-1], "rb") as file:
        names = file.read().count(b"\n")
    return names, len(paths) - 1, sum(os.path.getsize(path) for path in paths)


def one_of_a_kind(world):
    """The newest interpreter of each way in which code objects are told apart (codemap.h)."""
    newest = {}
    for python in harness.supported(world):
        newest[python.minor < (3, 11), python.minor < (3, 12), python.free_threaded] = python
    return list(newest.values())


for kind in COUNTS:

    def run(t, kind=kind):
        count = (MANY if ALL else COUNTS)[kind]
        ours, pid = live(t, kind, count, t.preload())
        share = own_share(t, kind, count if ALL else count // 5)
        growth = ours[9] - ours[0] - share * count * 9 // 10
        tail = ours[9] - ours[8] - share * count // 10
        names, images, size = files_of(t, pid)
        told = "%d code objects: %d KiB more, of which %d in the last tenth" % (count, growth, tail)
        told += " (CPython's own share not counted: %d KiB)" % (share * count)
        told += "; %d names, %d images, %d MiB of files" % (names, images, size >> 20)
        assert growth < GROWTH and tail < FLAT, "%s\nKiB after each tenth: %s" % (told, ours)
        assert names <= MOST and size < FILES, told
        return told

    run.__name__ = "bounded_" + kind
    # The compiler makes it slow.
    case("life", each=one_of_a_kind if kind == "unique" and not ALL else harness.supported)(run)


@case("life", each=one_of_a_kind)
def names_are_right_at_the_end(t):
    """A function that was named early has its name still, one that came too late has the shared
    one, and both sit where they belong."""
    able = [p for p in t.world.perfs if p.root is t.python.root] or t.world.perfs
    if not able:
        raise Skip("no perf")
    argv = [t.python.path, "-S", t.program("long_life.py"), "spinners", t.path("report")]
    recorder = recording.Recording(able[-1], t.python.root, t.folder, "dwarf")
    done = recorder.record(argv, t.preload())
    assert done.returncode == 0, done.stderr
    with open(t.path("report")) as file:
        pid, began, ended = file.read().split()
    t.forget(int(pid))
    recorder.window = float(began), float(ended)
    chains = collections.Counter()
    for sample in recorder.samples():
        names = [name if name == "<other>" else name.rsplit(":", 1)[0] for name in sample.python]
        chains[" ".join(names)] += sample.pid == int(pid)
    spinning = ["<module> spinners %s spin" % name for name in ("old", "<other>")]
    few = [chain for chain in spinning if chains[chain] < chance.least(SPINNING, chance.KEPT)]
    wrong = [chain for chain in chains if chain and not any(s.startswith(chain) for s in spinning)]
    assert not few and not wrong, "few of %s; wrong: %s; all: %s" % (few, wrong, chains)
    whole = sum(chains[chain] for chain in spinning)
    total = sum(chains.values())
    assert total - whole <= chance.most(total, BROKEN), chains
    return "%d of %d samples in %s" % (whole, total, " and ".join(spinning))
