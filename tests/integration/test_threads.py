"""Threads: how they end, and what perf sees of many."""

import os
import re
import signal
import stat
import subprocess

import chance
import harness
import image
import recording
import roots
from harness import Skip, case
from test_behaviour import same


def helper(t, source):
    """A small C++ library, built."""
    path = t.path(os.path.splitext(source)[0] + ".so")
    argv = ["g++", "-O1", "-g", "-shared", "-fPIC", "-o", path, t.program(source), "-pthread"]
    harness.build(argv, "a C++ library")
    # The tree of another root may have no C++ runtime.
    if not t.python.root.is_host:
        probe = [t.python.path, "-c", "import ctypes, sys; ctypes.CDLL(sys.argv[1])", path]
        if t.run(probe, None).code:
            raise Skip("no C++ runtime in " + str(t.python.root))
    return path


@case("threads", each=harness.supported)
def ways_to_leave_run_every_cleanup(t):
    library = helper(t, "leave.cc")
    for how, last in (
        ("pthread_exit", b"thread is gone"),
        ("cancellation", b"thread is gone"),
        ("exception", b"caught 42"),
    ):
        done = same(t, t.program("threads.py"), "leave", library, how)
        lines = done.stdout.splitlines()
        assert lines[-1] == last and b"cleaned up" in lines, done


# CPython's own (python/cpython#110052, 3.9 to 3.12): in take_gil() a daemon thread that asked for the
# GIL takes that back (RESET_GIL_DROP_REQUEST) when it wakes and must exit, and the interpreter's state
# may be freed by then.  It takes a busy machine.  Of 793 runs of each on 3.10.13, in turn, with ten busy
# loops and a test run beside them on two CPUs, 1 died plain, 2 with files that are kept, 5 by default.
# It was 39 when finish() looked for profilers meanwhile: every millisecond between that free and the end
# of the process counts.
DYING = 0.03


@case("threads", each=harness.supported)
def daemon_threads_at_exit(t):
    runs = died = 0
    while runs - died < 3:
        runs += 1
        for env in (None, t.preload(PYPERF_KEEP=None)):
            done = t.run([t.python.path, t.program("threads.py"), "daemons", "24"], env)
            if t.python.minor == (3, 10) and done[:3] == (b"leaving\n", b"", -signal.SIGSEGV):
                died += 1
                break
            assert done[:3] == (b"leaving\n", b"", 0), done
        assert died <= chance.most(runs, DYING), "died in %d of %d runs" % (died, runs)
    return "died by itself in %d of %d runs" % (died, runs) if died else None


def whose_threads_outlive_it(world):
    return [i for i in harness.supported(world) if (3, 9) <= i.minor <= (3, 12)]


@case("threads", each=whose_threads_outlive_it)
def who_ends_with_threads_leaves_its_files_to_the_next(t):
    """To look for a profiler takes time in which CPython's daemon threads may die, see above."""
    code = "import threading, time; threading.Thread(target=time.sleep, args=(1000,), daemon=True).start()"
    done = harness.check_ok(t.py("-c", code, env={"PYPERF_KEEP": None}))
    modes = [stat.S_IMODE(os.stat(path).st_mode) for path in t.image_paths(done.pid)]
    assert modes and set(modes) == {0o400}, "the library searched for profilers while threads lived"


@case("threads", each=harness.supported)
def functions_first_seen_during_shutdown(t):
    done = same(t, t.program("threads.py"), "finalisation")
    assert done.code == 0 and b"bye" in done.stdout, done
    ours = t.py(t.program("threads.py"), "finalisation")
    names = [entry.name for entry in image.read_map(t.map_path(ours.pid))]
    for name in ("in_del", "at_exit", "leaked_thread"):
        assert "py::%s:<string>" % name in names, "%s has no name" % name


@case("threads", each=harness.supported)
def eight_threads_churn(t):
    done = harness.check_ok(t.py(t.program("threads.py"), "churn", "8", "3"))
    assert done.stdout == b"wrong: []\n", done.stdout
    names = [entry.name for entry in image.read_map(t.map_path(done.pid))]
    assert len(names) == len(set(names)), "a name has two slots"


def without_a_gil(world):
    return [i for i in harness.supported(world) if i.free_threaded and i.root.is_host]


@case("threads", each=without_a_gil)
def no_race_under_thread_sanitizer(t):
    """The library is instrumented, the interpreter is not: of its own atomic operations the
    sanitizer knows nothing, so what it says of frames outside the library is left out."""
    runtime = subprocess.run(["gcc", "-print-file-name=libtsan.so.2"], stdout=subprocess.PIPE)
    sanitizer = runtime.stdout.decode().strip()
    if not os.path.isabs(sanitizer):
        raise Skip("no libtsan.so.2")
    build = ["cmake", "-S", roots.REPO, "--preset", "tsan", "-B", t.path("tsan")]
    harness.build(build + ["-DBUILD_TESTING=OFF", "-DPYPERF_WRAPPER=OFF"], "the library")
    harness.build(["cmake", "--build", t.path("tsan"), "--target", "pyperf"], "the library")
    library = t.path("tsan/libpyperf.so")
    # -R: gcc 12's sanitizer does not know the layouts that newer kernels choose from
    argv = ["setarch", "-R", "env", "LD_PRELOAD=%s:%s" % (sanitizer, library), t.python.path]
    done = t.run(argv + [t.program("threads.py"), "churn", "8", "3"], t.preload(LD_PRELOAD=None))
    assert done.stdout == b"wrong: []\n", done
    assert t.image_paths(done.pid), "the library was not at work"
    ours = []
    for report in done.stderr.decode("utf-8", "replace").split("WARNING: ThreadSanitizer")[1:]:
        tops = re.findall(r"(?m)^    #0 .*$", report)  # of the two accesses; then of the threads
        if any("libpyperf.so" in top for top in tops[:2]):
            ours.append(report)
    assert not ours, "%d races, such as %s" % (len(ours), ours[0])


@case("threads", each=harness.supported)
def sixty_four_threads_under_perf(t):
    able = [p for p in t.world.perfs if p.root is t.python.root] or t.world.perfs
    if not able:
        raise Skip("no perf")
    recorder = recording.Recording(able[-1], t.python.root, t.folder, "dwarf")
    argv = [t.python.path, t.program("threads.py"), "many", "64", t.path("pid")]
    done = recorder.record(argv, t.preload())
    assert done.returncode == 0, done.stderr
    with open(t.path("pid")) as file:
        pid = int(file.read())
    t.forget(pid)
    seen, wrong, total = set(), [], 0
    # Some may be lost even in the last recording; those that perf keeps must be right.
    text = [line for line in recorder.script().split("\n") if "PERF_RECORD_LOST" not in line]
    for sample in recording.parse("\n".join(text)):
        if sample.pid != pid or sample.tid == pid:
            continue
        mine = [n for n in sample.python if n.endswith(":<many>")]
        numbers = {re.match(r"\w+_(\d+):", n).group(1) for n in mine}
        if len(mine) < 3:
            continue  # starting or ending
        total += 1
        seen |= numbers
        number = min(numbers)
        if mine != ["%s_%s:<many>" % (f, number) for f in ("top", "middle", "leaf")]:
            wrong.append(str(sample))
    assert total > 100, "only %d samples" % total
    assert not wrong, "%d of %d chains are wrong, such as %s" % (len(wrong), total, wrong[0])
    return "%d samples in %d threads, none wrong" % (total, len(seen))
