"""pyperf-run perf record: whole stacks, readable after the images are gone."""

import os
import re

import chance
import harness
import wrapper
from harness import case

DEEP = """
import time

def leaf():
    end = time.process_time() + 0.5
    while time.process_time() < end:
        sum(range(100))

def down(n):
    return down(n - 1) if n else leaf()

down(%d)
"""

# Python frames that fit: 65,528 bytes of stack at about 1.1 KiB a frame on 3.14, half of that
# before; with frame pointers, the kernel's 127 entries at four or five a frame.
DEPTHS = {"copies": 100, "copies, 3.14 on": 45, "frame pointers": 20}

# Calls functions with new names after each line it reads.
# For each byte on its standard input, a new function that runs until the next one.
LIVING = """
import itertools, os, select

def spin():
    while not select.select([0], [], [], 0)[0]:
        for _ in range(10000):
            pass

for number in itertools.count():
    if not os.read(0, 1):
        break
    names = {"spin": spin}
    exec("def named_%d():\\n    spin()\\n" % number, names)
    print("go", flush=True)
    names["named_%d" % number]()
"""


# Spins until it has had its time, says so, and spins on.
ENDLESS = """
import time

def spin():
    while time.process_time() < until:
        pass

print("go", flush=True)
until = time.process_time() + 0.3
spin()
print("enough", flush=True)
until = float("inf")
spin()
"""


ROOT = re.compile(r"(_start|\[unknown\]|\[completed\])$")


def write(t, text, name="app.py"):
    path = t.path(name)
    with open(path, "w") as file:
        file.write(text)
    return path


def rooted_here(run, setting):
    """The wrapper runs where the interpreter is."""
    return wrapper.Wrapper(run, setting.perf, setting.python.root)


def with_pointers(world):
    return [setting for setting in wrapper.settings(world) if setting.python.frame_pointers]


def gives_whole_stacks(t, depth, *graph):
    """A deep program keeps its root, and still does when its image is gone."""
    python = t.subject.python
    run = rooted_here(t, t.subject)
    app = write(t, DEEP % depth)
    done = run.record(*graph, "-F", "999", python.path, app)
    assert done.code == 0, done.stderr.decode()
    assert not os.listdir(t.images), "images left: %s" % os.listdir(t.images)
    chain = ["<module>:" + app] + ["down:" + app] * (depth + 1) + ["leaf:" + app]
    samples = [s for s in run.samples() if any(n.startswith("leaf:") for n in s.python)]
    # Debian's stripped static python has no symbol _start: there the root has no name.
    whole = [s for s in samples if s.python == chain and ROOT.match(s.frames[0].symbol)]
    assert len(samples) > 100, "%d samples of the leaf" % len(samples)
    assert chance.nearly_all(len(whole), len(samples)), "%d of %d whole; one that is not:\n%s" % (
        len(whole),
        len(samples),
        next(s for s in samples if s not in whole),
    )
    text = "%d of %d whole, %d deep, %d KiB"
    return done.stderr, text % (len(whole), len(samples), depth, os.path.getsize(run.data) // 1024)


@case("run", each=wrapper.settings)
def one_command_gives_the_whole_stack(t):
    depth = DEPTHS["copies" if t.subject.python.minor < (3, 14) else "copies, 3.14 on"]
    said, text = gives_whole_stacks(t, depth, "-g")
    assert b"dwarf" in said, said.decode()
    return text


@case("run", each=with_pointers)
def frame_pointers_asked_for_by_name_are_enough(t):
    said, text = gives_whole_stacks(t, DEPTHS["frame pointers"], "--call-graph", "fp")
    assert b"dwarf" not in said, said.decode()
    return text


@case("run", each=wrapper.perfs)
def two_recordings_of_one_living_process(t):
    """Functions first called between them have their names in the second, the others keep theirs
    in the first: with the cache on the images' file system (hard links), and off it (copies)."""
    app = write(t, LIVING)
    python = t.world.newest_on_host()
    for cache in ("home", "/dev/shm"):
        run = wrapper.Wrapper(t, t.subject) if cache == "home" else run
        folder = os.path.join(cache, os.path.basename(t.folder)) if cache != "home" else run.home
        os.makedirs(folder, exist_ok=True)
        process = run.start(python.path, app, stdin=-1, env={"HOME": folder})
        try:
            for number in range(2):
                process.stdin.write(b"\n")
                process.stdin.flush()
                assert process.stdout.readline() == b"go\n"
                data = t.path("%d.data" % number)
                before = set(os.listdir(t.images))
                args = ("perf", "record", "-e", "cpu-clock", "-F", "499", "-p", str(process.pid))
                args += ("-o", data, "--", *wrapper.busy(process.pid, 0.3))
                done = run(*args, env={"HOME": folder})
                assert done.code == 0, done.stderr.decode()
                assert before and before <= set(os.listdir(t.images)), "a living process lost one"
        finally:
            process.stdin.close()
            process.wait()
        for path in os.listdir(t.images):
            os.remove(os.path.join(t.images, path))
        for number in range(2):
            run.home, home = folder, run.home
            samples = run.samples(t.path("%d.data" % number))
            run.home = home
            # The program's own loop, which reads what to do next, is sampled now and then.
            samples = [s for s in samples if not s.python[-1:] == ["<module>:" + app]]
            named = [s for s in samples if "named_%d:<string>" % number in s.python]
            assert len(named) > 50 and chance.nearly_all(len(named), len(samples)), "%s, recording %d: %d of %d samples named:\n%s" % (
                cache,
                number,
                len(named),
                len(samples),
                samples[-1] if samples else "",
            )


@case("run", each=wrapper.perfs)
def no_adapt_leaves_the_line_alone(t):
    run = wrapper.Wrapper(t, t.subject)
    python = t.world.newest_on_host()
    done = run.record("-F", "99", python.path, "-c", "pass", before=["--no-adapt"])
    assert done.code == 0 and b"added" not in done.stderr, done.stderr
    header = run("report", "--header-only", "-i", run.data).stdout.decode()
    line = re.search(r"# cmdline : (.*)", header).group(1)
    assert "dwarf" not in line and "--buildid" not in line, line


@case("run", each=wrapper.perfs)
def keep_keeps_and_quiet_is_quiet(t):
    run = wrapper.Wrapper(t, t.subject)
    python = t.world.newest_on_host()
    done = run.record("-q", python.path, "-c", "pass", before=["--keep", "--quiet"])
    assert done.code == 0 and b"pyperf-run" not in done.stderr, done.stderr
    assert os.listdir(t.images)


@case("run", each=wrapper.perfs)
def the_preload_reaches_the_program_and_not_perf(t):
    run = wrapper.Wrapper(t, t.subject)
    python = t.world.newest_on_host()
    code = "import os; print(os.environ['LD_PRELOAD'])\n"
    code += "print(open('/proc/%d/environ' % os.getppid()).read().count('LD_PRELOAD=') > 0)"
    done = run.record(python.path, "-c", code)
    assert done.stdout.decode().split() == [run.library, "False"], done


@case("run", each=wrapper.perfs)
def exit_status_is_the_programs(t):
    run = wrapper.Wrapper(t, t.subject)
    python = t.world.newest_on_host()
    done = run.record(python.path, "-c", "raise SystemExit(7)")
    plain = t.run(
        [os.path.join(run.bin, "perf"), "record", "-e", "cpu-clock", "-o", t.path("plain.data")]
        + [python.path, "-c", "raise SystemExit(7)"],
        run.env(),
    )
    assert done.code == plain.code, "%d, but perf alone gives %d" % (done.code, plain.code)


@case("run", each=wrapper.perfs)
def control_c_ends_the_recording_and_finishes_it(t):
    run = wrapper.Wrapper(t, t.subject)
    python = t.world.newest_on_host()
    app = write(t, ENDLESS)
    argv = ["perf", "record", "-e", "cpu-clock", "-F", "499", "-o", run.data, python.path, app]
    process = run.start(*argv)
    assert process.stdout.readline() == b"go\n"
    assert process.stdout.readline() == b"enough\n"
    wrapper.interrupt(process)
    _, err = process.communicate(timeout=harness.TIMEOUT)
    assert b"look at it with" in err, err
    assert not os.listdir(t.images), "images left: %s" % os.listdir(t.images)
    named = [s for s in run.samples() if s.python[-1:] == ["spin:" + app]]
    assert len(named) > 20, "%d samples named" % len(named)
    return "exit status %d" % process.returncode


@case("run", each=wrapper.perfs)
def report_shows_python(t):
    run = wrapper.Wrapper(t, t.subject)
    python = t.world.newest_on_host()
    app = write(t, DEEP % 20)
    done = run.record("-F", "499", python.path, app)
    assert done.code == 0, done.stderr
    report = run("report", "--stdio", "--children", "-g", "none", "-i", run.data).stdout.decode()
    found = re.search(r"([0-9.]+)% +[0-9.]+% .*py::<module>:" + re.escape(app), report)
    assert found and float(found.group(1)) > 50, report[:2000]


@case("run", each=wrapper.perfs)
def stack_copies_become_call_chains(t):
    """The same names from a file that needs no unwinding."""
    run = wrapper.Wrapper(t, t.subject)
    perf = os.path.join(run.bin, "perf")
    app = write(t, DEEP % 3)
    done = run.record("-F", "999", t.world.newest_on_host().path, app)
    assert done.code == 0 and b"dwarf" in done.stderr, done.stderr
    events = t.run([perf, "evlist", "-v", "-i", run.data], run.env()).stdout
    assert b"STACK_USER" not in events and b"CALLCHAIN" in events, events
    assert not [n for n in os.listdir(t.folder) if n.endswith("ing")], os.listdir(t.folder)
    leaf = [s for s in run.samples() if s.python[-1:] == ["leaf:" + app]]
    rooted = [s for s in leaf if s.frames[0].symbol.startswith("_start")]
    assert len(leaf) > 100 and chance.nearly_all(len(rooted), len(leaf)), (len(rooted), len(leaf))
    return "%d samples in %d KiB" % (len(leaf), os.path.getsize(run.data) // 1024)
