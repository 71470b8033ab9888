"""The promise of lines: each Python frame of a converted recording leads to the line that ran.

programs/lines_truth.py notes what its lines are (line_truth.py).  Of all samples taken while it
worked 99 % must have the right line in every Python frame of the chain that is judged; a line that
is not known is allowed in the rest, a wrong one nowhere.
"""

import collections
import json
import os
import re
import shutil
import subprocess

import chance
import harness
import line_truth
import recording
import roots
import wrapper
from harness import case

SCALE = 8  # some 1.4 s of processor time
FREQUENCY = 1499
ENOUGH = chance.KEPT  # of the samples that the frequency promises
JUDGED = 0.5  # measured: 0.67 (a busy machine) to 0.88; the judged ones are enough anyhow
# Without a line: measured are 0.1 to 1.0 %, and what was learned of a build differs from time to time.
UNKNOWN = 0.015
# Samples at the edges of a window of time are not judged; measured are 0 to 9 of 1,500.
EDGES = 0.01
# The shares of lines with known bytecode; measured differences are up to 0.03: branches are
# predicted, and the loop's own instructions count for the first.
CLOSE = 0.04

PROBE = os.path.join(roots.REPO, "run", "lines", "probe")
MAPPED, TEXT = 0x2A0000000000, 0x10000  # recording/convert.h, lines/line_file.h
LINE_FILE = re.compile(r"/pyperf/lines-[0-9a-f]+\.so$")


def one_perf_each(world):
    """Every interpreter under one perf, in turn."""
    able = enumerate(harness.supported(world))
    return [wrapper.Setting(p, world.perfs[n % len(world.perfs)]) for n, p in able if world.perfs]


def command_of(python, *arguments):
    """By way of a shell, into which pyperf-run does not look, an interpreter with frame pointers
    too is recorded with copies of stacks."""
    through = ["sh", "-c", 'exec "$@"', "sh"] if python.frame_pointers else []
    return through + [python.path] + list(arguments)


def in_file(ip):
    """perf 7.2 tells addresses of the process, 6.1 those in the file."""
    return ip - MAPPED + TEXT if ip >= MAPPED else ip


def lines_of(run, frames):
    """Addresses in line files -> lines, 0 where none is known.  Read by elfutils."""
    wanted = collections.defaultdict(set)
    for frame in frames:
        if LINE_FILE.search(frame.dso):
            wanted[frame.dso].add(in_file(frame.ip))
    found = {}
    for dso, addresses in wanted.items():
        addresses = sorted(addresses)
        try:
            done = subprocess.run(
                ["eu-addr2line", "-e", dso],  # in the case's home, and every root has this /tmp
                input="".join("0x%x\n" % a for a in addresses).encode(),
                stdout=subprocess.PIPE,
                timeout=60,
            )
        except OSError:
            raise harness.Skip("no eu-addr2line to read line files with")
        answers = done.stdout.decode("utf-8", "surrogateescape").splitlines()
        assert len(answers) == len(addresses), "%d answers for %d addresses" % (len(answers), len(addresses))
        for address, answer in zip(addresses, answers):
            line = re.search(r":(\d+)(?::\d+)?$", answer)
            found[dso, address] = int(line.group(1)) if line else 0
    return found


def frames_of(sample, lines):
    """As line_truth.py wants them: leaf first, native ones as text."""
    return [
        line_truth.frame_of(f.symbol[len(recording.PREFIX) :], lines.get((f.dso, in_file(f.ip)), 0))
        if f.symbol.startswith(recording.PREFIX)
        else f.symbol
        for f in reversed(sample.frames)
    ]


def wrong_shares(shares):
    total = sum(shares[line] for line in line_truth.SHARED[2])
    told = []
    for line, share in line_truth.SHARED[2].items():
        known = share / sum(line_truth.SHARED[2].values())
        low = chance.least(total, max(known - CLOSE, 0))
        high = chance.most(total, known + CLOSE)
        if not low <= shares[line] <= high:
            told.append("line %d has %d of %d samples, known %.1f %%" % (line, shares[line], total, 100 * known))
    return told


@case("lines", each=one_perf_each)
def every_frame_has_the_line_that_ran(t):
    python, perf = t.subject
    run = wrapper.Wrapper(t, perf, python.root)
    report = t.path("report.json")
    command = command_of(python, t.program("lines_truth.py"), report, str(SCALE))
    done = run.record("-g", "-k", "mono", "-F", str(FREQUENCY), *command)
    assert done.code == 0, done.stderr.decode()
    with open(report) as file:
        told = json.load(file)
    truth = line_truth.Truth(told)
    samples = [s for s in run.samples() if s.pid == truth.pid]
    lines = lines_of(run, [f for s in samples for f in s.frames])
    assert lines, "no frame has a line: " + done.stderr.decode()
    seen = line_truth.Seen(truth)
    for sample in samples:
        seen.add(sample.time, sample.tid == sample.pid, frames_of(sample, lines))
    assert seen.samples > ENOUGH * FREQUENCY * told["cpu"], "only %d samples" % seen.samples
    assert seen.judged > JUDGED * seen.samples, "too few samples can be judged: %s" % seen
    assert truth.edges <= EDGES * seen.judged, "%d samples are one line off: %s" % (truth.edges, seen)
    wrong = wrong_shares(seen.shares)
    if seen.wrong or seen.unknown > chance.most(seen.judged, UNKNOWN) or wrong:
        raise AssertionError("\n".join([str(seen)] + seen.details() + wrong))
    return str(seen)


@case("lines", each=harness.supported)
def what_lines_are_learned_from_is_true(t):
    """The functions of the probe are called at the lines after which they are named."""
    probe = [shutil.copy(os.path.join(PROBE, name), t.folder) for name in ("probe.py", "lines.py")]
    done = t.run([t.python.path, t.program("probe_truth.py")] + probe, env=None)
    assert done.code == 0, done.stderr.decode()
    told = json.loads(done.stdout.decode())
    assert not told["wrong"], told["wrong"]
    assert told["called"] > 600 and told["raised"] == 6, told
    return "%d functions" % told["called"]


PLAIN = """
import time

def leaf(until):
    while time.process_time() < until:
        sum(range(1000))

def caller():
    leaf(time.process_time() + 0.3)

caller()
"""


def script_of(run, data, *fields):
    done = run.t.run(["perf", "script", "-i", data, "-F", ",".join(fields)], run.env(), root=run.root)
    assert done.code == 0, done.stderr.decode()
    return done.stdout.decode("utf-8", "surrogateescape")


def recorded(t, run, python, **env):
    """A converted recording of PLAIN; and what pyperf-run said."""
    app = t.path("app.py")
    with open(app, "w") as file:
        file.write(PLAIN)
    done = run.record("-g", "-F", "499", *command_of(python, app), env=env)
    assert done.code == 0, done.stderr.decode()
    return app, done.stderr.decode()


@case("lines", each=wrapper.perfs)
def plain_perf_shows_files_and_lines(t):
    """`perf script` without us, and one row a function in `perf report`."""
    python = t.world.newest_on_host()
    run = wrapper.Wrapper(t, t.subject)
    app, _ = recorded(t, run, python)
    text = script_of(run, run.data, "ip", "sym", "srcline")
    for name, line in (("leaf", 6), ("caller", 9), ("<module>", 11)):
        pattern = r"py::%s:%s\s+(?:\(.*\)\s+)?app\.py:%d\n" % (re.escape(name), re.escape(app), line)
        assert re.search(pattern, text), "%s has no line %d:\n%s" % (name, line, text[-2000:])
    done = t.run(["perf", "report", "-i", run.data, "--stdio", "--children", "-g", "none", "-s", "sym"], run.env())
    rows = re.findall(r"py::caller:", done.stdout.decode("utf-8", "replace"))
    assert len(rows) == 1, "%d rows:\n%s" % (len(rows), done.stdout.decode("utf-8", "replace")[-2000:])


UNLEARNABLE = {
    "HOME is a file": {"HOME": __file__},
    "no place for what was learned": {"XDG_CACHE_HOME": "/proc/nowhere"},
}


@case("lines", each=lambda world: sorted(UNLEARNABLE))
def a_recording_without_lines_is_a_recording(t):
    """It is converted, says once why there are no lines, and has its names."""
    python = t.world.newest_on_host()
    run = wrapper.Wrapper(t, t.world.perfs[0])
    app, said = recorded(t, run, python, **UNLEARNABLE[t.subject])
    assert said.count("no lines") == 1, said
    assert os.path.getsize(run.data) < 1 << 20, "not converted: " + said
    text = script_of(run, run.data, "ip", "sym")
    assert text.count("py::leaf:" + app) > 50, said + text[-2000:]
