"""One of CPython's test files, run with the library and without, and what differed.

Tests that fail now and then, and output that varies from run to run, must not look like the
library's doing.  So a test that differs is run again both ways: a failure counts when it appears
with the library and never without, a line of output when it appears each time with it and never
without.
"""

import collections
import fnmatch
import glob
import os
import re
import shutil
import signal
import subprocess
import tempfile
import time

FAILURE = re.compile(r"^(FAIL|ERROR|UNEXPECTED SUCCESS): (.*)$")
CASE = re.compile(r"^(test\w+ \([^)]*\))")
SKIPPED = re.compile(r"\.\.\. skipped (.*)$")
RAN = re.compile(r"^Ran (\d+) tests? in", re.M)
# What differs from run to run anyway: numbers, addresses, random names, and how long things took.
VARYING = re.compile(
    r"0x[0-9a-f]+|tmp[a-z0-9_]{6,}|\b(?=[0-9a-f]*\d)[0-9a-f]{7,}\b|\d+(?:[.:]\d+)*(?: ?(?:ms|us|sec|min|s)\b)?"
)
CLOCK = re.compile(r"^(\d+:\d+:\d+ (load avg: [\d.]+ )?)?\[ *\d+/\d+.*|^Total duration.*|^beginning .*")
# What a failure adds to regrtest's summary.
SUMMARY = re.compile(
    r"^(== Tests result|FAILED \(|OK\b|Result: |Total tests: |Total test files: |\d+ tests? failed:|"
    r"1 test OK|All \d+ tests OK|\d+ test altered|test \S+ (failed|crashed)|test_\S+( failed \(.*)?$)"
)
# A traceback belongs to the failure named above it.
SEPARATOR = "=" * 70

# The slowest files, to be started first.
SLOW = (
    "test_multiprocessing_spawn test_multiprocessing_forkserver test_multiprocessing_fork "
    "test_concurrent_futures test_asyncio test_subprocess test_threading test_io test_faulthandler"
).split()

Result = collections.namedtuple("Result", "failures skips lines count seconds text")


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
        skip = SKIPPED.search(line)
        if skip:
            skips.add("%s skipped %s" % (case, VARYING.sub("N", skip.group(1))))
        # Where results and output meet in one line, only the output counts.
        line = re.sub(r"^test\w+ \([^)]*\)( \.\.\.)?", "", line).strip()
        line = re.sub(r"\b(ok|FAIL|ERROR|expected failure|skipped .*)$", "", line).strip()
        if line and not (in_report or CLOCK.match(line) or SUMMARY.match(line)):
            lines.add(VARYING.sub("N", line))
    count = sum(int(n) for n in RAN.findall(text))
    if code == "timeout":
        failures.add("(timed out, last in %s)" % case)
    elif code < 0:
        failures.add("(killed by %s)" % signal.Signals(-code).name)
    elif code not in (0, 1, 2, 3, 4):
        failures.add("(exit code %d)" % code)
    elif code == 2 and not failures:
        failures.add("(failed, last in %s)" % case)
    return failures, skips, lines, count


class Comparison:
    """One test file on one interpreter."""

    def __init__(self, python, name, library, folder, options):
        self.python = python
        self.name = name
        self.library = library  # None: native -X perf is compared
        self.folder = folder
        self.options = options
        self.new, self.known, self.details = [], [], ""
        self.plain, self.ours = [], []

    def go(self):
        try:
            self._add_run()
            for _ in range(1, self.options.runs):
                if not self._differences():
                    break
                self._add_run()
        except Exception as error:  # a broken run must not stop the others
            self.ours.append(Result({"(could not be run: %r)" % error}, set(), set(), 0, 0.0, ""))
        return self

    def _add_run(self):
        self.plain.append(self._run(False))
        self.ours.append(self._run(True))

    def _environment(self, ours, folder):
        if not ours:
            return {}
        if self.library is None:
            return {"PYTHONPERFSUPPORT": "1"}
        return {"LD_PRELOAD": self.library, "PYPERF_DIR": folder}

    def _run(self, ours):
        folder = tempfile.mkdtemp(dir=self.folder)
        env = dict(self._environment(ours, folder), TMPDIR=folder, LC_ALL="C.UTF-8")
        argv = [self.python.path, "-m", "test", "-v", "-u", "cpu,subprocess"]
        if self.options.match:
            argv += ["-m", self.options.match]
        clean = {n: v for n, v in os.environ.items() if not n.startswith(("PYPERF", "PYTHON", "LD_"))}
        begin = time.monotonic()
        process = subprocess.Popen(
            self.python.root.command(argv + [self.name], env, folder),
            cwd=folder,
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
        text = out.decode("utf-8", "replace").replace(folder, "FOLDER")
        self._keep(text, "ours" if ours else "plain")
        remove_traces(folder)
        return Result(*parse(text, code), seconds=seconds, text=text)

    def _keep(self, text, kind):
        if self.options.keep:
            os.makedirs(self.options.keep, exist_ok=True)
            name = "%s-%s-%s-%d.txt" % (self.python.label, self.name, kind, len(self.ours))
            with open(os.path.join(self.options.keep, name), "w") as file:
                file.write(text)

    def _differences(self):
        """What appears with the library, as far as the runs so far tell."""
        differences = []
        union = lambda field, runs: set().union(*(getattr(r, field) for r in runs))  # noqa: E731
        every = lambda field, runs: set.intersection(*(getattr(r, field) for r in runs))  # noqa: E731
        for failure in sorted(union("failures", self.ours) - union("failures", self.plain)):
            times = sum(failure in run.failures for run in self.ours)
            differences.append(
                "%s fails in %d of %d runs, plain in none" % (failure, times, len(self.ours))
            )
        for skip in sorted(every("skips", self.ours) - union("skips", self.plain)):
            differences.append("skips: " + skip)
        for line in sorted(every("lines", self.ours) - union("lines", self.plain)):
            differences.append("prints: " + line)
        counts = [r.count for r in self.ours], [r.count for r in self.plain]
        if not set(counts[0]) & set(counts[1]):
            differences.append("runs %d cases, plain %d" % (counts[0][0], counts[1][0]))
        return differences

    def judge(self, known):
        for difference in self._differences():
            covered = known.covers(self.python, self.name, difference)
            (self.known if covered else self.new).append(difference)

    def __str__(self):
        mark = "DIFF" if self.new else "know" if self.known else "ok  "
        head = "%s %-12s %-28s" % (mark, self.python.label, self.name)
        if self.plain:
            plain, ours = self.plain[0], self.ours[0]
            head += " %4d cases  %5.1f s plain  %5.1f s" % (plain.count, plain.seconds, ours.seconds)
            both = [len(set().union(*(r.failures for r in runs))) for runs in (self.plain, self.ours)]
            if any(both):
                head += "  (%d fail plain, %d here)" % tuple(both)
        lines = ["       new:   " + d for d in self.new] + ["       known: " + d for d in self.known]
        return "\n".join([head] + lines)


def remove_traces(folder):
    """Removes a run's folder, and the maps of the processes whose images are in it."""
    for path in glob.glob(os.path.join(folder, "pyperf-*.so")):
        name = "/tmp/perf-%s.map" % os.path.basename(path).split("-")[1]
        if os.path.isfile(name) and not os.path.islink(name):
            os.remove(name)
    subprocess.call(["chmod", "-R", "u+rwx", folder])
    shutil.rmtree(folder, ignore_errors=True)
