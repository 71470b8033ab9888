"""The promise itself: perf sees the whole Python call chain, and only chains that can be.

programs/truth.py works for known times along known chains.  Of all samples perf took of it while
it worked, broken ones included, 99.5 % must show a complete chain: from the start of the process
or thread, through every function of the call graph in order, to where the program was.  As many
of them must be at one of the known leaves as the program, by its own clock, was there, and the
shares of the branches must be the known ones.

It looks at about 2,200 samples first, and is content if all of that holds in close bounds.  If not,
more come in until chance alone hardly ever leads to more broken ones than allowed (chance.py); then
what was allowed from the start decides, and for shares the bounds that belong to so many samples.
"""

import collections
import json
import os

import chance
import harness
import own_chains
import recording
import wrapper
from harness import case

UNIT = 0.1  # CPU seconds for one share
SEGMENT, STEP = 64 << 10, 4 << 10  # of stack: stack.h; truth.py takes more than a step
SHORT = 0.02  # where any of some 400 samples would tell
COMPLETE = 0.995
ENOUGH = chance.KEPT  # of the samples that the frequency promises
CUT = 0.005  # the same by frame pointers within the library; measured: none of 117
PERF = 0.005  # of all samples, what perf itself may cost outside the leaves
# The chances, of samples at a leaf and of shares, with which a healthy state needs more than the
# first looks, and with which it fails the last.
FIRST, LAST = (0.05, 3e-5), (chance.EACH, chance.EACH)
MORE = 4  # times the first number of samples come in with each further recording

# Branch -> (chain below <module> main repeat, share), as in programs/truth.py.
BRANCHES = {
    "plain": ("plain plain_one plain_two plain_three spin", 3),
    "recursion": (" ".join(["recursion"] * 13) + " spin", 2),
    "generator": ("generator numbers spin", 2),
    "coroutine": ("coroutine coroutine_outer coroutine_inner spin", 2),
    "method": ("method Worker.work spin", 2),
    "closure": ("closure closure.<locals>.inside closure.<locals>.inside.<locals>.<lambda> spin", 1),
    "class body": ("class_body class_body.<locals>.Body spin", 2),
    "callback": ("callback callback.<locals>.key spin", 2),
    "raising": ("exception failing spin", 1),
    "recovering": ("exception recovering spin", 1),
    "thrown": ("thrown catcher spin", 1),
}
THREADS = {"thread one": ("thread_one repeat spin", 2), "thread two": ("thread_two repeat spin", 1)}
THREAD_START = "Thread._bootstrap Thread._bootstrap_inner Thread.run"

UNITS = sum(share for _, share in list(BRANCHES.values()) + list(THREADS.values()))

Setting = collections.namedtuple("Setting", "python mode perf")
Setting.label = property(lambda s: "%s %s %s" % (s.python.label, s.mode, s.perf))


def settings(world):
    """Every interpreter under every perf, with each way of unwinding that can work."""
    for python in harness.supported(world):
        for perf in world.perfs:
            for mode in ["dwarf"] + (["fp"] if python.frame_pointers else []):
                yield Setting(python, mode, perf)


class Expected:
    """The chains that truth.py's call graph allows, as tuples of py:: names without prefix."""

    def __init__(self, program, threading):
        self.program = program
        self.threading = threading
        self.whole = {}
        start = ["<module>:" + program, "main:" + program]
        for branch, (names, _) in BRANCHES.items():
            self.whole[tuple(start + self._own("repeat " + names))] = branch
        closed = tuple(start + self._own("repeat catcher"))
        start = ["%s:%s" % (name, threading) for name in THREAD_START.split()]
        for branch, (names, _) in THREADS.items():
            self.whole[tuple(start + self._own(names))] = branch
        self.passing = {chain[:n] for chain in self.whole for n in range(len(chain))}
        # thrown() leaves a generator, which repeat() closes when it drops thrown()'s frame.
        self.passing.add(closed)
        # Where threading itself is at work: starting and joining threads, and in each thread.
        self.around_threads = [
            ["%s:%s" % (name, program) for name in ("<module>", "main", "threads")],
            start[:1],
        ]

    def _own(self, names):
        return ["%s:%s" % (name, self.program) for name in names.split()]

    def allows(self, chain):
        """Whole, on the way to or from a leaf, or inside the standard library's threading."""
        if tuple(chain) in self.whole or tuple(chain) in self.passing:
            return True
        library = ":" + os.path.dirname(self.threading) + "/"
        return any(
            chain[: len(start)] == start and all(library in name for name in chain[len(start) :])
            for start in self.around_threads
        )


def is_interpreter(frame):
    return os.path.basename(frame.dso).startswith(("python", "libpython"))


def is_libc(frame):
    return os.path.basename(frame.dso).startswith("libc.so")


def is_library(frame):
    return os.path.basename(frame.dso) == "libpyperf.so"


def is_evaluator(frame):
    return "libpython" in frame.dso and frame.symbol.startswith("_PyEval_EvalFrameDefault")


def is_of_the_program(frame):
    return frame.dso not in ("[kernel.kallsyms]", "[unknown]")


def misplaced(sample):
    """Why a py:: frame is not where CPython calls its evaluator, or is missing; None if all is well.

    Stripped interpreters name only what they export; perf may then know no symbol, or a
    neighbour's.  With a full symbol table (libpython's) each evaluation must have its py:: frame.
    """
    frames = sample.frames
    for i, frame in enumerate(frames):
        if not frame.symbol.startswith(recording.PREFIX):
            if harness.IMAGE_NAME.search(frame.dso):
                return "%x in an image has no name" % frame.ip
            if i and is_evaluator(frame) and not frames[i - 1].symbol.startswith(recording.PREFIX):
                return "an evaluation has no py:: frame"
            continue
        # Where some stack was used the library stands between, and leaves a context.
        caller = i - 1
        while caller > 0 and is_library(frames[caller]):
            caller -= 1
        if caller < 0 or not is_interpreter(frames[caller]):
            return "%s is not called by the interpreter" % frame.symbol
        if i + 1 == len(frames) or frames[i + 1].dso == "[kernel.kallsyms]":
            continue
        inner = frames[i + 1]
        if is_library(inner) and not any(is_interpreter(f) for f in frames[i + 1 :]):
            continue  # the library looks at the clock, for the map (perfmap.h)
        if not is_interpreter(inner):
            return "%s calls %s (%s)" % (frame.symbol, inner.symbol, inner.dso)
        if "libpython" in inner.dso and not is_evaluator(inner):
            return "%s calls %s" % (frame.symbol, inner.symbol)
    return None


def starts_at_root(sample, mode, main_thread):
    """Does the chain begin where the kernel started the process or thread?

    In dwarf mode: at _start, called by nobody, or at libc's clone.  By frame pointers the C
    library, built without them, ends the chain: libc must be what called the interpreter.
    """
    frames = sample.frames
    first = next((i for i, f in enumerate(frames) if is_interpreter(f)), None)
    if first is None:
        return False
    if mode == "fp" and first > 0 and is_libc(frames[first - 1]):
        # Where glibc's own frames hold no frame pointer, what is above the first of them is noise.
        return True
    if main_thread:
        return frames[0].symbol == "_start" or (
            len(frames) > 1
            and is_interpreter(frames[0])
            and is_libc(frames[1])
            and frames[1].symbol.startswith("__libc_start_main")
        )
    return first >= 2 and all(is_libc(f) for f in frames[:first])


def is_outside_python(sample, starts):
    """Is it a whole chain of a thread that has not come to Python yet, or has left it?

    Then there is libc alone, from one of the addresses where chains with Python begin too.
    """
    frames = [f for f in sample.frames if f.dso != "[kernel.kallsyms]"]
    return bool(frames) and frames[0].ip in starts and all(map(is_libc, frames))


def tell(title, samples, most=3):
    lines = ["%s: %d" % (title, len(samples))]
    return lines + [str(sample) for sample in samples[:most]]


def tell_run(title, broken, count):
    """Where in a recording of so many samples the broken ones are: a {number: sample}.

    Chance strews them.  A run of them with hardly a frame of the program is perf that lost an object
    (docs/porting.md).
    """
    bare = sum(not any(is_of_the_program(f) for f in sample.frames) for sample in broken.values())
    threads = len({sample.tid for sample in broken.values()})
    return "%s: %d of %d, from no. %d to no. %d, in %d threads; %d have no frame of the program" % (
        title,
        len(broken),
        count,
        min(broken),
        max(broken),
        threads,
        bare,
    )


def tell_places(title, samples, most=10):
    """Where the samples are, the most frequent first, by function names alone."""
    places = collections.Counter(
        " ".join(name.split(":")[0] for name in s.python) + " > " + s.frames[-1].symbol for s in samples
    )
    return ["%s: %d" % (title, len(samples))] + ["%5d %s" % (n, p) for p, n in places.most_common(most)]


def record(t, setting, env, unit, before=()):
    """Runs truth.py under perf, behind the words before; its report and the samples taken while it
    worked."""
    report = t.path("report.json")
    recorder = recording.Recording(setting.perf, setting.python.root, t.folder, setting.mode)
    done = recorder.record([setting.python.path, t.program("truth.py"), report, str(unit)], env, before)
    assert done.returncode == 0, "the recording failed: " + done.stderr.decode("utf-8", "replace")
    with open(report) as file:
        told = json.load(file)
    t.forget(told["pid"])
    recorder.window = told["began"], told["ended"]
    samples = [s for s in recorder.samples() if told["began"] <= s.time <= told["ended"]]
    samples = [s for s in samples if s.pid == told["pid"]]
    if setting.python.root.is_host and own_chains.tool():
        told["own"] = own_chains.compare(recorder.data, samples)
    wanted = ENOUGH * recording.FREQUENCY * unit * UNITS
    assert len(samples) > wanted, "only %d samples" % len(samples)
    return told, samples


def wrong_shares(branches, likely):
    """The branches whose share is not the known one, but for a chance and for what perf costs."""
    total = sum(branches.values())
    wrong = []
    for branch, (_, share) in list(BRANCHES.items()) + list(THREADS.items()):
        known = share / UNITS
        low = chance.least(total, known, likely / 2) - PERF * total
        high = chance.most(total, known, likely / 2) + PERF * total
        if not low <= branches[branch] <= high:
            seen = branches[branch] / total
            wrong.append("%s: %.1f %%, known %.1f %%" % (branch, 100 * seen, 100 * known))
    return wrong


class Seen:
    """The samples of one or more runs, sorted by what their chains show."""

    def __init__(self, setting, expected):
        self.setting = setting
        self.expected = expected
        self.count = self.recordings = 0
        self.cpu = self.spinning = 0.0  # seconds, by the program's clock
        self.branches = collections.Counter()
        self.broken, self.impossible, self.displaced, self.between = [], [], [], []
        self.runs = []  # of broken stacks, in words, one for each recording that has any

    def add(self, told, samples):
        self.cpu += told["cpu"]
        self.spinning += told["spinning"]
        self.count += len(samples)
        mode = self.setting.mode
        rooted = [starts_at_root(s, mode, s.tid == s.pid) for s in samples]
        starts = set()  # of threads; by frame pointers libc shows none
        if mode == "dwarf":
            starts = {s.frames[0].ip for s, r in zip(samples, rooted) if r and s.tid != s.pid}
        broken = {}
        for number, (sample, root) in enumerate(zip(samples, rooted), 1):
            branch = self.expected.whole.get(tuple(sample.python))
            if not root and not is_outside_python(sample, starts):
                broken[number] = sample
            elif not self.expected.allows(sample.python):
                self.impossible.append(sample)
            elif misplaced(sample):
                self.displaced.append(sample)
            elif branch:
                self.branches[branch] += 1
            else:
                self.between.append(sample)
        self.broken += broken.values()
        self.recordings += 1
        if broken:
            self.runs.append(tell_run("recording %d" % self.recordings, broken, len(samples)))

    @property
    def at_a_leaf(self):
        return sum(self.branches.values())

    @property
    def complete(self):
        return self.at_a_leaf + len(self.between)

    def wrong(self, likely, likely_shares):
        """What is not as it must be, in words; by chance with the probabilities given.

        Outside the leaves may be what the program spent there by its own clock, and what perf itself
        costs.
        """
        told = []
        if self.complete < COMPLETE * self.count:
            told.append("too many chains are not complete")
        elsewhere = 1 - self.spinning / self.cpu + PERF
        if self.count - self.at_a_leaf > chance.most(self.count, elsewhere, likely):
            told.append("too many samples are not at a leaf")
        return told + wrong_shares(self.branches, likely_shares)

    def __str__(self):
        return "%.2f %% of %d samples complete, %.2f %% at a leaf (by the program's clock %.2f %%)" % (
            100 * self.complete / self.count,
            self.count,
            100 * self.at_a_leaf / self.count,
            100 * self.spinning / self.cpu,
        )

    def tell_broken(self, title):
        return tell(title, self.broken) + self.runs

    def details(self):
        lines = [str(self)]
        lines += self.tell_broken("stacks that do not begin at the root")
        lines += tell("chains the call graph does not allow", self.impossible)
        lines += tell("py:: frames in the wrong place", self.displaced)
        lines += [misplaced(sample) for sample in self.displaced[:3]]
        lines += tell_places("complete, but not at a leaf", self.between)
        return "\n".join(lines)


@case("truth", each=settings)
def chains(t):
    told, samples = record(t, t.subject, t.preload(), UNIT)
    seen = Seen(t.subject, Expected(t.program("truth.py"), told["threading"]))
    seen.add(told, samples)
    first = ""
    needed = max(chance.enough(chance.BROKEN, 1 - COMPLETE), (1 + MORE) * seen.count)
    while True:
        last = seen.count >= needed
        wrong = seen.wrong(*(LAST if last else FIRST))
        if last or not wrong or seen.impossible or seen.displaced:
            break
        if not first:
            first = "; at first %s: %s" % (seen, "; ".join(wrong))
            print("\n".join(seen.tell_broken("%s: broken at first" % t.subject.label)), flush=True)
        seen.add(*record(t, t.subject, t.preload(), MORE * UNIT))
    if wrong or seen.impossible or seen.displaced:
        raise AssertionError("\n".join(wrong + [seen.details() + first]))
    return str(seen) + first + ("; " + told["own"] if "own" in told else "")


def by_frame_pointers(world):
    return [s for s in settings(world) if s.mode == "fp"]


@case("truth", each=by_frame_pointers)
def chains_while_functions_are_named(t):
    """By frame pointers: the library itself, which names new functions, must not cut the chain."""
    setting = t.subject
    recorder = recording.Recording(setting.perf, setting.python.root, t.folder, setting.mode)
    argv = [setting.python.path, "-S", t.program("many.py")]
    done = recorder.record(argv, t.preload(), stdin=b"200000\n")
    assert done.returncode == 0, "the recording failed: " + done.stderr.decode("utf-8", "replace")
    samples = recorder.samples()
    t.forget(samples[0].pid)
    inside = [s for s in samples if is_library(s.frames[-1])]
    # Some 55 come: 20 and fewer with a chance of 1e-7.
    assert len(inside) > 20, "only %d samples in the library" % len(inside)
    cut = [s for s in inside if not starts_at_root(s, setting.mode, True)]
    figure = "%d of %d samples in the library complete" % (len(inside) - len(cut), len(inside))
    assert len(cut) <= chance.most(len(inside), CUT), "\n".join([figure] + tell("cut", cut))
    return figure


def one_setting_each(world):
    return [Setting(p, "dwarf", world.perfs[0]) for p in harness.supported(world)]


def one_that_counts_units(world):
    """For it the library stands between two frames where each 64 KiB of stack begin, too."""
    return [s for s in one_setting_each(world) if s.python.minor in ((3, 12), (3, 13))][:1]


@case("truth", each=one_that_counts_units)
def a_segment_of_stack_begins_anywhere(t):
    """The stack's start moves by less than the stack takes, so some calls are the first in theirs."""
    between = 0
    for at in range(0, SEGMENT, STEP):
        env = dict(t.preload(), PYPERF_TEST_PADDING="x" * at)
        told, samples = record(t, t.subject, env, SHORT / 4, before=["setarch", "-R"])
        seen = Seen(t.subject, Expected(t.program("truth.py"), told["threading"]))
        seen.add(told, samples)
        assert not seen.impossible and not seen.displaced, seen.details()
        between += sum(any(is_library(f) for f in s.frames[:-1]) for s in samples)
    assert between > 0, "the library stood nowhere: the test finds nothing"
    return "%d samples" % between


@case("truth", each=one_setting_each)
def nothing_without_preload(t):
    _, samples = record(t, t.subject, None, SHORT)
    named = [s for s in samples if s.python]
    assert not named, "py:: frames without the library:\n%s" % named[0]


@case("truth", each=wrapper.perfs)
def a_recording_with_lost_events_is_made_again(t):
    """A stack's copy does not fit into the smallest buffer; and if it never fits, that is said."""
    python = t.world.newest_on_host()
    argv = [python.path, "-S", "-c", "import time\nwhile time.process_time() < 0.2: pass"]
    recorder = recording.Recording(t.subject, python.root, t.folder, "dwarf")
    recorder.buffers = ["4K", recording.BUFFERS[0]]
    assert recorder.record(argv, None).returncode == 0
    assert len(recorder.samples()) > ENOUGH * recording.FREQUENCY * 0.2
    recorder.buffers = ["4K"]
    assert recorder.record(argv, None).returncode == 0
    try:
        recorder.samples()
    except AssertionError:
        return
    raise AssertionError("a recording without most of its samples is taken for a whole one")
