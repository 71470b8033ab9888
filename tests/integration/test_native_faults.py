"""What CPython's own perf trampolines got wrong must not be wrong of ours.

Each case names the issue of github.com/python/cpython.  It runs one program twice: with the
library, where it must not fail, and, from 3.12 on, with CPython's trampolines; the line it prints
says whether these still fail on that interpreter.
"""

import os
import re
import signal
import subprocess

import harness
import image
import recording
from test_hooks import probe
from harness import Skip, case

NATIVE_TIMEOUT = 10  # seconds; where it is well it takes one


def describe(out, err, code):
    if code < 0:
        return signal.Signals(-code).name
    if (out, err, code) == (b"fine\n", b"", 0):
        return "fine"
    lines = [line for line in (err or out).decode("utf-8", "replace").split("\n") if line.strip()]
    fatal = [line for line in lines if line.startswith("Fatal Python error")]
    return (fatal or lines[-1:] or ["exit code %d" % code])[0]


def with_native(t, argv):
    """How the program ends with CPython's trampolines."""
    if t.python.minor < (3, 12):
        return "no native trampolines"
    process = t.start(argv, None)
    try:
        out, err = process.communicate(timeout=NATIVE_TIMEOUT)
        how = describe(out, err, process.returncode)
    except subprocess.TimeoutExpired:
        how = "hangs"
    return "native %s: %s" % (t.python.version, how)


def program(t, name, mode, *arguments):
    # Since 3.12 Python warns of what is tested here: fork in a process with threads.
    argv = [t.python.path, "-S", "-W", "ignore::DeprecationWarning"]
    return argv + [t.program("native_faults.py"), name, mode] + list(arguments)


def compare(t, name, *arguments, **env):
    """With the library the program must be fine; its outcome, and what native trampolines do."""
    ours = t.run(program(t, name, "ours", *arguments), t.preload(**env))
    assert describe(*ours[:3]) == "fine", "with the library: %s" % (ours,)
    for path in t.image_paths():
        image.lint(path)
    return ours, with_native(t, program(t, name, "native", *arguments))


def names_of(t, pid):
    return [entry.name for entry in image.read_map(t.map_path(pid))]


def fault(name, *issues):
    """A case that is no more than its program."""

    def run(t):
        return compare(t, name)[1]

    run.__name__ = "_".join([name] + ["gh_%d" % issue for issue in issues])
    case("native", each=harness.supported)(run)


fault("switched_off_beneath", 112367)
fault("switched_while_threads_run", 143228)
fault("child_drops_code", 144766)
fault("child_goes_on_beneath", 149156)
fault("activated_over_and_over", 146522)
fault("threads_meet_the_same", 152330, 144981)
fault("depth", 105003)
fault("writes", 109587)


@case("native", each=harness.supported)
def map_of_a_child_whose_parent_has_no_pid(t):
    """PyUnstable_PerfTrampoline_SetPersistAfterFork() copies the map of getppid()."""
    if os.geteuid():
        raise Skip("only root can have PID namespaces")
    told = []
    for mode, env in (("ours", t.preload(PYPERF_OUTPUT="map")), ("native", None)):
        folder = t.path(mode)
        os.mkdir(folder)
        # Another root's is private already, and no mount point.
        kind = "private" if t.python.root.is_host else "unchanged"
        argv = ["unshare", "--mount", "--propagation", kind]
        argv += program(t, "in_another_pid_namespace", mode, folder)
        if mode == "ours":
            done = t.run(argv, env)
            if done.stdout.startswith(b"no way"):
                raise Skip(done.stdout.decode())
            assert describe(*done[:3]) == "fine", "with the library: %s" % (done,)
        elif t.python.minor == (3, 12):
            told.append("no such function in 3.12")
        else:
            told.append(with_native(t, argv))
    return told[0]


@case("native", each=harness.supported)
def map_of_an_orphan(t):
    """... which is another process once the parent is gone."""
    return compare(t, "orphan", PYPERF_OUTPUT="map")[1]


@case("native", each=harness.supported)
def a_map_is_not_appended_to(t):
    """A process of the same PID left a map behind."""
    shell = "echo '1000 10 stale' >/tmp/perf-$$.map; exec \"$@\""
    told = {}
    for mode, flags in (("ours", []), ("native", ["-X", "perf"])):
        if mode == "native" and t.python.minor < (3, 12):
            return "no native trampolines"
        env = ["env"] + ["%s=%s" % item for item in t.preload().items()] if mode == "ours" else []
        argv = ["sh", "-c", shell, "sh"] + env + [t.python.path] + flags + ["-c", "print('fine')"]
        done = t.run(argv, None)
        assert done.stdout == b"fine\n", done
        told[mode] = "stale" in names_of(t, done.pid)
    assert not told["ours"], "a stale line is still there"
    return "native %s: %s" % (t.python.version, "keeps stale lines" if told["native"] else "fine")


@case("native", each=harness.since(3, 9))  # which have a function that sets an evaluator
def another_evaluator_is_no_reason_to_refuse(t):
    ours, told = compare(t, "another_evaluator", probe(t))
    assert "py::beneath_another:<new>" in names_of(t, ours.pid), "no name beneath another evaluator"
    return told


def native_build_ids(t, folder):
    """Build-ids of what `perf inject --jit` makes of native -X perf_jit."""
    able = [p for p in t.world.perfs if p.root is t.python.root] or t.world.perfs
    if t.python.minor < (3, 13) or not able:
        return None
    recorder = recording.Recording(able[-1], t.python.root, folder, "fp")
    argv = [t.python.path, "-S", "-X", "perf_jit", t.program("many.py")]
    done = recorder.record(["sh", "-c", 'echo 30 | "$@" >"$0"', t.path("out")] + argv, None)
    assert done.returncode == 0, done.stderr
    inject = able[-1].argv(t.python.root) + ["inject", "--jit", "-v", "-i", recorder.data]
    done = t.run(inject + ["-o", os.path.join(folder, "injected")], None)
    paths = re.findall(rb"write ELF image (\S+)", done.stdout + done.stderr)
    ids = []
    for path in paths:
        ids.append(image.build_id(path.decode()))
        os.remove(path.decode())
    for number in {re.search(rb"jitted-(\d+)-", path).group(1) for path in paths}:
        t.forget(int(number))
        os.remove("/tmp/jit-%d.dump" % int(number))
    return ids


@case("native", each=harness.supported)
def build_ids_are_unique(t):
    done = t.run([t.python.path, "-S", t.program("many.py")], t.preload(), stdin=b"30000\n")
    assert done.stdout == b"30000\n", done
    ids = [image.build_id(path) for path in t.image_paths()]
    assert len(ids) == len(set(ids)) >= 3, "build-ids of images: %s" % ids
    native = native_build_ids(t, t.folder)
    if not native:
        return "no native images"
    shared = len(native) - len(set(native))
    how = "%d of %d images share a build-id" % (shared, len(native)) if shared else "fine"
    return "native %s: %s" % (t.python.version, how)


@case("native", each=harness.since(3, 9))
def what_toggling_costs(t):
    """Off and on 2,000 times; natively that is never reached."""
    argv = [t.python.path, "-S", t.program("toggling.py"), "-"]
    ours = harness.check_ok(t.run(argv + ["ours"], t.preload()))
    each, before, after = (float(word) for word in ours.stdout.split())
    assert after < 1.5 * before, "calls are slower after it: %s" % ours.stdout
    told = "%.2f us for off and on; calls take %.2f times as long when on, %.2f after all that; " % (
        each,
        before,
        after,
    )
    return told + with_native(t, argv + ["native"])
