"""What a test case is made of.

A case is a function with one argument, its Context.  It returns None or a line worth printing,
raises AssertionError when the library is at fault, Skip with a reason when it cannot be run here.

    @case("map", each=supported)
    def map_lines_parse(t): ...

`each` gives the things the case is run for, one run each; without it the case runs once.
"""

import collections
import glob
import os
import re
import shutil
import signal
import subprocess
import tempfile
import time

import interpreters
import roots

CASES = []
Case = collections.namedtuple("Case", "group name function each")

TIMEOUT = 300  # seconds for one program; the longest takes three, on a machine that is not busy
PROGRAMS = os.path.join(os.path.dirname(os.path.abspath(__file__)), "programs")
IMAGE_NAME = re.compile(r"pyperf-(\d+)-(\d+)-([0-9a-f]{16})\.so$")


class Skip(Exception):
    """The case cannot be run here, for the reason given."""


def case(group, each=None):
    def add(function):
        CASES.append(Case(group, function.__name__, function, each))
        return function

    return add


class World:
    """What all cases of one run share: the library under test and what there is to test it on."""

    def __init__(self, library, folder):
        self.folder = folder
        self.library = os.path.join(folder, "libpyperf.so")
        shutil.copy(library, self.library)  # a build meanwhile must not change what is tested
        self.built_library = os.path.abspath(library)
        for name in ("pyperf-run", "pyperf-exec"):
            built = os.path.join(os.path.dirname(self.built_library), name)
            if os.path.exists(built):
                shutil.copy(built, folder)
        self.programs = os.path.join(folder, "programs")
        shutil.copytree(PROGRAMS, self.programs)
        self.roots = roots.all_roots()
        self.perfs = roots.all_perfs(self.roots)
        self.interpreters = interpreters.discover(self.roots)

    def newest_on_host(self):
        """An interpreter that knows co_qualname (3.11), for expectations."""
        able = [i for i in supported(self) if i.root.is_host and i.minor >= (3, 11)]
        if not able:
            raise Skip("no CPython 3.11 or newer on this machine")
        return able[-1]


def supported(world):
    return [i for i in world.interpreters if i.supported]


def since(*minor):
    """Those supported interpreters that have what came with this version."""
    return lambda world: [i for i in supported(world) if i.minor >= minor]


class Absent:
    """The subject of a case for which this machine has nothing: its one run is skipped."""

    def __init__(self, reason):
        self.label = "none"
        self.reason = reason


def where(code, reason):
    """Those supported interpreters that run this code without an error.  What none of them can is
    skipped once, for the reason given; what one cannot is not a case of it at all."""
    return lambda world: [i for i in supported(world) if i.runs(code)] or [Absent(reason)]


def having(module):
    """Those supported interpreters that have a module."""
    return where("import " + module, "no interpreter here has %s" % module)


Outcome = collections.namedtuple("Outcome", "stdout stderr code pid")


def build(argv, what):
    """Compiles what a case needs; without a compiler the case is skipped."""
    try:
        done = subprocess.run(argv, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    except OSError:
        raise Skip("no %s to build %s with" % (argv[0], what))
    assert done.returncode == 0, done.stdout.decode()


class Context:
    """One run of one case: its own folder, its subject, and how to run programs."""

    def __init__(self, world, subject):
        self.world = world
        self.subject = subject
        self.python = subject if isinstance(subject, interpreters.Interpreter) else None
        self.folder = tempfile.mkdtemp(prefix="case-", dir=world.folder)
        self.images = self.path("images")
        os.mkdir(self.images)
        self._began = time.time() - 0.1  # file times come from a clock that lags by a tick
        self._started = []
        self._pids = []

    def path(self, *names):
        return os.path.join(self.folder, *names)

    def program(self, name):
        return os.path.join(self.world.programs, name)

    def preload(self, **env):
        """Environment that puts the library into a program, its images into this case's folder;
        what it writes stays there to be looked at."""
        base = {"LD_PRELOAD": self.world.library, "PYPERF_DIR": self.images, "PYPERF_KEEP": "on"}
        base.update(env)
        return {name: value for name, value in base.items() if value is not None}

    def start(self, argv, env, root=None, **options):
        """Starts a command; finish() or close() ends it.  env None: without the library."""
        root = root or (self.python.root if self.python else roots.HOST)
        options.setdefault("stdin", subprocess.DEVNULL)
        options.setdefault("stdout", subprocess.PIPE)
        options.setdefault("stderr", subprocess.PIPE)
        options.setdefault("start_new_session", True)  # so that close() can end its children too
        cwd = options.pop("cwd", self.folder)
        clean = {n: v for n, v in os.environ.items() if not n.startswith(("PYPERF", "PYTHON", "LD_"))}
        clean.update(LC_ALL="C.UTF-8", PYTHONDONTWRITEBYTECODE="1")
        if "PYPERF_CACHE" in os.environ:
            clean["PYPERF_CACHE"] = os.environ["PYPERF_CACHE"]
        process = subprocess.Popen(root.command(argv, env, cwd), cwd=cwd, env=clean, **options)
        self._started.append(process)
        return process

    def run(self, argv, env, stdin=None, **options):
        """Runs a command to its end."""
        if stdin is not None:
            options["stdin"] = subprocess.PIPE
        process = self.start(argv, env, **options)
        out, err = process.communicate(stdin, timeout=TIMEOUT)
        return Outcome(out, err, process.returncode, process.pid)

    def py(self, *arguments, **options):
        """Runs the case's interpreter with the library; env adds to the preload's."""
        env = self.preload(**options.pop("env", {}))
        return self.run([self.python.path] + list(arguments), env, **options)

    def image_paths(self, pid=None, folder=None):
        """The images a process left, oldest first."""
        found = []
        for path in glob.glob(os.path.join(folder or self.images, "pyperf-*.so")):
            name = IMAGE_NAME.match(os.path.basename(path))
            assert name, "an image with an odd name: " + path
            if pid in (None, int(name.group(1))):
                found.append((int(name.group(1)), int(name.group(2)), path))
        return [path for _, _, path in sorted(found)]

    @staticmethod
    def map_path(pid):
        return "/tmp/perf-%d.map" % pid

    def left_in_tmp(self, pid):
        """The map and the images of a process in /tmp, but none that an earlier process with the
        same number left there."""
        paths = self.image_paths(pid, "/tmp") + [self.map_path(pid)]
        return [p for p in paths if os.path.lexists(p) and os.lstat(p).st_mtime > self._began]

    def forget(self, pid):
        """Removes at the end what a process that start() did not start leaves in /tmp."""
        self._pids.append(pid)

    def close(self):
        for process in self._started:
            try:
                os.killpg(process.pid, signal.SIGKILL)
            except (ProcessLookupError, PermissionError):
                pass  # nobody of its session is left
            process.wait()
            for pipe in (process.stdin, process.stdout, process.stderr):
                if pipe:
                    pipe.close()
            self.forget(process.pid)
        for path in self.image_paths():  # the children's, too
            self.forget(int(IMAGE_NAME.search(path).group(1)))
        for pid in set(self._pids):
            for path in self.left_in_tmp(pid):
                os.remove(path)
        shutil.rmtree(self.folder, ignore_errors=True)


def check_ok(outcome):
    """The program ended well and said nothing unexpected to stderr."""
    assert outcome.code == 0 and not outcome.stderr, "exit code %d, stderr: %s" % (
        outcome.code,
        outcome.stderr.decode("utf-8", "replace"),
    )
    return outcome
