"""One of CPython's test files, run with the library and without, and what differed.

Tests that fail now and then, and output that varies from run to run, must not look like the
library's doing.  So a test that differs is run again both ways: a failure counts when it appears
twice with the library and never without, a line of output when it appears each time with it and
never without.

Each run has a /tmp of its own: some of these tests remove every perf map that they find there.
"""

import collections
import fnmatch
import os
import re
import shlex
import shutil
import signal
import subprocess
import tempfile
import time

import roots

FAILURE = re.compile(r"^(FAIL|ERROR|UNEXPECTED SUCCESS): (.*)$")
CASE = re.compile(r"^(test\w+ \([^)]*\))")
SKIPPED = re.compile(r"\.\.\. skipped (.*)$")
FILE_SKIPPED = re.compile(r"^test_\S+ skipped -- (.*)$")
RAN = re.compile(r"^Ran (\d+) tests? in", re.M)
# What differs from run to run anyway: numbers, addresses, random names, and how long things took.
VARYING = re.compile(
    r"0x[0-9a-f]+|tmp[a-z0-9_]{6,}|\b(?=[0-9a-f]*\d)[0-9a-f]{7,}\b|\d+(?:[.:]\d+)*(?: ?(?:ms|us|sec|min|s)\b)?"
)
CLOCK = re.compile(r"^(\d+:\d+:\d+ (load avg: [\d.]+ )?)?\[ *\d+/\d+.*|^Total duration.*|^beginning .*")
# What a failure adds to regrtest's summary.
SUMMARY = re.compile(
    r"^(== Tests result|FAILED \(|OK\b|Result: |Total tests: |Total test files: |\d+ tests? failed:|"
    r"-{70}$|1 test OK|All \d+ tests OK|\d+ test altered|test \S+ (failed|crashed)|test_\S+( failed \(.*)?$)"
)
# A traceback belongs to the failure named above it.
SEPARATOR = "=" * 70

# The slowest files, to be started first.
SLOW = (
    "test_multiprocessing_spawn test_multiprocessing_forkserver test_multiprocessing_fork "
    "test_concurrent_futures test_asyncio test_subprocess test_threading test_io test_faulthandler"
).split()

# Enters a /tmp of its own, which is the folder outside, with the library in it.
PRIVATE_TMP = 'mount --bind "$0" /tmp && cd /tmp && exec "$@"'
LIBRARY = "/tmp/libpyperf.so"

Result = collections.namedtuple("Result", "failures skips reasons lines count last seconds")


def in_private_tmp(folder, argv):
    namespace = ["unshare", "--mount", "--propagation", "private"]
    if os.geteuid():
        namespace.append("--map-root-user")
    return namespace + ["sh", "-c", PRIVATE_TMP, folder] + argv


def quietly(argv):
    done = subprocess.run(
        argv, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
    )
    return done.stdout.decode("utf-8", "replace") if done.returncode == 0 else None


def test_folder(python):
    """This machine's path of the interpreter's tests; None where they are not installed."""
    code = "import test.regrtest, test; print(list(test.__path__)[0])"
    found = quietly(python.root.command([python.path, "-c", code]))
    folder = python.root.file(found.strip()) if found else None
    if folder and os.path.exists(os.path.join(folder, "test_threading.py")):
        return folder
    return None


class Known:
    """The table of docs/differences.md: | versions | test file | case pattern | cause | native |"""

    def __init__(self, path):
        self.rows = []
        if not os.path.exists(path):
            return
        with open(path, encoding="utf-8") as file:
            for line in file:
                cells = [cell.strip().strip("`") for cell in line.strip().strip("|").split(" | ")]
                if line.startswith("| 3.") and len(cells) >= 3:
                    self.rows.append((cells[0].replace(",", " ").split(), cells[1], cells[2]))

    def covers(self, python, name, difference):
        minor = "%d.%d" % python.minor
        return any(
            minor in versions and fnmatch.fnmatch(name, file) and fnmatch.fnmatch(difference, pattern)
            for versions, file, pattern in self.rows
        )


def parse(text, code):
    failures, skips, lines = set(), set(), set()
    reasons = collections.Counter()
    case = ""
    in_report = False
    for line in text.split("\n"):
        line = line.rstrip()
        failure = FAILURE.match(line)
        if failure:
            failures.add(failure.group(2))
        if line == SEPARATOR:
            in_report = True
        elif line.startswith("Ran "):
            in_report = False
        named = CASE.match(line)
        case = named.group(1) if named else case
        skip = SKIPPED.search(line) or FILE_SKIPPED.match(line)
        if skip:
            reason = VARYING.sub("N", skip.group(1))
            skips.add("%s skipped %s" % (case, reason))
            reasons[reason.strip("'\"")] += 1
        # Where results and output meet in one line, only the output counts.
        line = re.sub(r"^test\w+ \([^)]*\)( \.\.\.)?", "", line).strip()
        line = re.sub(r"\b(ok|FAIL|ERROR|expected failure|skipped .*)$", "", line).strip()
        if line and not (in_report or CLOCK.match(line) or SUMMARY.match(line)):
            lines.add(VARYING.sub("N", line))
    count = sum(int(n) for n in RAN.findall(text))
    if code == "timeout":
        failures.add("(timed out)")
    elif code < 0:
        failures.add("(killed by %s)" % signal.Signals(-code).name)
    elif code not in (0, 1, 2, 3, 4):
        failures.add("(exit code %d)" % code)
    elif code == 2 and not failures:
        failures.add("(failed)")
    return failures, skips, reasons, lines, count, case


class Comparison:
    """One test file on one interpreter."""

    def __init__(self, python, name, library, folder, options):
        self.python = python
        self.name = self.title = name
        self.library = library  # None: native -X perf is compared
        self.folder = folder
        self.options = options
        self.match = options.match or []  # patterns of cases; all
        self.new, self.known, self.once = [], [], []
        self.plain, self.ours = [], []

    def go(self, known):
        try:
            self._add_run()
            for _ in range(1, self.options.runs):
                self._judge(known)
                if not (self.new or self.once):
                    break
                self._add_run()
            self._judge(known)
        except Exception as error:  # a broken run must not stop the others
            self.new.append("could not be run: %r" % error)
        return self

    def _add_run(self):
        self.plain.append(self._run(False))
        self.ours.append(self._run(True))

    def _command(self, ours, folder):
        """How regrtest is started, and what is added to its environment."""
        argv = [self.python.path, "-m", "test"]
        if not ours:
            return argv, {}
        if self.library is None:
            return argv, {"PYTHONPERFSUPPORT": "1"}
        return argv, {"LD_PRELOAD": LIBRARY, "PYPERF_DIR": "/tmp"}

    def _run(self, ours):
        folder = tempfile.mkdtemp(dir=self.folder)
        os.chmod(folder, 0o1777)  # as /tmp is
        if self.library:
            shutil.copy(self.library, os.path.join(folder, os.path.basename(LIBRARY)))
        argv, env = self._command(ours, folder)
        argv += ["-v", "-u", "cpu,subprocess"]
        if self.python.minor >= (3, 8):  # not in a build's own folder
            argv += ["--tempdir", "/tmp"]
        for pattern in self.match:
            argv += ["-m", pattern]
        argv.append(self.name)
        env["LC_ALL"] = "C.UTF-8"
        clean = {n: v for n, v in os.environ.items() if not n.startswith(("PYPERF", "PYTHON", "LD_"))}
        clean.pop("TMPDIR", None)
        begin = time.monotonic()
        process = subprocess.Popen(
            in_private_tmp(folder, self.python.root.command(argv, env)),
            env=clean,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        try:
            out, _ = process.communicate(timeout=self.options.timeout)
            code = process.returncode
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGABRT)
            try:
                out, _ = process.communicate(timeout=10)
            except subprocess.TimeoutExpired:
                os.killpg(process.pid, signal.SIGKILL)
                out, _ = process.communicate()
            code = "timeout"
        seconds = time.monotonic() - begin
        text = out.decode("utf-8", "replace")
        self._keep(text, "ours" if ours else "plain")
        remove(folder)
        return Result(*parse(text, code), seconds=seconds)

    def _keep(self, text, kind):
        if self.options.keep:
            os.makedirs(self.options.keep, exist_ok=True)
            name = "%s-%s-%s-%d.txt" % (self.python.label, self.title, kind, len(self.ours))
            with open(os.path.join(self.options.keep, name), "w") as file:
                file.write(text)

    def _differences(self):
        """What appears with the library, as far as the runs so far tell; and whether that is
        enough to count."""
        union = lambda field, runs: set().union(*(getattr(r, field) for r in runs))  # noqa: E731
        every = lambda field, runs: set.intersection(*(getattr(r, field) for r in runs))  # noqa: E731
        for failure in sorted(union("failures", self.ours) - union("failures", self.plain)):
            times = sum(failure in run.failures for run in self.ours)
            text = "%s fails in %d of %d runs, plain in none" % (failure, times, len(self.ours))
            if failure.startswith("("):
                text += ", last in " + ", ".join(r.last for r in self.ours if failure in r.failures)
            yield text, times >= min(2, self.options.runs)
        for skip in sorted(every("skips", self.ours) - union("skips", self.plain)):
            yield "skips: " + skip, True
        for line in sorted(every("lines", self.ours) - union("lines", self.plain)):
            yield "prints: " + line, True
        counts = [r.count for r in self.ours], [r.count for r in self.plain]
        if not any(counts[1]) and all("(exit code 127)" in r.failures for r in self.plain):
            yield "cannot be started, plain neither", True
        if not set(counts[0]) & set(counts[1]):
            yield "runs %d cases, plain %d" % (counts[0][0], counts[1][0]), True

    def _judge(self, known):
        self.new, self.known, self.once = [], [], []
        for difference, counts in self._differences():
            covered = known.covers(self.python, self.title, difference)
            (self.known if covered else self.new if counts else self.once).append(difference)

    @property
    def counts(self):
        """Cases passed, failed and skipped.  Those that fail without the library too, or differ as
        is known, say nothing about it: they count as skipped."""
        if not self.ours:
            return 0, 1, 0
        ours = self.ours[0]
        skipped = sum(self.reasons.values())
        failed = len(self.new)
        return max(0, ours.count - skipped - failed), failed, skipped

    @property
    def reasons(self):
        """Why cases were skipped, and how many for each reason."""
        if not self.ours:
            return collections.Counter()
        reasons = collections.Counter(self.ours[0].reasons)
        reasons["fails without the library, too"] = len(
            self.ours[0].failures & set().union(*(run.failures for run in self.plain))
        )
        reasons["a known difference (docs/differences.md)"] = sum(
            " fails in " in difference for difference in self.known
        )
        return +reasons

    def __str__(self):
        mark = "DIFF" if self.new else "know" if self.known else "ok  "
        head = "%s %-12s %-28s" % (mark, self.python.label, self.title)
        if self.plain:
            plain, ours = self.plain[0], self.ours[0]
            head += " %4d cases  %5.1f s plain  %5.1f s" % (plain.count, plain.seconds, ours.seconds)
            both = [len(set().union(*(r.failures for r in runs))) for runs in (self.plain, self.ours)]
            if any(both):
                head += "  (%d fail plain, %d here)" % tuple(both)
        kinds = ("new:  ", self.new), ("once: ", self.once), ("known:", self.known)
        lines = ["       %s %s" % (kind, text) for kind, texts in kinds for text in texts]
        return "\n".join([head] + lines)


class InsteadOfXperf(Comparison):
    """CPython's tests of `-X perf`: with that option, and with the library in its place."""

    TITLE = "instead_of_xperf"

    def __init__(self, python, perf, library, folder, options):
        super().__init__(python, "test_perf_profiler", library, folder, options)
        self.title = self.TITLE
        self.perf = perf

    def _command(self, ours, folder):
        shutil.copy(os.path.join(roots.REPO, "tests/integration/programs", self.TITLE + ".py"), folder)
        argv = [self.python.path, "/tmp/%s.py" % self.TITLE, LIBRARY if ours else "native", "/tmp"]
        if self.perf is None:
            return argv, {}
        # The first perf that the tests find.
        os.mkdir(os.path.join(folder, "bin"))
        script = os.path.join(folder, "bin/perf")
        with open(script, "w") as file:
            words = [shlex.quote(word) for word in self.perf.argv(self.python.root)]
            file.write('#!/bin/sh\nexec %s "$@"\n' % " ".join(words))
        os.chmod(script, 0o755)
        return argv, {"PATH": "/tmp/bin:" + os.environ["PATH"]}


def remove(folder):
    """Also what tests made unreadable."""
    subprocess.call(["chmod", "-R", "u+rwx", folder])
    shutil.rmtree(folder, ignore_errors=True)
