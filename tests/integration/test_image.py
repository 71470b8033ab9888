"""The image: a sound ELF file at every moment of its life, naming every function called."""

import os
import signal
import stat
import subprocess
import time

import harness
import image
from harness import case


class Many:
    """programs/many.py at work: a process that calls as many new functions as it is told to."""

    def __init__(self, t):
        self.t = t
        self.called = 0
        argv = [t.python.path, t.program("many.py")]
        self.process = t.start(argv, t.preload(), stdin=subprocess.PIPE)
        self.pid = self.process.pid

    def call(self, count):
        self.process.stdin.write(b"%d\n" % count)
        self.process.stdin.flush()
        answer = self.process.stdout.readline()
        self.called += count
        assert answer == b"%d\n" % self.called, "the program stopped: %r %r" % (
            answer,
            self.process.stderr.read(),
        )

    def end(self):
        self.process.stdin.close()
        assert self.process.wait(harness.TIMEOUT) == 0, self.process.stderr.read()

    def kill(self):
        os.kill(self.pid, signal.SIGKILL)
        self.process.wait(harness.TIMEOUT)

    def images(self):
        return self.t.image_paths(self.pid)

    def check(self):
        """Each image is clean, and together they name every function called, once."""
        names = []
        for path in self.images():
            image.lint(path)
            found = image.symbols(path)
            shared = image.overlap(found)
            assert not shared, "%s: %s" % (path, shared)
            names += [s.name for s in found]
        missing = {"py::f%d:<many>" % n for n in range(self.called)} - set(names)
        assert not missing, "%d of %d functions are not named, such as %s" % (
            len(missing),
            self.called,
            min(missing),
        )
        assert len(names) == len(set(names)), "a name twice"


def executable(maps, path):
    """Where an image is mapped as code.  By its unique name: in another root the path differs."""
    name = os.path.basename(path)
    return [m for m in maps if os.path.basename(m.path) == name and "x" in m.protection]


@case("image", each=harness.supported)
def clean_at_start_and_after_each_function(t):
    many = Many(t)
    for count in (0, 1, 1, 10, 500):
        many.call(count)
        many.check()
    many.end()
    many.check()


@case("image", each=harness.supported)
def clean_when_full_and_after_sigkill(t):
    many = Many(t)
    for step in (500, 1000, 2000, 4000):
        many.call(step)
        many.check()
    many.call(100)
    many.kill()
    many.check()
    # As large together as what they have room for, within a factor: each doubles what was there.
    usual = 199  # slot, unwind rules, symbol, name, row, lines
    size = sum(os.stat(path).st_blocks * 512 for path in many.images())
    assert len(many.images()) <= 7 and size <= 2.5 * usual * many.called, "%d images of %d bytes" % (
        len(many.images()),
        size,
    )
    return "%d images of %d KiB for %d functions" % (len(many.images()), size >> 10, many.called)


@case("image", each=harness.supported)
def mapped_read_execute_and_nothing_writable_too(t):
    many = Many(t)
    many.call(50)
    maps = image.mappings(many.pid)
    assert many.images(), "there is no image"
    for path in many.images():
        assert executable(maps, path), "the image is not mapped executable"
        mode = stat.S_IMODE(os.stat(path).st_mode)
        assert mode == 0o500, "image mode is %o" % mode  # PYPERF_KEEP=on
    both = [m for m in maps if "w" in m.protection and "x" in m.protection]
    assert not both, "writable and executable: %s" % (both,)
    many.end()


@case("image", each=harness.supported)
def agrees_with_the_map(t):
    many = Many(t)
    many.call(200)
    bases = {}
    for path in many.images():
        text = executable(image.mappings(many.pid), path)
        assert text, "the image is not mapped executable"
        bases[path] = text[0].start - text[0].offset  # file offset equals address, says the design
    many.end()  # only then the map has to be complete
    entries = {e.address: e for e in image.read_map(t.map_path(many.pid))}
    for path in many.images():
        for symbol in image.symbols(path):
            entry = entries.pop(bases[path] + symbol.address, None)
            assert entry, "%s is not in the map at %x" % (symbol.name, bases[path] + symbol.address)
            assert entry.name == symbol.name, "map says %s, image %s" % (entry.name, symbol.name)
            assert entry.size == symbol.size, "%s: sizes differ" % symbol.name
    assert not entries, "only in the map: %s" % list(entries.values())[:3]


@case("image", each=harness.supported)
def the_map_of_a_living_process_follows(t):
    """What waited is written when a function is called after a while."""
    many = Many(t)
    many.call(200)
    deadline = time.monotonic() + 10
    while "py::f199:<many>" not in {e.name for e in image.read_map(t.map_path(many.pid))}:
        assert time.monotonic() < deadline, "the map does not follow"
        time.sleep(0.01)
        many.call(1)
    many.end()


@case("image", each=harness.supported)
def build_ids_are_unique(t):
    processes = [Many(t), Many(t)]
    for many in processes:
        many.call(5)
    paths = [path for many in processes for path in many.images()]
    ids = [image.build_id(path) for path in paths]
    assert len(paths) >= 2 and len(set(ids)) == len(paths), "build-ids %s of %s" % (ids, paths)
    for many in processes:
        many.end()


@case("image", each=harness.supported)
def a_forked_child_writes_to_its_own(t):
    done = harness.check_ok(t.py(t.program("forks.py")))
    child = int(done.stdout)
    t.forget(child)

    def names(pid):
        found = [s.name for path in t.image_paths(pid) for s in image.symbols(path)]
        listed = [e.name for e in image.read_map(t.map_path(pid))]
        assert sorted(found) == sorted(listed), "image and map of %d differ" % pid
        return {name.split(":")[2] for name in found if name.endswith("forks.py")}

    parents, childs = names(done.pid), names(child)
    assert {"in_parent", "in_parent_after"} <= parents, parents
    assert "in_child" not in parents, "the child wrote into its parent's files"
    assert "in_child" in childs, childs
