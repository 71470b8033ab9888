"""The promise of lines: each Python frame of a converted recording leads to the line that ran.

programs/lines_truth.py notes what its lines are (line_truth.py).  Of all samples taken while it
worked 99 % must have the right line in every Python frame of the chain that is judged; a line that
is not known is allowed in the rest, a wrong one nowhere.
"""

import collections
import json
import os
import re
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
JUDGED = 0.7  # measured: 0.76 to 0.88
UNKNOWN = 0.01
# The shares of lines with known bytecode; measured differences are up to 0.03: branches are
# predicted, and the loop's own instructions count for the first.
CLOSE = 0.04

LINE_FILE = re.compile(r"/pyperf/lines-[0-9a-f]+\.so$")


def one_perf_each(world):
    """Every interpreter under one perf, in turn.  Where frame pointers make copies of stacks
    needless, a recording has no registers that could tell lines."""
    able = [python for python in harness.supported(world) if not python.frame_pointers]
    return [wrapper.Setting(p, world.perfs[n % len(world.perfs)]) for n, p in enumerate(able) if world.perfs]


def lines_of(run, frames):
    """Addresses in line files -> lines, 0 where none is known.  Read by elfutils."""
    wanted = collections.defaultdict(set)
    for frame in frames:
        if LINE_FILE.search(frame.dso):
            wanted[frame.dso].add(frame.ip)
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
        line_truth.frame_of(f.symbol[len(recording.PREFIX) :], lines.get((f.dso, f.ip), 0))
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
    done = run.record(
        "-g", "-k", "mono", "-F", str(FREQUENCY), python.path, t.program("lines_truth.py"), report, str(SCALE)
    )
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
    assert seen.samples > chance.KEPT * FREQUENCY * told["cpu"], "only %d samples" % seen.samples
    assert seen.judged > JUDGED * seen.samples, "too few samples can be judged: %s" % seen
    wrong = wrong_shares(seen.shares)
    if seen.wrong or seen.unknown > chance.most(seen.judged, UNKNOWN) or wrong:
        raise AssertionError("\n".join([str(seen)] + seen.details() + wrong))
    return str(seen)
