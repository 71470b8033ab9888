"""What stays after programs and recordings, and `pyperf-run clean`."""

import glob
import os
import re
import signal
import subprocess
import time

import chance
import harness
import wrapper
from harness import case

ONE = """
import os, time

def work():
    end = time.process_time() + 0.3
    while time.process_time() < end:
        sum(range(100))

work()
print(os.getpid(), flush=True)
"""

LONG = """
import sys, time

def wait():
    print("go", flush=True)
    sys.stdin.readline()

wait()
"""


def write(t, text, name="app.py"):
    path = t.path(name)
    with open(path, "w") as file:
        file.write(text)
    return path


def cached(run):
    return sorted(glob.glob(run.home + "/.debug/**/pyperf-*.so/*/elf", recursive=True))


def map_of(pid):
    return "/tmp/perf-%d.map" % pid


def lint(path):
    done = subprocess.run(["eu-elflint", "--gnu-ld", path], stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    assert done.returncode == 0 and done.stdout.strip() == b"No errors", done.stdout.decode()


def killed(t, run, program=LONG, **env):
    """A process that could remove nothing; its number."""
    process = run.start(t.world.newest_on_host().path, write(t, program), stdin=-1, env=env)
    assert process.stdout.readline() == b"go\n"
    process.send_signal(signal.SIGKILL)
    process.communicate()
    return process.pid


# For a recording that keeps its stack copies, and so needs images for names.
COPIES = ("--call-graph", "dwarf", "--buildid-all")


def recorded(run, app, *options):
    python = run.t.world.newest_on_host().path
    done = run.record("-F", "499", *options, python, app, before=["--no-adapt"] if options else [])
    assert done.code == 0, done
    return done


@case("run", each=wrapper.perfs)
def a_recording_leaves_a_trimmed_image_and_nothing_else(t):
    run = wrapper.Wrapper(t, t.subject)
    app = write(t, ONE)
    done = recorded(run, app, *COPIES)
    pid = int(done.stdout)
    assert not os.listdir(t.images), os.listdir(t.images)
    assert not os.path.exists(map_of(pid)), "the map stays"
    entries = cached(run)
    assert entries, "nothing in the cache"
    for entry in entries:
        lint(entry)
        assert os.stat(entry).st_nlink == 1
    used = sum(os.stat(entry).st_blocks for entry in entries) * 512
    assert used < 65536 + 32768 * len(entries), "%d bytes for %d images" % (used, len(entries))
    named = [s for s in run.samples() if "work:" + app in s.python]
    rooted = [s for s in named if re.match(r"_start|\[unknown\]$", s.frames[0].symbol)]
    assert len(named) > 50 and chance.nearly_all(len(rooted), len(named)), (len(rooted), len(named))
    return "%d images, %d bytes" % (len(entries), used)


@case("run", each=wrapper.perfs)
def a_converted_recording_needs_no_image(t):
    """perf 6.1 caches none, and we neither; perf 7.x does, and those are trimmed."""
    run = wrapper.Wrapper(t, t.subject)
    app = write(t, ONE)
    done = recorded(run, app)
    assert not os.listdir(t.images), os.listdir(t.images)
    assert not os.path.exists(map_of(int(done.stdout))), "the map stays"
    entries = cached(run)
    assert not entries or t.subject.numbers >= (7, 0), entries
    for entry in entries:
        lint(entry)
        assert os.stat(entry).st_nlink == 1
        os.remove(entry)
    named = [s for s in run.samples() if "work:" + app in s.python]
    assert len(named) > 50, "%d samples" % len(named)
    strange = {f.dso for s in run.samples() for f in s.frames if harness.IMAGE_NAME.search(f.dso)}
    assert not strange, "addresses in %s" % strange


@case("run", each=wrapper.perfs)
def keep_and_the_users_own_setting_are_respected(t):
    run = wrapper.Wrapper(t, t.subject)
    app = write(t, ONE + "print(os.environ['PYPERF_KEEP'])")
    python = t.world.newest_on_host().path
    done = run.record(python, app, before=["--keep"])
    pid, keep = done.stdout.split()
    assert keep == b"on" and os.listdir(t.images) and os.path.exists(map_of(int(pid))), done
    os.remove(map_of(int(pid)))
    done = run.record(python, app, env={"PYPERF_KEEP": "off"})
    assert done.stdout.split()[1] == b"off", done


def recorded_twice(run, process):
    """What is in the cache after each recording of the process."""
    counts = []
    for number in range(2):
        data = run.t.path("%d.data" % number)
        line = ("perf", "record", "-e", "cpu-clock", "-o", data, "-p", str(process.pid))
        done = run("--no-adapt", *line, *COPIES, "--", "sleep", "0.3")
        assert done.code == 0, done
        counts.append(cached(run))
    process.communicate(b"\n")
    return counts


@case("run", each=wrapper.perfs)
def a_second_recording_of_a_process_leaves_no_second_copy(t):
    run = wrapper.Wrapper(t, t.subject)
    process = run.start(t.world.newest_on_host().path, write(t, LONG), stdin=-1)
    assert process.stdout.readline() == b"go\n"
    counts = recorded_twice(run, process)
    assert counts[0] and counts[0] == counts[1], counts


@case("run", each=wrapper.perfs)
def of_a_process_with_its_own_tmp_there_is_one_copy_too(t):
    run = wrapper.Wrapper(t, t.subject)
    with wrapper.OwnTmp(run):
        env = {"PYPERF_DIR": None}
        process = run.start(t.world.newest_on_host().path, write(t, LONG), stdin=-1, env=env)
        assert process.stdout.readline() == b"go\n"
        prefix, run.prefix = run.prefix, []
        counts = recorded_twice(run, process)
        assert counts[0] and counts[0] == counts[1], counts
        run.prefix = prefix
        assert run("clean").code == 0 and not cached(run), cached(run)


@case("run")
def clean_removes_what_a_killed_process_left(t):
    run = wrapper.Wrapper(t)
    with wrapper.OwnTmp(run) as tmp:
        pid = killed(t, run)
        chart = tmp.path(map_of(pid))
        left = os.listdir(t.images)
        assert left and os.path.exists(chart), left
        done = run("clean", "--dry-run")
        counts = r"%s %d images?, 1 map, and in perf's cache 0 images and 0 files of lines: \d+ bytes\n"
        assert done.code == 0 and re.search(counts % ("would remove", len(left)), done.stderr.decode()), done
        listed = [os.path.join(t.images, name) for name in left] + [map_of(pid)]
        assert sorted(done.stdout.decode().split()) == sorted(listed), done
        assert os.listdir(t.images) == left and os.path.exists(chart), "a dry run removed something"
        done = run("clean")
        assert done.code == 0 and not done.stdout, done
        assert re.search(counts % ("removed", len(left)), done.stderr.decode()), done
        assert not os.listdir(t.images) and not os.path.exists(chart)
        assert b"removed 0 images, 0 maps, and in perf's cache 0 images" in run("clean").stderr


@case("run")
def clean_takes_no_file_from_the_living(t):
    """Neither from a process, nor from its child that runs in its parent's slots, nor others' files."""
    run = wrapper.Wrapper(t)
    python = t.world.newest_on_host().path
    orphan_text = "import os\nif os.fork(): os._exit(0)\n" + LONG
    with wrapper.OwnTmp(run) as tmp:
        process = run.start(python, write(t, LONG), stdin=-1)
        assert process.stdout.readline() == b"go\n"
        orphan = run.start(python, write(t, orphan_text, "orphan.py"), stdin=-1)
        assert orphan.stdout.readline() == b"go\n"
        orphan.wait()
        others = [t.images + "/pyperf-1-0-0123456789abcdef.so.bak", t.images + "/pyperf-x.so"]
        others.append(tmp.path("/tmp/perf-4194000.map"))
        for path in others:
            with open(path, "w") as file:
                file.write("1000 10 LazyCompile:~foo app.js\n")
        before = set(os.listdir(t.images))
        done = run("clean")
        after = set(os.listdir(t.images))
        chart = os.path.exists(tmp.path(map_of(process.pid)))
        left = list(filter(os.path.exists, others))
        for path in left:
            os.remove(path)
        process.communicate(b"\n")
        orphan.communicate(b"\n")
        assert done.code == 0 and after == before, before - after
        assert chart and left == others, (done, left)


@case("run", each=wrapper.perfs)
def clean_empties_perfs_cache_of_images_only(t):
    run = wrapper.Wrapper(t, t.subject)
    app = write(t, ONE)
    recorded(run, app, *COPIES)
    recorded(run, app)
    assert cached(run)
    cache = run.home + "/.debug"
    perf = [os.path.join(run.bin, "perf"), "buildid-cache", "--add", "/usr/bin/env"]
    assert t.run(perf, run.env()).code == 0
    entries = len(cached(run))
    with wrapper.OwnTmp(run):
        done = run("clean")
        assert done.code == 0 and b"%d image" % entries in done.stderr, done
    assert b"1 file of lines" in done.stderr, done
    left = [path for path, _, _ in os.walk(cache) if harness.IMAGE_NAME.search(path)]
    assert not left and not cached(run), left
    assert not os.path.exists(cache + "/pyperf"), os.listdir(cache + "/pyperf")
    links = glob.glob(cache + "/.build-id/*/*")
    assert links and all(map(os.path.exists, links)), "other files' entries suffered: %s" % links
    assert glob.glob(cache + "/usr/bin/env/*/elf"), os.listdir(cache)
    assert not os.path.exists(cache + t.images), "empty folders stay"


@case("run")
def clean_leaves_a_file_that_is_just_made_alone(t):
    """A process creates its image a moment before it maps it."""
    run = wrapper.Wrapper(t)
    path = "%s/pyperf-%d-0-0123456789abcdef.so" % (t.images, os.getpid())
    with wrapper.OwnTmp(run):
        for age, stays in ((0, True), (60, False)):
            with open(path, "w"):
                pass
            os.utime(path, (time.time() - age,) * 2)
            assert run("clean").code == 0 and os.path.exists(path) == stays, (age, stays)


@case("run")
def clean_leaves_other_users_files_alone(t):
    run = wrapper.Wrapper(t)
    os.chmod(t.folder, 0o755)
    os.chmod(t.images, 0o1777)
    os.chmod(run.home, 0o777)
    with wrapper.OwnTmp(run):
        killed(t, run)
        left = os.listdir(t.images)
        run.prefix = run.prefix + ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"]
        done = run("clean")
        assert done.code == 0 and b"removed 0 images, 0 maps" in done.stderr, done
    assert os.listdir(t.images) == left


@case("run")
def clean_says_what_it_does_not_know(t):
    run = wrapper.Wrapper(t)
    done = run("clean", "--all")
    assert done.code == 2 and b"unknown argument '--all'" in done.stderr, done
