"""pyperf-run doctor, and the completions and pages that come with it."""

import json
import os
import shutil
import subprocess

import harness
import roots
import wrapper
from harness import Skip, case


def checks(run, *arguments, **options):
    done = run("doctor", "--json", *arguments, **options)
    told = json.loads(done.stdout.decode())
    assert (done.code == 0) == told["names_will_show"], done
    return told["names_will_show"], {c["subject"]: c for c in told["checks"]}


def on_host(world):
    return [p for p in harness.supported(world) if p.root.is_host]


@case("run", each=on_host)
def doctor_knows_every_interpreter(t):
    """Agrees with what the interpreter says of itself and with scripts/interpreters' reading."""
    run = wrapper.Wrapper(t, t.world.perfs[0] if t.world.perfs else None)
    good, told = checks(run, t.python.path)
    assert good or not t.world.perfs, told
    assert "CPython %d.%d" % t.python.minor in told["version"]["text"], told["version"]
    assert ("shared" if t.python.library else "static") in told["interpreter"]["text"], told
    assert (told["frame pointers"]["verdict"] == "ok") == bool(t.python.frame_pointers), told


@case("run", each=on_host)
def doctor_tells_a_process_with_from_one_without(t):
    run = wrapper.Wrapper(t, t.world.perfs[0] if t.world.perfs else None)
    code = "print(1, flush=True); import sys; sys.stdin.read()"
    for argv, loaded in (([run.program, t.python.path], True), ([t.python.path], False)):
        process = t.start(argv + ["-c", code], run.env(), stdin=subprocess.PIPE)
        process.stdout.readline()
        good, told = checks(run, str(process.pid))
        process.communicate(b"")
        assert good == (loaded and bool(t.world.perfs)), told
        assert told["loaded"]["verdict"] == ("ok" if loaded else "bad"), told
        assert not loaded or told["image"]["verdict"] == "ok", told


@case("run")
def doctor_finds_what_is_wrong(t):
    run = wrapper.Wrapper(t, t.world.perfs[0] if t.world.perfs else None)
    for arguments, subject in (
        (("no-such-program",), "program"),
        (("/bin/true",), "interpreter"),
        (("4000000",), "process"),
    ):
        good, told = checks(run, *arguments)
        assert not good and told[subject]["verdict"] == "bad" and told[subject]["remedy"], told
    good, told = checks(run, env={"PATH": "/nonexistent"})
    assert not good and told["perf"]["verdict"] == "bad", told
    good, told = checks(run, env={"PYPERF_DIR": "/proc"})
    assert not good and told["image folder"]["verdict"] == "bad", told
    good, told = checks(run, env={"PYPERF": "off"})
    assert not good and told["switch"]["verdict"] == "bad", told
    os.remove(run.library)
    good, told = checks(run)
    assert not good and told["library"]["verdict"] == "bad", told
    assert run("doctor", "--nonsense").code == 2


# What `pyenv rehash` writes, and what pyenv answers.
PYENV_SHIM = """set -e
program="${0##*/}"
export PYENV_ROOT="%s"
exec "%s" exec "$program" "$@"
"""
PYENV = """[ -n "$PYENV_ROOT" ] || exit 1
case "$1 $2" in "which python3" | "exec python3") ;; *) exit 127 ;; esac
[ "$1" = which ] && echo %s && exit
shift 2
exec %s "$@"
"""


@case("run")
def pyenv_shims_are_looked_through(t):
    python = t.world.newest_on_host()
    run = wrapper.Wrapper(t, t.world.perfs[0] if t.world.perfs else None)
    pyenv = run.script("pyenv", PYENV % (python.path, python.path))
    run.script("python3", PYENV_SHIM % (run.bin, pyenv), interpreter="/usr/bin/env bash")
    good, told = checks(run, "python3")
    assert good or not t.world.perfs, told
    assert "CPython %d.%d" % python.minor in told["version"]["text"], told
    # pyenv's refusal is told when the program is run; until then the shim is a shell script.
    run.script("python4", PYENV_SHIM % (run.bin, pyenv), interpreter="/usr/bin/env bash")
    good, told = checks(run, "python4")
    assert not good and "without Python" in told["interpreter"]["text"], told
    done = run("python3", "-c", "print(41 + 1)")
    assert done.stdout == b"42\n", done
    return python.label


@case("run")
def doctor_sees_other_python(t):
    run = wrapper.Wrapper(t)
    others = [p for p in t.world.interpreters if not p.supported and p.root.is_host]
    if not others:
        raise Skip("no unsupported Python here")
    for python in others:
        good, told = checks(run, python.path)
        assert not good, told
    return ", ".join(p.label for p in others)


@case("run")
def completions_and_pages_are_well_formed(t):
    done = []
    folder = os.path.join(roots.REPO, "packaging")
    for shell, name in (("bash", "pyperf-run.bash"), ("zsh", "_pyperf-run"), ("fish", "pyperf-run.fish")):
        if shutil.which(shell):
            said = t.run([shell, "-n", os.path.join(folder, "completions", name)], None)
            assert said.code == 0 and not said.stderr, said
            done.append(shell)
    if shutil.which("mandoc"):
        for page in ("pyperf-run.1", "libpyperf.7"):
            said = t.run(["mandoc", "-T", "lint", "-W", "warning", os.path.join(folder, "man", page)], None)
            assert said.code == 0, said.stdout.decode()
        done.append("mandoc")
    help_text = wrapper.Wrapper(t)("--help").stdout.decode()
    page = open(os.path.join(folder, "man", "pyperf-run.1")).read().replace("\\-", "-")
    for word in ("--quiet", "--keep", "--no-adapt", "flamegraph", "doctor", "systemd", "map", "clean"):
        assert word in help_text and word in page, word
    return ", ".join(done)
