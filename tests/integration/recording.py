"""Records a program with perf and reads the call chains back, as a user would see them."""

import collections
import os
import re
import subprocess

PREFIX = "py::"
FREQUENCY = 999  # samples a CPU second
BUFFERS = ["64M", "128M", "256M", "256M"]  # for each CPU, in turn when events were lost (chance.py)
MODES = {"dwarf": ["--call-graph", "dwarf,65528"], "fp": ["--call-graph", "fp"]}

HEADER = re.compile(r"^\s*(?P<comm>.*?)\s+(?P<pid>\d+)/(?P<tid>\d+)\s+(?P<time>\d+\.\d+):\s*$")
LOST = re.compile(r"^ *(?:LOST|LOST_SAMPLES|THROTTLE) events: .*$", re.M)
FRAME = re.compile(r"^\s+(?P<ip>[0-9a-f]+) (?P<symbol>.*) \((?P<dso>.*)\)$")

# One frame of a chain; dso is a path as the recorded process saw it.
Frame = collections.namedtuple("Frame", "ip symbol dso")


class Sample:
    """One sample.  frames run from the root of the stack to its leaf; kernel frames included."""

    def __init__(self, comm, pid, tid, time):
        self.comm = comm
        self.pid = pid
        self.tid = tid
        self.time = float(time)
        self.nanoseconds = int(time.replace(".", ""))  # as `perf script --ns` tells it
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
        self.buffers = BUFFERS
        self.lost = None  # what perf says of events that it lost or held back, in its words
        self.window = None  # (first, last) moment to look at; None: all

    def record(self, argv, env, before=(), stdin=b""):
        """Runs the command under perf, both with env, as `env... before... perf record command`
        does.  Where perf lost events the recording says nothing, and is made again, bounded."""
        for number, buffer in enumerate(self.buffers, 1):
            done = self._record_once(buffer, argv, env, before, stdin)
            self.lost = self._lost() if done.returncode == 0 else None
            if not self.lost:
                break
            again = "" if number == len(self.buffers) else ", and records it again"
            print(
                "note        %s with buffers of %s lost events of %s (%s)%s"
                % (self.perf, buffer, " ".join(argv[:2]), self.lost, again),
                flush=True,
            )
        return done

    def _record_once(self, buffer, argv, env, before, stdin):
        command = self.perf.argv(self.root) + ["record", "--quiet", "-k", "mono", "-m", buffer]
        command += ["-e", "cpu-clock", "-F", str(FREQUENCY), "-o", self.data] + MODES[self.mode]
        return subprocess.run(
            self.root.command(list(before) + command + ["--"] + argv, env),
            input=stdin,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            timeout=600,
        )

    def _told(self, timeout, command, *options):
        """What a command of perf prints of the recording."""
        done = subprocess.run(
            self.root.command(self.perf.argv(self.root) + [command, "-i", self.data] + list(options)),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            timeout=timeout,
        )
        assert done.returncode == 0, "perf %s failed: %s" % (
            command,
            done.stderr.decode("utf-8", "replace"),
        )
        return done.stdout.decode("utf-8", "surrogateescape")

    def _lost(self):
        told = self._told(600, "report", "--stats")
        assert "TOTAL events:" in told, "perf report tells no numbers: " + told
        return ", ".join(" ".join(line.split()) for line in LOST.findall(told)) or None

    def script(self):
        """Text of `perf script`, lost records included."""
        options = ["--no-inline", "--ns", "--show-lost-events", "-F", "comm,pid,tid,time,ip,sym,dso"]
        if self.window:
            options += ["--time", "%.9f,%.9f" % self.window]
        return self._told(1200, "script", *options)

    def samples(self):
        """Every sample.  Raises AssertionError when perf lost any: figures would mean nothing."""
        assert not self.lost, "the machine is too busy: perf lost events in each of %d recordings: %s" % (
            len(self.buffers),
            self.lost,
        )
        return parse(self.script())


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
            comm, pid, tid, time = header.group("comm", "pid", "tid", "time")
            samples.append(Sample(comm, int(pid), int(tid), time))
        else:
            assert not line.strip(), "perf script wrote a line we cannot read: %r" % line
    return samples
