#!/usr/bin/env python3
"""Runs the integration tests: real interpreters, real perf.

    tests/integration/run.py [--library PATH] [--only TEXT] [--jobs N] [--list] [GROUP...]

--only keeps the runs whose full name, such as `truth.chains[3.12.1 dwarf perf 6.1]`, contains
TEXT.  The last line is `N passed, N failed, N skipped`; with --counts the three numbers go to a
file instead.  The exit code is 1 if anything failed, or nothing ran.
"""

import argparse
import concurrent.futures
import glob
import importlib
import os
import shutil
import signal
import sys
import tempfile
import time
import traceback

import harness
import roots

SLOWEST = 8

# Each test module adds its cases when imported.
for path in sorted(glob.glob(os.path.join(os.path.dirname(os.path.abspath(__file__)), "*.py"))):
    if os.path.basename(path).startswith(("test_")):
        importlib.import_module(os.path.basename(path)[:-3])


class Run:
    """A case with the subject it runs for, and how that went."""

    def __init__(self, case, subject):
        self.case = case
        self.subject = subject
        self.name = "%s.%s" % (case.group, case.name)
        if subject is not None:
            self.name += "[%s]" % getattr(subject, "label", subject)
        self.verdict = self.text = None
        self.seconds = 0.0

    def go(self, world):
        begin = time.monotonic()
        context = harness.Context(world, self.subject)
        try:
            if isinstance(self.subject, harness.Absent):
                raise harness.Skip(self.subject.reason)
            self.text = self.case.function(context) or ""
            self.verdict = "passed"
        except harness.Skip as reason:
            self.verdict, self.text = "skipped", str(reason)
        except AssertionError as error:
            self.verdict, self.text = "failed", str(error) or traceback.format_exc()
        except Exception:  # a broken test is a failed one; the others go on
            self.verdict, self.text = "failed", traceback.format_exc()
        finally:
            context.close()
        self.seconds = time.monotonic() - begin
        return self

    def __str__(self):
        mark = {"passed": "ok  ", "failed": "FAIL", "skipped": "skip"}[self.verdict]
        text = self.text.rstrip().replace("\n", "\n       ")
        separator = "\n       " if self.verdict == "failed" else "  "
        return "%s %5.1fs %s%s" % (mark, self.seconds, self.name, separator + text if text else "")


def all_runs(world, groups):
    for case in harness.CASES:
        if groups and case.group not in groups:
            continue
        if case.each is None:
            yield Run(case, None)
        else:
            subjects = list(case.each(world))
            for subject in subjects:
                yield Run(case, subject)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--library", default=os.path.join(roots.REPO, "build/libpyperf.so"))
    parser.add_argument("--only", default="", metavar="TEXT")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--counts", metavar="FILE", help="for scripts/test")
    parser.add_argument("--list", action="store_true", help="name the runs, run nothing")
    parser.add_argument("groups", nargs="*", metavar="GROUP")
    arguments = parser.parse_args()

    groups = sorted({case.group for case in harness.CASES})
    unknown = sorted(set(arguments.groups) - set(groups))
    if unknown:
        parser.error("no group %s; there are %s" % (", ".join(unknown), ", ".join(groups)))
    if not os.path.exists(arguments.library):
        parser.error("%s is not built: cmake --build build" % arguments.library)

    # In /tmp, because every root sees that one.
    folder = tempfile.mkdtemp(prefix="pyperf-test-", dir="/tmp")
    try:
        return run(arguments, harness.World(arguments.library, folder))
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def run(arguments, world):
    runs = [r for r in all_runs(world, arguments.groups) if arguments.only in r.name]
    if arguments.list:
        print("\n".join(r.name for r in runs))
        return 0
    # A shell lets what it starts in the background ignore SIGINT, and so would the programs here.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # ends like ^C: tidily
    pool = concurrent.futures.ThreadPoolExecutor(arguments.jobs)
    try:
        for done in concurrent.futures.as_completed([pool.submit(r.go, world) for r in runs]):
            print(done.result(), flush=True)
    finally:
        pool.shutdown(cancel_futures=True)

    print("\nslowest:")
    for slow in sorted(runs, key=lambda r: -r.seconds)[:SLOWEST]:
        print("  %5.1f s  %s" % (slow.seconds, slow.name))
    count = {v: sum(r.verdict == v for r in runs) for v in ("passed", "failed", "skipped")}
    if arguments.counts:
        with open(arguments.counts, "w") as file:
            print(count["passed"], count["failed"], count["skipped"], file=file)
    else:
        print("\n%(passed)d passed, %(failed)d failed, %(skipped)d skipped" % count)
    return 1 if count["failed"] or not runs else 0


if __name__ == "__main__":
    sys.exit(main())
