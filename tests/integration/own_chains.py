"""Our own reader of recordings (run/recording) against `perf script`: the same chains, sample by sample.

Where they differ perf must be the one who lost the stack: ours has all that perf shows, goes on, and
ends where the kernel started the process or thread; or there was no stack to unwind.
"""

import collections
import os
import re
import subprocess

import roots

HEADER = re.compile(r"^(?P<comm>.*) (?P<tid>\d+) (?P<time>\d+) (?P<stack>\d+)$")
FRAME = re.compile(r"^\t[0-9a-f]+ (?P<symbol>.*) \((?P<dso>[/\[].*)\)$")
STARTS = {"_start", "__clone", "clone", "clone3", "__clone3", "thread_start", "start_thread"}

# frames: (symbol, dso), root first; stack: bytes of it that were copied
Chain = collections.namedtuple("Chain", "comm frames stack")


def tool():
    """The program that prints our chains; None where the tests were not built."""
    path = os.path.join(roots.REPO, "build/tests/run/dump_chains")
    return path if os.access(path, os.X_OK) else None


def parse(text):
    """(thread, nanoseconds) -> Chain, of what dump_chains prints."""
    chains = {}
    frames = None
    for line in text.split("\n"):
        frame = FRAME.match(line) if line.startswith("\t") else None
        if frame:
            frames.insert(0, (frame.group("symbol"), frame.group("dso")))
        elif line:
            header = HEADER.match(line)
            assert header, "dump_chains wrote a line we cannot read: %r" % line
            frames = []
            key = int(header.group("tid")), int(header.group("time"))
            chains[key] = Chain(header.group("comm"), frames, int(header.group("stack")))
    return chains


def read(data, program, root, cache="~/.debug"):
    done = subprocess.run(
        root.command([program, data, os.path.expanduser(cache)]),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        timeout=300,
    )
    assert done.returncode == 0, "dump_chains failed: " + done.stderr.decode("utf-8", "replace")
    return parse(done.stdout.decode("utf-8", "surrogateescape"))


def begins_at_a_start(frames):
    return any(symbol in STARTS for symbol, _ in frames[:2])


def without_library(frames):
    """Ours leave it out where it stands between the interpreter and a slot."""
    return [frame for frame in frames if os.path.basename(frame[1]) != "libpyperf.so"]


def perf_lost_it(perf, ours, stack):
    """Has perf given up where we have not?

    It does not even begin where no byte of the stack was copied, for one because a new thread has not
    touched its own yet.  Ours then has what the registers tell.
    """
    more = len(ours) - len(perf)
    if more <= 0 or ours[more:] != perf:
        return False
    if stack == 0:
        return all(dso == "[kernel.kallsyms]" for _, dso in perf)
    return begins_at_a_start(ours) and not begins_at_a_start(perf)


def tell(sample, perf, ours):
    lines = ["sample at %d, thread %d, root first, perf's and ours:" % (sample.nanoseconds, sample.tid)]
    lines += ["    %s (%s)" % frame for frame in perf] + ["  and"]
    return "\n".join(lines + ["    %s (%s)" % frame for frame in ours])


def compare(data, samples, program=None, root=roots.HOST):
    """Raises AssertionError unless our chains of the recording are those of the samples, which perf
    told of it; otherwise how many are equal, in words.  The program, tool() by default, runs in
    the root."""
    chains = read(data, program or tool(), root)
    equal = lost = 0
    wrong = []
    for sample in samples:
        perf = without_library([(frame.symbol, frame.dso) for frame in sample.frames])
        ours = chains.get((sample.tid, sample.nanoseconds))
        ours = ours and ours._replace(frames=without_library(ours.frames))
        if ours and ours.comm == sample.comm and ours.frames == perf:
            equal += 1
        elif ours and ours.comm == sample.comm and perf_lost_it(perf, ours.frames, ours.stack):
            lost += 1
        else:
            wrong.append(tell(sample, perf, ours.frames if ours else []))
    assert not wrong, "%d of %d chains of our own are not perf's:\n%s" % (
        len(wrong),
        len(samples),
        "\n".join(wrong[:3]),
    )
    return "%d chains of our own as perf's" % equal + (", %d longer" % lost if lost else "")
