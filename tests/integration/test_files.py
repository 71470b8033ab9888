"""The files: no store into them kills the host, and they go when nobody can want them."""

import os
import stat
import subprocess

import harness
import image
import recording
from harness import Skip, case

MANY = """
import os, sys
def name(first, count):
    for n in range(first, first + count):
        scope = {}
        exec("def f%d(): pass\\nf%d()" % (n, n), scope)
"""

REOPENS = MANY + """
name(0, 10)
path = "/tmp/perf-%d.map" % os.getpid()
open(path, "w").close()
with open(path, "a") as file:
    file.write("1000 10 jit::mine\\n")
name(10, 3000)
"""


@case("files", each=harness.supported)
def a_program_may_begin_the_map_anew(t):
    """As V8, perf-map-agent and others do, with open(path, "w")."""
    done = harness.check_ok(t.py("-c", REOPENS))
    names = {e.name for e in image.read_map(t.map_path(done.pid))}
    assert {"jit::mine", "py::f3000:<string>"} <= names, sorted(names)[:5]
    imaged = {s.name for path in t.image_paths(done.pid) for s in image.symbols(path)}
    missing = {"py::f%d:<string>" % n for n in range(3010)} - imaged
    assert not missing, "%d names are missing, such as %s" % (len(missing), min(missing))


WAITS = MANY + """
name(0, 10)
print("ready", flush=True)
sys.stdin.readline()
name(10, 3000)
print("done", flush=True)
"""


def oldest_and_newest(world):
    on_host = [i for i in harness.supported(world) if i.root.is_host]
    return on_host[:1] + on_host[-1:]


def mounted(t, make, *mount_options):
    """A file system in a file, for this case; its folder."""
    if os.geteuid():
        raise Skip("only root can mount")
    disk, folder = t.path("disk"), t.path("mount")
    os.mkdir(folder)
    with open(disk, "wb") as file:
        file.truncate(120 << 20)
    harness.build(make + [disk], "a file system")
    argv = ["mount", "-o", ",".join(("loop",) + mount_options), disk, folder]
    done = subprocess.run(argv, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    if done.returncode:
        raise Skip("mount: " + done.stdout.decode().strip())
    return folder


def fill(folder):
    for size in (1 << 20, 4096):
        with open(os.path.join(folder, "filler-%d" % size), "wb", 0) as file:
            try:
                while True:
                    file.write(b"x" * size)
                    os.fsync(file.fileno())
            except OSError:
                pass
    os.sync()


@case("files", each=oldest_and_newest)
def a_disk_that_fills_up_later_kills_nobody(t):
    """On btrfs, where blocks that were reserved are no promise."""
    folder = mounted(t, ["mkfs.btrfs", "-q", "-f"])
    try:
        env = t.preload(PYPERF_DIR=folder)
        process = t.start([t.python.path, "-c", WAITS], env, stdin=subprocess.PIPE)
        assert process.stdout.readline() == b"ready\n"
        assert t.image_paths(process.pid, folder), "the image is elsewhere"
        fill(folder)
        out, err = process.communicate(b"\n", timeout=harness.TIMEOUT)
        assert (out, err, process.returncode) == (b"done\n", b"", 0), (out, err, process.returncode)
        names = {e.name for e in image.read_map(t.map_path(process.pid))}
        assert "py::f3009:<string>" in names, "the map is not complete"
    finally:
        subprocess.run(["umount", "-l", folder])


# -- Who wants them -------------------------------------------------------------------------------


def on_host(world):
    return [i for i in harness.supported(world) if i.root.is_host]


def alone(t, script):
    """What a shell's script prints where no other process is to be seen, so no profiler, with an
    empty /tmp.  $PYTHON runs the interpreter with the library and its defaults."""
    if os.geteuid():
        raise Skip("only root can make a PID namespace")
    library = t.world.library.replace("/tmp/", "/mnt/", 1)
    assert library != t.world.library, library
    setup = "mount --bind /tmp /mnt && mount -t tmpfs tmpfs /tmp && PYTHON='env LD_PRELOAD=%s %s -S'\n"
    argv = ["unshare", "--pid", "--mount-proc", "--fork", "sh", "-ec"]
    done = t.run(argv + [setup % (library, t.python.path) + script], None, cwd="/")
    return harness.check_ok(done).stdout.decode().split()


@case("files", each=on_host)
def a_process_leaves_nothing(t):
    """Nor do its forked workers, which leave by os._exit()."""
    script = """
        $PYTHON -c 'def f(): pass
f()'
        $PYTHON -c 'import os
def f(): pass
f()
os._exit(0)'
        $PYTHON -c 'import os
if os.fork() == 0:
    def f(): pass
    f()
    os._exit(0)
os.wait()
os.execv("/bin/true", ["true"])'
        $PYTHON -c pass
        find /tmp -type f
    """
    left = alone(t, script)
    assert not left, "left behind: %s" % left


@case("files", each=on_host)
def what_a_killed_process_left_goes(t):
    script = """
        (exec 2>/dev/null; $PYTHON -c 'import os
os.kill(os.getpid(), 9)' || true)
        find /tmp -type f | wc -l
        $PYTHON -c pass
        find /tmp -type f | wc -l
    """
    before, after = alone(t, script)
    assert int(before) >= 2, "a killed process left %s files" % before
    assert int(after) == 0, "%s files are still there" % after


@case("files", each=on_host)
def a_daemons_names_stay(t):
    """The parent that ends has the image in which its child runs on."""
    script = """
        mkfifo /tmp/fifo
        $PYTHON -c 'import os
open("/tmp/parent", "w").write(str(os.getpid()))
if os.fork():
    os._exit(0)
open("/tmp/child", "w").write(str(os.getpid()))
open("/tmp/fifo").read()'
        until [ -s /tmp/child ]; do sleep 0.01; done
        $PYTHON -c pass
        find /tmp -name "pyperf-$(cat /tmp/parent)-*" | wc -l
        echo >/tmp/fifo
        while kill -0 $(cat /tmp/child) 2>/dev/null; do sleep 0.01; done
        $PYTHON -c pass
        find /tmp -name "pyperf-$(cat /tmp/parent)-*" | wc -l
    """
    running, ended = alone(t, script)
    assert int(running) >= 1, "%s images while the child runs" % running
    assert ended == "0", "%s images when it has ended" % ended


@case("files", each=on_host)
def a_small_programs_image_is_small(t):
    argv = [t.python.path, "-S", "-c", "pass"]
    done = harness.check_ok(t.run(argv, t.preload()))
    size = sum(os.stat(path).st_blocks * 512 for path in t.image_paths(done.pid))
    assert 0 < size < 64 << 10, "%d bytes of images" % size
    return "%d KiB" % (size >> 10)


KILLED_WORKER = """
import os
def spin():
    for i in range(3000000):
        pass
    os.kill(os.getpid(), 9)
if os.fork() == 0:
    spin()
os.wait()
"""


@case("files", each=oldest_and_newest)
def files_stay_for_a_profiler(t):
    """`perf record` by hand: the process, and workers that are killed, were its children."""
    perfs = [perf for perf in t.world.perfs if perf.root.is_host]
    if not perfs:
        raise Skip("no perf on this machine")
    recorder = recording.Recording(perfs[0], t.python.root, t.folder, "dwarf")
    done = recorder.record([t.python.path, "-S", "-c", KILLED_WORKER], t.preload(PYPERF_KEEP=None))
    assert done.returncode == 0, done.stderr.decode("utf-8", "replace")
    modes = {stat.S_IMODE(os.stat(path).st_mode) for path in t.image_paths()}
    assert modes == {0o500}, "modes of the images: %s" % modes
    named = [s for s in recorder.samples() if any(f.symbol == "py::spin:<string>" for f in s.frames)]
    assert named, "no sample names the function"
