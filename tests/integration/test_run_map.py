"""`pyperf-run map`: what a perf map lacks yet is written from outside."""

import os
import signal
import subprocess

import harness
import image
import wrapper
from harness import case
from test_image import Many


WAIT = "import sys; print('ready', flush=True); sys.stdin.read()"


def names_of(path):
    """The names in a map, in which a line that comes twice is the same."""
    entries = image.read_map(path)
    by_address = {}
    for entry in entries:
        assert by_address.setdefault(entry.address, entry) == entry, (entry, by_address[entry.address])
    assert not image.overlap(by_address.values()), image.overlap(by_address.values())
    return {entry.name for entry in entries}


def imaged(t, pid):
    return {s.name for path in t.image_paths(pid) for s in image.symbols(path)}


def complete(run, *pids, code=0):
    """What pyperf-run says."""
    done = run("map", *map(str, pids))
    assert done.code == code, done
    return done.stderr.decode()


def called(count):
    return {"py::f%d:<many>" % n for n in range(count)}


def has_all_names(t, many, count):
    """The map has what the images have, the functions that were called among it."""
    names = names_of(t.map_path(many.pid))
    assert names == imaged(t, many.pid) and called(count) <= names, "%d names" % len(names)


@case("run", each=harness.supported)
def an_idle_process_has_a_complete_map(t):
    """It waits for input, and the last lines of the burst wait with it."""
    run = wrapper.Wrapper(t)
    many = Many(t)
    many.call(3000)
    complete(run, many.pid)
    has_all_names(t, many, 3000)
    assert "0 lines added" in complete(run, many.pid)
    many.call(3000)  # the process goes on, with lines that it had not written yet
    many.end()
    has_all_names(t, many, 6000)


@case("run")
def a_killed_process_has_a_complete_map(t):
    run = wrapper.Wrapper(t)
    t.python = t.world.newest_on_host()
    many = Many(t)
    many.call(3000)
    many.kill()
    complete(run, many.pid)
    has_all_names(t, many, 3000)


@case("run")
def a_forked_child_has_its_parents_names(t):
    """The child's own map has no line yet, and the parent's map is not the child's."""
    run = wrapper.Wrapper(t)
    t.python = t.world.newest_on_host()
    code = "import os; print(os.fork(), flush=True);" + WAIT
    process = t.start([t.python.path, "-c", code], t.preload(), stdin=subprocess.PIPE)
    lines = [process.stdout.readline() for _ in range(4)]
    child = max(int(line) for line in lines if line != b"ready\n")
    t.forget(child)
    complete(run, child)
    names = names_of(t.map_path(child))
    assert imaged(t, process.pid) <= names, imaged(t, process.pid) - names
    process.communicate(b"")


@case("run")
def a_process_without_a_map_gets_one(t):
    run = wrapper.Wrapper(t)
    t.python = t.world.newest_on_host()
    process = t.start([t.python.path, "-c", WAIT], t.preload(PYPERF_OUTPUT="image"), stdin=subprocess.PIPE)
    process.stdout.readline()
    assert not os.path.exists(t.map_path(process.pid))
    complete(run, process.pid)
    assert names_of(t.map_path(process.pid)) == imaged(t, process.pid)
    assert os.stat(t.map_path(process.pid)).st_mode & 0o777 == 0o600
    process.communicate(b"")


@case("run")
def a_process_in_another_tmp_is_found_from_outside(t):
    run = wrapper.Wrapper(t)
    with wrapper.OwnTmp(run) as tmp:
        process = run.start(t.world.newest_on_host().path, "-c", WAIT, stdin=subprocess.PIPE)
        assert process.stdout.readline() == b"ready\n"
        path = tmp.path(t.map_path(process.pid))
        os.truncate(path, 0)
        run.prefix = []
        complete(run, process.pid)
        assert names_of(path) == imaged(t, process.pid)
        process.communicate(b"")


@case("run")
def without_a_pid_every_process_is_meant(t):
    """In a PID namespace: other cases are to be left alone."""
    run = wrapper.Wrapper(t)
    script = """
        for output in image,map image; do
            PYPERF_OUTPUT=$output "$1" "$2" -c 'print("ready", flush=True); import time; time.sleep(1000)' >pipe &
            read ready <pipe
        done
        : >/tmp/perf-2.map
        "$1" map
        "$1" map
        echo /tmp/perf-*.map
    """
    os.mkfifo(t.path("pipe"))
    with wrapper.OwnTmp(run):
        namespace = ["unshare", "--pid", "--fork", "--kill-child", "--mount-proc", "sh", "-c", script, "sh"]
        argv = run.prefix + namespace + [run.program, t.world.newest_on_host().path]
        done = t.run(argv, run.env())
    assert done.code == 0 and done.stdout == b"/tmp/perf-2.map\n", done
    added = [int(line.split()[3]) for line in done.stderr.decode().splitlines()]
    assert len(added) == 2 and added[0] > 50 and added[1] == 0, done


@case("run")
def what_is_not_the_processs_own_file_is_left_alone(t):
    run = wrapper.Wrapper(t)
    t.python = t.world.newest_on_host()
    many = Many(t)
    many.call(10)
    victim = t.path("victim")
    with open(victim, "w") as file:
        file.write("precious\n")
    os.remove(t.map_path(many.pid))
    for plant in (os.symlink, os.link):
        plant(victim, t.map_path(many.pid))
        assert "not a file of the process's user alone" in complete(run, many.pid, code=1)
        os.remove(t.map_path(many.pid))
        with open(victim) as file:
            assert file.read() == "precious\n", "it wrote through a planted link"
    many.end()


@case("run")
def who_has_no_images_is_told(t):
    run = wrapper.Wrapper(t)
    process = t.start(["sleep", "1000"], None)
    assert "does not run with libpyperf's images" in complete(run, process.pid, code=1)
    process.send_signal(signal.SIGKILL)
    process.wait()
    assert "neither such a process nor its map" in complete(run, process.pid, code=1)
    assert "is no PID" in complete(run, "python", code=2)
