"""Which line each Python frame of programs/lines_truth.py must have, by what the program noted."""

import collections
import os

MARGIN = 30e-6  # seconds at both ends of a window: a clock was read there, and a sample takes time
WORKS = ("works.py", 2, 3)  # the file of w001..., and its lines of note() and crc32()
SHARED = ("shared", "shares.py", {5: 1, 6: 2, 7: 3})  # a function, its file, shares of lines

# A Python frame: line 0 is one that is not known.  Native frames have a symbol only.
Frame = collections.namedtuple("Frame", "name file line")


def frame_of(symbol, line):
    """Of "py::qualname:file"."""
    qualname, file = symbol.split(":", 1)
    return Frame(qualname.split(".")[-1], os.path.basename(file), line)


class Truth:
    def __init__(self, told):
        self.pid = told["pid"]
        self.began, self.ended = told["began"], told["ended"]
        self.edges = 0  # samples in a window that are at one of its edges
        # The line of a call whose arguments are on lines of their own.
        self.adler32 = 4 if tuple(told["version"]) >= (3, 8) else 5
        self.chains = {
            name: [[Frame(*frame) for frame in chain] for chain in chains]
            for name, chains in told["chains"].items()
        }
        self.windows = [
            (since, until, lines, [Frame(*frame) for frame in chain])
            for since, until, lines, chain in told["windows"]
        ]

    def known(self, time, main_thread, frames):
        """For each frame (leaf first; native ones are str) the set of lines it may have; None: not
        known."""
        python = [i for i, frame in enumerate(frames) if isinstance(frame, Frame)]
        lines = [None] * len(frames)
        self._by_note(frames, python, lines)
        if main_thread:
            self._by_window(time, frames, python, lines)
        return lines

    def _by_note(self, frames, python, lines):
        for at, i in enumerate(python):
            if frames[i].file == WORKS[0] and frames[i].name in self.chains:
                break
        else:
            return
        below = frames[:i]
        if any(isinstance(f, Frame) and f.name == "note" for f in below):
            lines[i] = {WORKS[1]}
        elif any("crc32" in f for f in below):
            lines[i] = {WORKS[2]}
        elif any("adler32" in f for f in below):
            lines[i] = {self.adler32}
        self._fit(self.chains[frames[i].name], frames, python[at:], lines)

    def _by_window(self, time, frames, python, lines):
        for since, until, number, chain in self.windows:
            if not since + MARGIN <= time <= until - MARGIN:
                continue
            for at, i in enumerate(python):
                if (frames[i].name, frames[i].file) == (chain[0].name, chain[0].file):
                    last = chain[0].line - 1
                    if not self._fit([chain], frames, python[at:], lines):
                        continue
                    # Its edges are the lines that read the clock: when they were stopped for
                    # longer than the margin, what ran in them lies within.
                    if frames[i].line in (last - number, last + 1):
                        self.edges += 1
                    else:
                        lines[i] = set(range(last - number + 1, last + 1))

    @staticmethod
    def _fit(chains, frames, python, lines):
        """The callers' lines by those chains that have the same names as far as the stack goes."""
        names = [frames[i][:2] for i in python]
        fitting = [c for c in chains if [f[:2] for f in c[: len(names)]] == names]
        for at, i in enumerate(python[1:], 1):
            if fitting:
                lines[i] = {chain[at].line for chain in fitting}
        return fitting


class Seen:
    """Samples counted by whether the lines of their Python frames are right."""

    def __init__(self, truth):
        self.truth = truth
        self.samples = self.judged = self.right = self.unknown = self.wrong = 0
        self.frames = collections.Counter()
        self.shares = collections.Counter()
        self.mistakes = collections.Counter()

    def add(self, time, main_thread, frames):
        if not self.truth.began <= time <= self.truth.ended:
            return None
        self.samples += 1
        verdicts = []
        for i, allowed in enumerate(self.truth.known(time, main_thread, frames)):
            if allowed is None:
                continue
            line = frames[i].line
            verdict = "right" if line in allowed else "wrong" if line else "unknown"
            verdicts.append(verdict)
            if verdict != "right":
                inner = next((f.name for f in frames[:i][::-1] if isinstance(f, Frame)), "itself")
                self.mistakes[verdict, frames[i].name, line, tuple(sorted(allowed)), inner] += 1
        self.frames.update(verdicts)
        self.judged += bool(verdicts)
        self.right += bool(verdicts) and all(v == "right" for v in verdicts)
        self.wrong += "wrong" in verdicts
        self.unknown += "unknown" in verdicts and "wrong" not in verdicts
        leaf = next((f for f in frames if isinstance(f, Frame)), None)
        if leaf and leaf[:2] == SHARED[:2]:
            self.shares[leaf.line] += 1
        return verdicts

    def __str__(self):
        return "%d of %d samples with %d frames judged: right %.2f %%, not known %.2f %%, wrong %d; shares %s" % (
            self.judged,
            self.samples,
            sum(self.frames.values()),
            100.0 * self.right / max(self.judged, 1),
            100.0 * self.unknown / max(self.judged, 1),
            self.wrong,
            " ".join("%d" % self.shares[line] for line in sorted(SHARED[2])),
        )

    def details(self, most=12):
        return ["%5d %s: %s at %d, must be %s, calls %s" % ((n,) + m) for m, n in self.mistakes.most_common(most)]
