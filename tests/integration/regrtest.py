"""What CPython's regrtest printed about one test file (`python -m test -v`)."""

import collections
import re
import signal

FAILURE = re.compile(r"^(FAIL|ERROR|UNEXPECTED SUCCESS): (.*)$")
CASE = re.compile(r"^(test\w+ \([^)]*\))")
SKIPPED = re.compile(r"\.\.\. skipped (.*)$")
FILE_SKIPPED = re.compile(r"^test_\S+ skipped -- (.*)$")
RAN = re.compile(r"^Ran (\d+) tests? in", re.M)
# What differs from run to run anyway: numbers, addresses, random names, and how long things took.
VARYING = re.compile(
    r"0x[0-9a-f]+|tmp[a-z0-9_]{6,}|\b(?=[0-9a-f]*\d)[0-9a-f]{7,}\b|"
    r"\d+(?:[.:]\d+)*(?: ?(?:ms|us|sec|min|s)\b)?"
)
CLOCK = re.compile(
    r"^(\d+:\d+:\d+ (load avg: [\d.]+ )?)?(Run \d+ tests? .*|\[ *\d+/\d+.*)|^Total duration.*|^beginning .*"
)
# What a failure adds to regrtest's summary.
SUMMARY = re.compile(
    r"^(== |Using random seed: |FAILED \(|OK\b|Result: |Total tests: |Total test files: |\d+ tests? failed:|"
    r"-{70}$|1 test OK|All \d+ tests OK|\d+ test altered|test \S+ (failed|crashed)|"
    r"test_\S+( failed \(.*)?$)"
)
# A traceback belongs to the failure named above it.
SEPARATOR = "=" * 70
TIMED_OUT = "(timed out)"

# Skips of what cannot be on Linux, or in a usual build of CPython: no cases at all.  Numbers are N.
NEVER = re.compile(
    r"windows|\bwinN|\bNT\b|NTFS|getwindowsversion|winreg|altsep|mac ?os|\bOS X\b|darwin|\bios\b|"
    r"android|emscripten|\bwasi\b|solaris|bsd\b|\baix\b|cygwin|lchflags|lchmod|chflags|O_(EX|SH)LOCK|"
    r"case-insensitive|headers and trailers|N-bit builds|NDEBUG|debug build|Py_STATS|getobjects|"
    r"without the GIL|static Python build|\*NIX buildbots|Unlike a mapping|Locals proxies|"
    r"does not use a file descriptor|does not intern all|only meaningful if the GIL is disabled|"
    r"not (appropriate for|applicable to) \w+|only makes sense with processes|only relevant for '\w+' m|"
    r"avoids redundant testing|spawn specific|N-bit address space|only run in test_",
    re.I,
)

# failures, skips, lines of output: sets of what tells two runs apart.  reasons: of the skips, with
# their numbers.  count: cases run.  last: the case named last.
Report = collections.namedtuple("Report", "failures skips reasons lines count last")


def parse(text, code):
    """A Report of what regrtest printed and of its exit code, or "timeout"."""
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
        # A line ending in dots is the first of a docstring, which is told after the case's name.
        quiet = CLOCK.match(line) or SUMMARY.match(line) or line.endswith(" ...")
        if line and not (in_report or quiet):
            lines.add(VARYING.sub("N", line))
    count = sum(int(n) for n in RAN.findall(text))
    if code == "timeout":
        failures.add(TIMED_OUT)
    elif code < 0:
        failures.add("(killed by %s)" % signal.Signals(-code).name)
    elif code not in (0, 1, 2, 3, 4):
        failures.add("(exit code %d)" % code)
    elif code == 2 and not failures:
        failures.add("(failed)")
    return Report(failures, skips, reasons, lines, count, case)
