"""pyperf-run lines: the hottest lines, and the source with what each line costs."""

import json
import os
import re
import shutil

import chance
import harness
import wrapper
from harness import case

APP = """
import time
import zlib

data = b"x" * 100000

def twice():
    zlib.crc32(data)
    zlib.crc32(data); zlib.crc32(data)

def loop():
    end = time.process_time() + 0.5
    while time.process_time() < end:
        for _ in range(10):
            twice()

loop()
"""
ONE, TWO, CALL, ROOT = 8, 9, 15, 17  # lines of APP


def recorded(t, *options, before=()):
    run = wrapper.Wrapper(t, t.subject)
    app = t.path("app.py")
    with open(app, "w") as file:
        file.write(APP)
    python = t.world.newest_on_host()
    done = run.record("-F", "999", *options, python.path, app, before=before)
    assert done.code == 0, done.stderr
    return run, app


def told(run, *arguments):
    done = run("lines", "-i", run.data, *arguments)
    assert done.code == 0, done.stderr
    return done.stdout.decode()


def perf(run, command, *arguments):
    """perf itself, without us."""
    done = run.t.run(["perf", command, "--stdio", *arguments], run.env(), root=run.root)
    assert done.code == 0, done.stderr.decode()
    return done.stdout.decode()


def check_shares(run):
    """zlib is called once in a line, and twice in the next."""
    found = json.loads(told(run, "--json"))
    lines = {(l["function"], l["line"]): l for l in found["lines"]}
    one, two = lines["twice", ONE], lines["twice", TWO]
    assert one["self"] + two["self"] > 0.8 * found["samples"], found
    assert abs(one["self"] / (one["self"] + two["self"]) - 1 / 3) < 0.12, (one, two)
    assert lines["loop", CALL]["self"] <= 0.1 * lines["loop", CALL]["total"], lines
    assert two["source"] == APP.split("\n")[TWO - 1].strip(), two
    assert chance.nearly_all(found["frames_with_line"], found["frames"]), found
    return "%d samples, %d of %d frames with a line" % (
        found["samples"], found["frames_with_line"], found["frames"])


@case("run", each=wrapper.perfs)
def lines_show_what_each_costs(t):
    run, app = recorded(t)
    said = check_shares(run)
    rows = told(run).split("\n")
    assert re.match(r" *self +total +line +function +source$", rows[0]), rows[0]
    assert "app.py:%d" % TWO in rows[1] and "zlib.crc32(data); zlib.crc32(data)" in rows[1], rows
    for what in ("app.py", app, "twice"):
        source = told(run, what)
        assert source.startswith(app + "\n"), source
        assert re.search(r"^ *[0-9.]+%% +[0-9.]+%% +%d  +zlib.crc32.data.$" % ONE, source, re.M), source
    assert "twice()" in told(run, "loop") and "zlib" in told(run, "app.py")
    return said


@case("run", each=wrapper.perfs)
def lines_come_from_stack_copies_too(t):
    """A recording that was not converted has the registers instead; one with stack copies of the
    user's own size is converted unless they say no."""
    options = ("--call-graph", "dwarf,16384", "-k", "mono")
    run, _ = recorded(t, *options, before=["--no-adapt"])
    size = os.path.getsize(run.data)
    said = check_shares(run)
    run.record("-F", "999", *options, t.world.newest_on_host().path, t.path("app.py"))
    assert os.path.getsize(run.data) * 4 < size, "%d after %d bytes" % (os.path.getsize(run.data), size)
    check_shares(run)
    return said


@case("run", each=wrapper.perfs)
def perf_shows_the_line_of_each_python_frame(t):
    run, app = recorded(t)
    done = run("script", "-i", run.data, "-F", "ip,sym,srcline")
    assert done.code == 0, done.stderr
    frames = re.findall(r"py::(\S+?):(\S+)\n\s+(\S+):(\d+)", done.stdout.decode())
    mine = [(name, int(line)) for name, path, file, line in frames if path == app]
    assert len(mine) > 500, done.stdout[:2000]
    right = {"twice": {ONE, TWO}, "loop": {13, 14, CALL}, "<module>": {3, ROOT}}
    known = [(name, line) for name, line in mine if line]
    wrong = [f for f in known if f[0] in right and f[1] not in right[f[0]]]
    assert chance.nearly_all(len(known), len(mine)), "%d of %d" % (len(known), len(mine))
    assert len(wrong) <= 0.01 * len(mine), wrong[:20]
    report = run("report", "--stdio", "--no-children", "-g", "none", "-s", "sym", "-i", run.data)
    rows = re.findall(r"py::twice:" + re.escape(app), report.stdout.decode())
    assert len(rows) <= 1, "a function is one row"
    return "%d frames" % len(mine)


@case("run", each=wrapper.perfs)
def perf_annotate_shows_the_source(t):
    """Of a recording of leafs, each line with the share that `pyperf-run lines` tells."""
    if not shutil.which("objdump"):
        raise harness.Skip("no objdump for perf annotate (package binutils)")
    run, app = recorded(t)
    leaves = t.path("leaves.data")
    done = run("lines", "-i", run.data, "-o", leaves)
    assert done.code == 0 and b"perf annotate -i" in done.stderr, done
    known = {l["line"]: l["self"] for l in json.loads(told(run, "--json", "twice"))["lines"]}
    text = perf(run, "annotate", "-i", leaves, "-s", "py::twice:" + app)
    for line in (ONE, TWO):
        source = APP.split("\n")[line - 1].strip()
        share = re.search(r": .*%s\n *([0-9.]+) : +[0-9a-f]+: +nop" % re.escape(source), text)
        assert share, "%r is not there:\n%s" % (source, text)
        right = 100 * known[line] / sum(known.values())
        assert abs(float(share.group(1)) - right) < 0.1, "%s, not %.2f:\n%s" % (share.group(1), right, text)
    text = perf(run, "report", "--no-children", "-g", "none", "-i", leaves, "-s", "sym,srcline")
    assert re.search(r"py::twice:%s +app.py:%d *$" % (re.escape(app), TWO), text, re.M), text


@case("run")
def lines_say_what_is_wrong(t):
    run = wrapper.Wrapper(t, t.world.perfs[0] if t.world.perfs else None)
    for arguments, words in (
        (("-i",), "needs a value"),
        (("--nonsense",), "unknown argument"),
        (("a.py", "b.py"), "unknown argument"),
        (("-i", "/nonexistent"), "No such file"),
        (("-i", "/nonexistent", "-o", t.path("out")), "No such file"),
        (("-o",), "needs a value"),
        (("-o", t.path("out"), "a.py"), "leave out a.py"),
        (("-o", t.path("out"), "--json"), "leave out --json"),
        (("-i", __file__), "no recording"),
    ):
        done = run("lines", *arguments)
        assert done.code in (1, 2) and words in done.stderr.decode(), (arguments, done)


@case("run", each=lambda world: world.perfs[:1])
def an_interpreter_that_cannot_be_learned_from_has_no_lines(t):
    """The recording is as good as without lines, and one message says so."""
    run = wrapper.Wrapper(t, t.subject)
    python = t.world.newest_on_host()
    app = t.path("app.py")
    with open(app, "w") as file:
        file.write(APP)
    env = {"XDG_CACHE_HOME": "/proc/nowhere"}
    done = run("perf", "record", "-o", run.data, "-F", "499", python.path, app, env=env)
    assert done.code == 0, done.stderr
    assert not [n for n in os.listdir(t.folder) if n.endswith("ing")], os.listdir(t.folder)
    samples = [s for s in run.samples() if s.python]
    assert len(samples) > 50 and samples[-1].python[0] == "<module>:" + app, samples[-1:]
    done = run("lines", "-i", run.data, env=env)
    assert done.code == 0 and b"no line could be told" in done.stderr, done
