"""One of CPython's test files, run with the library and without, and what differed.

The run with the library comes first.  Where it shows nothing that plain runs of the same file have
not shown on other interpreters (no failure, no other line, no other reason for a skip), nothing has
to be explained, and the plain run is saved.

Tests that fail now and then, and output that varies from run to run, must not look like the
library's doing.  So a test that differs is run again both ways: a failure counts when it appears
twice with the library and never without, a line of output when it appears each time with it and
never without.  Six times by default: where multiprocessing's test_interrupt is interrupted, and so
what it prints, is a matter of chance, and after three runs it had been in one place with the library
and in another without.  What still differs is judged anew when nothing runs beside it (again()), and
only that counts.

The chance that a case which fails by itself with probability f looks like the library's doing: it
fails in the first run with the library, again in one of five more, and in none of six without,
f (1 - (1 - f)^5) (1 - f)^6; and all of that twice.  For f = 1/100 that is 5e-4, and 2e-7 twice, so
100 such cases do not make 1 of 10,000 CI runs fail.  (At worst, for f = 1/4, it is 0.03 and 1e-3; but
such a case is soon seen to fail without the library.)

Each run has a /tmp of its own: some of these tests remove every perf map that they find there.
"""

import collections
import fnmatch
import json
import os
import shlex
import shutil
import signal
import subprocess
import tempfile
import time

import regrtest
import roots

# The slowest files, to be started first.
SLOW = (
    "test_multiprocessing_spawn test_multiprocessing_forkserver test_multiprocessing_fork "
    "test_concurrent_futures test_asyncio test_subprocess test_threading test_io test_faulthandler"
).split()

# Enters a /tmp of its own, which is the folder outside, with the library in it, and with this
# repository where that is in /tmp, too.
PRIVATE_TMP = """
case $1 in /tmp/*) mkdir -p "$0${1#/tmp}" && mount --bind "$1" "$0${1#/tmp}" || exit ;; esac
shift
mount --rbind "$0" /tmp && cd /tmp && exec "$@"
"""
LIBRARY = "/tmp/libpyperf.so"

MANY = 5  # known differences: more are not told one by one

Run = collections.namedtuple("Run", "report seconds")


def in_private_tmp(folder, argv):
    namespace = ["unshare", "--mount", "--propagation", "private"]
    if os.geteuid():
        namespace.append("--map-root-user")
    return namespace + ["sh", "-c", PRIVATE_TMP, folder, roots.REPO] + argv


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
    """The differences that tests/cpython/differences.json lists with their causes."""

    def __init__(self):
        with open(os.path.join(roots.REPO, "tests/cpython/differences.json"), encoding="utf-8") as file:
            self.rows = json.load(file)

    def pattern_for(self, python, name, difference):
        """The pattern that covers a difference, or None.  None covers a crash or a hang."""
        minor = "%d.%d" % python.minor
        for row in self.rows:
            if minor in row["versions"] and fnmatch.fnmatch(name, row["test"]):
                if fnmatch.fnmatch(difference, row["case"]) and not difference.startswith("("):
                    return row["case"]
        return None


def union(field, reports):
    return set().union(*(getattr(report, field) for report in reports))


def ended(reports):
    return [report for report in reports if regrtest.TIMED_OUT not in report.failures]


def every(field, reports):
    return set.intersection(*(getattr(report, field) for report in reports))


class Elsewhere:
    """What plain runs have shown: lines of output for each file, and reasons of skips for all."""

    def __init__(self):
        self.lines = {}
        self.reasons = set()

    def add(self, title, report):
        self.reasons = self.reasons | set(report.reasons)  # another thread may be reading the old one
        self.lines[title] = self.lines.get(title, set()) | report.lines

    def covers(self, title, report):
        return (
            title in self.lines
            and report.lines <= self.lines[title]
            and all(r in self.reasons or regrtest.NEVER.search(r) for r in report.reasons)
        )


class Comparison:
    """One test file on one interpreter."""

    def __init__(self, python, name, library, folder, options):
        self.python = python
        self.name = self.title = name
        self.library = library  # None: native -X perf is compared
        self.folder = folder
        self.options = options
        self.match = options.match or []  # patterns of cases; none: all
        self.ignore = None
        self.elsewhere = Elsewhere()  # shared with the other Comparisons
        self.new, self.known, self.once = [], [], []
        self.plain, self.ours, self.native = [], [], None

    def go(self, known):
        try:
            self._add_ours()
            if not self._as_elsewhere():
                self._compare(known)
        except Exception as error:  # a broken run must not stop the others
            self.new.append("could not be run: %r" % error)
        return self

    def again(self, known):
        """Judges what differed anew."""
        first = ["at first: " + text for text in self.new]
        self.elsewhere, self.plain, self.ours = Elsewhere(), [], []
        self.go(known)
        self.once += first
        return self

    def _compare(self, known):
        self._add_plain()
        self.elsewhere.add(self.title, self.plain[0].report)
        for _ in range(1, self.options.runs):
            self._judge(known)
            if not (self.new or self.once):
                break
            self._add_ours()
            self._add_plain()
        self._judge(known)

    def _add_plain(self):
        self.plain.append(self._run("plain"))

    def _add_ours(self):
        self.ours.append(self._run("ours" if self.library else "native"))

    def _as_elsewhere(self):
        report = self.ours[0].report
        return bool(report.count) and not report.failures and self.elsewhere.covers(self.title, report)

    def _command(self, kind, folder):
        """How regrtest is started, and what is added to its environment."""
        env = {
            "plain": {},
            "ours": {"LD_PRELOAD": LIBRARY, "PYPERF_DIR": "/tmp"},
            "native": {"PYTHONPERFSUPPORT": "1"},
        }
        return [self.python.path, "-m", "test"], env[kind]

    def _run(self, kind):
        folder = tempfile.mkdtemp(dir=self.folder)
        os.chmod(folder, 0o1777)  # as /tmp is
        if self.library:
            shutil.copy(self.library, os.path.join(folder, os.path.basename(LIBRARY)))
        argv, env = self._command(kind, folder)
        argv += ["-v", "-u", "cpu,subprocess"]
        if self.python.minor >= (3, 8):  # not in a build's own folder
            argv += ["--tempdir", "/tmp"]
        for pattern in self.match:
            argv += ["-m", pattern]
        if self.ignore:
            argv += ["-i", self.ignore]
        argv.append(self.name)
        env["LC_ALL"] = "C.UTF-8"
        ours_alone = "PYPERF", "PYTHON", "LD_", "TMPDIR"
        clean = {n: v for n, v in os.environ.items() if not n.startswith(ours_alone)}
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
        self._keep(text, kind)
        remove(folder)
        return Run(regrtest.parse(text, code), seconds)

    def _keep(self, text, kind):
        if self.options.keep:
            os.makedirs(self.options.keep, exist_ok=True)
            name = "%s-%s-%s-%d.txt" % (self.python.label, self.title, kind, len(self.ours))
            with open(os.path.join(self.options.keep, name), "w") as file:
                file.write(text)

    def _differences(self):
        """What appears with the library, as far as the runs so far tell: in words, the report's
        field and item, and whether it was seen often enough to count."""
        plain, ours = ([run.report for run in runs] for runs in (self.plain, self.ours))
        for failure in sorted(union("failures", ours) - union("failures", plain)):
            seen = [report for report in ours if failure in report.failures]
            text = "%s fails in %d of %d runs, plain in none" % (failure, len(seen), len(ours))
            if failure.startswith("("):
                text += ", last in " + ", ".join(report.last for report in seen)
            yield text, "failures", failure, len(seen) >= min(2, self.options.runs)
        if not any(r.count for r in plain) and all("(exit code 127)" in r.failures for r in plain):
            yield "cannot be started, plain neither", None, None, True
        # What a run that did not end would have said is not known.
        plain, ours = ended(plain), ended(ours)
        if not plain or not ours:
            return
        for skip in sorted(every("skips", ours) - union("skips", plain)):
            yield "skips: " + skip, "skips", skip, True
        for line in sorted(every("lines", ours) - union("lines", plain)):
            yield "prints: " + line, "lines", line, True
        if not {r.count for r in ours} & {r.count for r in plain}:
            yield "runs %d cases, plain %d" % (ours[0].count, plain[0].count), None, None, True

    def _judge(self, known):
        self.new, self.known, self.once = [], [], []
        for text, field, item, counts in self._differences():
            pattern = known.pattern_for(self.python, self.title, text)
            if pattern == "*" and not self._is_native(field, item):
                pattern = None
            (self.known if pattern else self.new if counts else self.once).append(text)

    def _is_native(self, field, item):
        """Whether -X perf makes this difference: asked where a row covers all cases of a file."""
        if self.library is None or self.python.minor < (3, 12):
            return True
        if self.native is None:
            self.native = self._run("native").report
        return field is None or item in getattr(self.native, field)

    @property
    def counts(self):
        """Cases passed, failed and skipped.  Those that fail without the library too, or differ as
        is known, say nothing about it: they count as skipped.  What can never run here does not
        count at all."""
        if not self.ours:
            return 0, 1, 0
        skipped = sum(self.reasons.values())
        never = sum(n for r, n in self.ours[0].report.reasons.items() if regrtest.NEVER.search(r))
        passed = self.ours[0].report.count - skipped - never - len(self.new)
        return max(0, passed), len(self.new), skipped

    @property
    def reasons(self):
        """Why cases were skipped, and how many for each reason."""
        if not self.ours:
            return collections.Counter()
        report = self.ours[0].report
        reasons = collections.Counter(
            {r: n for r, n in report.reasons.items() if not regrtest.NEVER.search(r)}
        )
        reasons["fails without the library, too"] = len(
            report.failures & union("failures", [run.report for run in self.plain])
        )
        reasons["a known difference (tests/cpython/differences.json)"] = sum(
            " fails in " in difference for difference in self.known
        )
        return +reasons

    def __str__(self):
        mark = "DIFF" if self.new else "know" if self.known else "ok  "
        head = "%s %-12s %-28s" % (mark, self.python.label, self.title)
        if self.ours:
            head += " %4d cases  %5.1f s" % (self.ours[0].report.count, self.ours[0].seconds)
            head += "  %5.1f s plain" % self.plain[0].seconds if self.plain else "  as elsewhere"
            runs = [[run.report for run in runs] for runs in (self.plain, self.ours)]
            failing = tuple(len(union("failures", reports)) for reports in runs)
            if any(failing):
                head += "  (%d fail plain, %d here)" % failing
        known = self.known
        if len(known) > MANY:
            known = known[:MANY] + ["and %d more" % (len(known) - MANY)]
        kinds = ("new:  ", self.new), ("once: ", self.once), ("known:", known)
        lines = ["       %s %s" % (kind, text) for kind, texts in kinds for text in texts]
        return "\n".join([head] + lines)


class InsteadOfXperf(Comparison):
    """CPython's tests of `-X perf`: with that option, and with the library in its place."""

    TITLE = "instead_of_xperf"

    def __init__(self, python, perf, library, folder, options):
        super().__init__(python, "test_perf_profiler", library, folder, options)
        self.title = self.TITLE
        self.perf = perf

    def _command(self, kind, folder):
        program = os.path.join("tests/integration/programs", self.TITLE + ".py")
        shutil.copy(os.path.join(roots.REPO, program), folder)
        library = LIBRARY if kind == "ours" else "native"
        argv = [self.python.path, "/tmp/%s.py" % self.TITLE, library, "/tmp"]
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
