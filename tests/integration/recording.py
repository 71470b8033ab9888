"""Records a program with perf and reads the call chains back, as a user would see them."""

import collections
import os
import re
import subprocess

PREFIX = "py::"
FREQUENCY = 999  # samples a CPU second
MODES = {"dwarf": ["--call-graph", "dwarf,65528"], "fp": ["--call-graph", "fp"]}

HEADER = re.compile(r"^\s*(?P<comm>.*?)\s+(?P<pid>\d+)/(?P<tid>\d+)\s+(?P<time>\d+\.\d+):\s*$")
FRAME = re.compile(r"^\s+(?P<ip>[0-9a-f]+) (?P<symbol>.*) \((?P<dso>.*)\)$")

# One frame of a chain; dso is a path as the recorded process saw it.
Frame = collections.namedtuple("Frame", "ip symbol dso")


class Sample:
    """One sample.  frames run from the root of the stack to its leaf; kernel frames included."""

    def __init__(self, pid, tid, time):
        self.pid = pid
        self.tid = tid
        self.time = time
        self.frames = []

    @property
    def python(self):
        """Names of the Python frames, without the prefix, root first."""
        return [f.symbol[len(PREFIX) :] for f in self.frames if f.symbol.startswith(PREFIX)]

    def __str__(self):
        lines = ["sample at %.6f, thread %d, root first:" % (self.time, self.tid)]
        return "\n".join(lines + ["    %x %s (%s)" % tuple(f) for f in self.frames])


class Recording:
    """What `perf record` kept of one run of a command in a root."""

    def __init__(self, perf, root, folder, mode):
        self.perf = perf
        self.root = root
        self.mode = mode
        self.data = os.path.join(folder, "perf.data")
        self.window = None  # (first, last) moment to look at; None: all

    def record(self, argv, env, before=(), stdin=b""):
        """Runs the command under perf, both with env, as `env... before... perf record command`
        does."""
        command = self.perf.argv(self.root) + ["record", "--quiet", "-k", "mono", "-m", "64M"]
        command += ["-e", "cpu-clock", "-F", str(FREQUENCY), "-o", self.data] + MODES[self.mode]
        return subprocess.run(
            self.root.command(list(before) + command + ["--"] + argv, env),
            input=stdin,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            timeout=600,
        )

    def script(self):
        """Text of `perf script`, lost records included."""
        command = self.perf.argv(self.root) + ["script", "--no-inline", "--ns", "-i", self.data]
        command += ["--show-lost-events", "-F", "comm,pid,tid,time,ip,sym,dso"]
        if self.window:
            command += ["--time", "%.9f,%.9f" % self.window]
        done = subprocess.run(
            self.root.command(command),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            timeout=1200,
        )
        assert done.returncode == 0, "perf script failed: " + done.stderr.decode("utf-8", "replace")
        return done.stdout.decode("utf-8", "surrogateescape")

    def samples(self):
        """Every sample.  Raises AssertionError when perf lost any: figures would mean nothing."""
        text = self.script()
        assert "PERF_RECORD_LOST" not in text, "perf lost records; the machine is too busy"
        return parse(text)


def parse(text):
    """Samples of a `perf script` text made with the fields of Recording.script."""
    samples = []
    for line in text.split("\n"):
        frame = FRAME.match(line)
        if frame and samples:
            symbol = frame.group("symbol")
            samples[-1].frames.insert(0, Frame(int(frame.group("ip"), 16), symbol, frame.group("dso")))
            continue
        header = HEADER.match(line)
        if header:
            samples.append(
                Sample(int(header.group("pid")), int(header.group("tid")), float(header.group("time")))
            )
        else:
            assert not line.strip(), "perf script wrote a line we cannot read: %r" % line
    return samples
