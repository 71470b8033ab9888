"""The profilers of `bench/run truth`: how each is run, and how what it says is read.

A profiler has a name, `suits(python)`, `lacking(world, python)` (why it cannot be had, or None),
`command(run)`, `read(run, told)` and `part`, the part of a program's work that it gets: slow ones get
less.  All sample at FREQUENCY where they let one choose.
"""

import glob
import importlib.util
import json
import os
import re
import sys

from support import shares
from support import world as w
from support.shares import KERNEL, NATIVE, PYTHON, Frame, Stack



def tests_recording():
    """tests/integration/recording.py; bench has a recording.py, too."""
    path = os.path.join(w.REPO, "tests/integration/recording.py")
    spec = importlib.util.spec_from_file_location("tests_recording", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


recording = tests_recording()

FREQUENCY = 999
HERE = os.path.join(w.roots.cache_folder(), "profilers")  # scripts/profilers
PACKAGES = "usr/lib/python3/dist-packages"

PSTATS = """
import json, pstats, sys
rows = pstats.Stats(sys.argv[1]).stats
print(json.dumps([[f, l, n, row[3]] for (f, l, n), row in rows.items()]))
"""


class Reading:
    """What a profiler said: stacks, or inclusive seconds of functions; `lines` is {line: weight} of the
    function whose lines are asked for, where stacks do not have them."""

    def __init__(self, stacks=None, functions=None, lines=None, owners=False, has_lines=False):
        self.stacks = stacks
        self.functions = functions
        self.lines = lines
        self.owners = owners
        self.has_lines = has_lines
        self.seconds = 0.0  # of processor time until there was something to read
        self.bytes = 0


class Run:
    """One program under one profiler, in a folder of its own that each root sees."""

    def __init__(self, world, python, folder, script, scale):
        self.world, self.python, self.folder, self.script = world, python, folder, script
        self.report = os.path.join(folder, "report.json")
        self.out = os.path.join(folder, "out.json")
        self.wrapper = os.path.join(world.folder, "bin/pyperf-run")
        self.arguments = [script, self.report, str(scale)]
        os.makedirs(folder)

    @property
    def told(self):
        with open(self.report) as file:
            return json.load(file)

    def env(self, **more):
        home = os.path.join(self.world.folder, "home")
        os.makedirs(home, exist_ok=True)
        base = {
            "PATH": os.path.join(self.world.folder, "bin") + ":/usr/local/bin:/usr/bin:/bin",
            "HOME": home,
            "XDG_CACHE_HOME": os.path.join(self.world.folder, "cache"),
            "LC_ALL": "C.UTF-8",
            "PYTHONHASHSEED": "0",
            "PYTHONDONTWRITEBYTECODE": "1",
            "PYPERF_DIR": self.world.images,
        }
        return dict(base, **more)

    def command(self, prefix=(), options=(), suffix=(), **env):
        argv = list(prefix) + [self.python.path] + list(options) + (list(suffix) or self.arguments)
        return {"argv": argv, "env": self.env(**env), "keep": True}

    def after(self, argv, reading, to=None, **env):
        """Runs a step that comes after the run; its time counts.  `to`: a file for its output."""
        if to:
            argv = ["sh", "-c", 'exec "$@" >"$0"', to] + argv
        command = {"argv": argv, "env": self.env(**env)}
        done = self.world.run(self.python.root, [command], keep_images=True)[0][0]
        reading.seconds += done["cpu"]
        return done["out"]


class Plain:
    """No profiler."""

    name = "none"
    part = 1.0

    @staticmethod
    def command(run):
        return run.command()


# -- perf -----------------------------------------------------------------------------------------


class Perf:
    """perf record, in a mode of the interpreter; `wrapped` by pyperf-run."""

    part = 1.0

    def __init__(self, name, mode, options, wrapped=False, framed=False):
        self.name, self.mode, self.options = name, w.MODES[mode], options
        self.wrapped, self.framed = wrapped, framed

    def suits(self, python):
        return python.minor[1] >= self.mode.since and (python.frame_pointers or not self.framed)

    def lacking(self, world, python):
        if not any(perf.root is python.root for perf in world.perfs):
            return "no perf (apt-get install linux-perf)"
        if self.wrapped and not os.path.exists(os.path.join(world.folder, "bin/pyperf-run")):
            return "pyperf-run is not built"
        return None

    def command(self, run):
        perf = ["perf", "record", "-e", "cpu-clock", "-F", str(FREQUENCY), "-k", "mono"]
        perf += ["-o", run.out] + self.options
        if self.wrapped:
            return run.command([run.wrapper, "-q"] + perf)
        settings = {name: value or run.world.library for name, value in self.mode.env.items()}
        # A buffer that copies of stacks do not overrun.  No `env` in between: perf 6.1 mixes up where
        # libraries are before and after an exec.
        return run.command(perf + ["-m", "16M", "--"], self.mode.options, **settings)

    def read(self, run, told):
        reading = Reading()
        data, left = run.out, [run.out]
        if "perf_jit" in self.mode.options:
            data += ".jit"
            run.after(["perf", "inject", "--jit", "-i", run.out, "-o", data], reading)
            left.append(data)
        text = run.out + ".txt"
        fields = ["--no-inline", "--max-stack", "8191", "--ns", "-F", "comm,pid,tid,time,ip,sym,dso"]
        run.after(["perf", "script", "-i", data] + fields, reading, text)
        with open(text, errors="replace") as file:
            samples = recording.parse(file.read())
        reading.stacks = [
            Stack(1, [self._frame(frame) for frame in sample.frames])
            for sample in samples
            if sample.pid == told["pid"] and told["began"] <= sample.time <= told["ended"]
        ]
        if self.wrapped:
            lines = run.after([run.wrapper, "lines", "--json", "-i", data], Reading())
            lines = json.loads(lines)
            if lines["frames_with_line"]:
                reading.has_lines = True
                reading.lines = {
                    str(row["line"]): row["total"]
                    for row in lines["lines"]
                    if row["file"] == run.script and row["function"] == "work"
                }
        reading.bytes = sum(map(os.path.getsize, left))
        w.World.forget(told["pid"])
        return reading

    @staticmethod
    def _frame(frame):
        if frame.symbol.startswith(recording.PREFIX) and ":" in frame.symbol[4:]:
            name, file = frame.symbol[len(recording.PREFIX) :].split(":", 1)
            return Frame(name, os.path.basename(file), 0, PYTHON)
        kind = KERNEL if "kernel" in frame.dso or frame.dso.endswith(".ko") else NATIVE
        return Frame(frame.symbol, os.path.basename(frame.dso), 0, kind)


# -- Samplers from outside -------------------------------------------------------------------------


def folded(path):
    """`...;file:function:line;... weight` of austin and of 3.15's sampler."""
    stacks = []
    with open(path, errors="replace") as file:
        for text in file:
            chain, _, weight = text.strip().rpartition(" ")
            if text.startswith("#") or not weight.isdigit():
                continue
            frames = []
            for part in chain.split(";"):
                found = re.match(r"(.*):([^:]+):(-?\d+)$", part)
                if found and found.group(2)[0] not in "0123456789":
                    file_, name, line = found.groups()
                    kind = NATIVE if name in ("<native>", "<GC>") else PYTHON
                    frames.append(Frame(name, os.path.basename(file_), int(line), kind))
                elif part in ("<native>", "<GC>"):
                    frames.append(Frame(part, None, 0, NATIVE))
            stacks.append(Stack(int(weight), frames))
    return stacks


class Sampling:
    """3.15's profiling.sampling."""

    part = 1.0

    def __init__(self, name, options, binary=False):
        self.name, self.options, self.binary = name, options, binary

    @staticmethod
    def suits(python):
        return python.minor >= (3, 15)

    @staticmethod
    def lacking(*_):
        return None

    def command(self, run):
        kind = ["--binary"] if self.binary else ["--collapsed"]
        options = ["-m", "profiling.sampling", "run", "-r", str(FREQUENCY)] + self.options + kind
        return run.command(options=options + ["-o", run.out])

    def read(self, run, _):
        reading, data = Reading(has_lines=True), run.out
        if self.binary:
            data += ".folded"
            argv = [run.python.path, "-m", "profiling.sampling", "replay", run.out, "--collapsed"]
            run.after(argv + ["-o", data], reading)
        reading.stacks = folded(data)
        reading.bytes = os.path.getsize(run.out)
        return reading


class Austin:
    """Debian's.  It runs by the loader and the libraries of the tree that it is from."""

    part = 1.0

    def __init__(self, name, options):
        self.name, self.options = name, options

    @staticmethod
    def suits(python):
        return python.minor <= (3, 12)  # Austin 3.7; of 3.13 it shows no frame

    @staticmethod
    def lacking(world, _):
        if not os.path.exists(os.path.join(HERE, "sid/usr/bin/austin")):
            return "not fetched (scripts/profilers)"
        if len(world.roots) < 2:
            return "no sid tree, whose libraries it needs"
        return None

    def command(self, run):
        folders = [run.world.roots[-1].path, os.path.join(HERE, "sid")]
        folders = [folder + "/usr/lib/" + w.roots.TRIPLE for folder in folders]
        loader = glob.glob(folders[0] + "/ld-linux-*.so.*")[0]
        argv = [loader, "--library-path", ":".join(folders), os.path.join(HERE, "sid/usr/bin/austin")]
        return run.command(argv + self.options + ["-i", "%dus" % (1e6 / FREQUENCY), "-o", run.out])

    @staticmethod
    def read(run, _):
        reading = Reading(folded(run.out), has_lines=True)
        reading.bytes = os.path.getsize(run.out)
        return reading


# -- Modules of Python -----------------------------------------------------------------------------


def packages(python):
    """The folder with other people's profilers, as the interpreter sees it; None: not fetched."""
    inside = os.path.join(HERE, "host" if python.root.is_host else "sid", PACKAGES)
    return (inside if python.root.is_host else "/mnt" + inside) if os.path.isdir(inside) else None


class Module:
    """A module that is asked to run the program: `python -m MODULE ... program`."""

    def __init__(self, name, module, options, reader, native=None, standard=False, part=1.0):
        self.name, self.module, self.options, self.reader = name, module, options, reader
        self.native = native or module  # what only the right interpreter can import
        self.standard, self.part = standard, part

    @staticmethod
    def suits(_):
        return True

    def lacking(self, _, python):
        if not self.standard and packages(python) is None:
            return "not fetched (scripts/profilers)"
        code = "import sys; sys.path.append(%r); import %s" % (packages(python) or "", self.native)
        return None if python.runs(code) else "not made for Python %d.%d" % python.minor

    def command(self, run):
        options = [option.replace("OUT", run.out) for option in self.options]
        path = {} if self.standard else {"PYTHONPATH": packages(run.python)}
        return run.command(options=["-m", self.module] + options, **path)

    def read(self, run, _):
        reading = self.reader(run)
        reading.bytes = os.path.getsize(run.out)
        return reading


def read_pstats(run):
    reading = Reading(functions={})
    rows = run.after([run.python.path, "-c", PSTATS, run.out], Reading())
    for file, _, name, seconds in json.loads(rows):
        if os.path.basename(file) in (os.path.basename(run.script), shares.COMMON):
            reading.functions[name] = reading.functions.get(name, 0.0) + seconds
    return reading


def read_pyinstrument(run):
    """Its frames are functions: no lines.  What remains of a frame's time is its own."""
    stacks = []

    def walk(node, above):
        name, file = node["function"], os.path.basename(node["file_path"] or "")
        if node.get("class_name"):
            name = node["class_name"] + "." + name
        kind = NATIVE if file == "<built-in>" else PYTHON
        here = above if name == "[self]" else above + [Frame(name, file, 0, kind)]
        own = node["time"] - sum(child["time"] for child in node["children"])
        if own > 1e-9:
            stacks.append(Stack(own, here))
        for child in node["children"]:
            walk(child, here)

    sys.setrecursionlimit(20000)  # its frames are nested as deep as the program's
    with open(run.out) as file:
        root = json.load(file)["root_frame"]
    if root:
        walk(root, [])
    return Reading(stacks)


def read_scalene(run):
    """Lines, each with its own share, and functions by their first lines; no chains."""
    with open(run.out) as file:
        told = json.load(file)["files"]
    stacks = []
    for path, one in told.items():
        if os.path.basename(path) != os.path.basename(run.script):
            continue
        starts = sorted((row["lineno"], row["line"]) for row in one["functions"])
        for row in one["lines"]:
            weight = sum(row["n_cpu_percent_" + kind] for kind in ("python", "c")) + row["n_sys_percent"]
            inside = [name for first, name in starts if first <= row["lineno"]]
            if weight > 0 and inside:
                frame = Frame(inside[-1], os.path.basename(path), row["lineno"], PYTHON)
                stacks.append(Stack(weight, [frame]))
    return Reading(stacks, owners=True, has_lines=True)


# -- All ------------------------------------------------------------------------------------------

POINTERS = ["--call-graph", "fp"]
DWARF = ["--call-graph", "dwarf"]
DEEPEST = ["--call-graph", "dwarf,65528"]
PROFILERS = (
    Perf("**pyperf-run perf record** `-g`", "plain", ["-g"], wrapped=True),
    Perf("**pyperf-run perf record** `--call-graph fp`", "plain", POINTERS, wrapped=True, framed=True),
    Perf("libpyperf, `perf record -g`", "ours", ["-g"], framed=True),
    Perf("libpyperf, `--call-graph dwarf`", "ours", DWARF),
    Perf("libpyperf, `--call-graph dwarf,65528`", "ours", DEEPEST),
    Perf("`-X perf`, `perf record -g`", "native", ["-g"]),
    Perf("`-X perf_jit`, `--call-graph dwarf`", "native jit", DWARF),
    Perf("`-X perf_jit`, `--call-graph dwarf,65528`", "native jit", DEEPEST),
    Perf("perf alone, `-g`", "plain", ["-g"]),
    Sampling("profiling.sampling (defaults)", []),
    Sampling("profiling.sampling `-a`", ["-a"]),
    Sampling("profiling.sampling `-a --mode cpu`", ["-a", "--mode", "cpu"]),
    Sampling("profiling.sampling `-a --mode gil`", ["-a", "--mode", "gil"]),
    Sampling("profiling.sampling `-a --mode cpu --native`", ["-a", "--mode", "cpu", "--native"]),
    Sampling("profiling.sampling `-a --blocking`", ["-a", "--blocking"]),
    Sampling("profiling.sampling `-a --mode cpu --blocking`", ["-a", "--mode", "cpu", "--blocking"]),
    Sampling("profiling.sampling `-a --mode cpu --binary`", ["-a", "--mode", "cpu"], binary=True),
    Austin("Austin", []),
    Austin("Austin `--sleepless`", ["-s"]),
    Module(
        "pyinstrument",
        "pyinstrument",
        "-i 0.001 -r json --show-all -o OUT".split(),
        read_pyinstrument,
        native="pyinstrument.low_level.stat_profile",
    ),
    Module(
        "Scalene",
        "scalene",
        "--cpu --json --outfile OUT --cpu-sampling-rate 0.001".split(),
        read_scalene,
        native="scalene.get_line_atomic",
    ),
    Module("yappi (cpu)", "yappi", "-c cpu -f pstat -o OUT".split(), read_pstats, native="_yappi", part=0.1),
    Module("cProfile", "cProfile", ["-o", "OUT"], read_pstats, standard=True),
)
