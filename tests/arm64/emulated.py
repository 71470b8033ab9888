#!/usr/bin/env python3
"""Runs on aarch64 what the integration tests ask and perf is not needed for.

    tests/arm64/emulated.py [options of tests/integration/run.py] [GROUP...]

The interpreters are those of the trees of scripts/arm64-root, in an emulator (qemu-user); the
library is build-aarch64/libpyperf.so.  The cases are those of tests/integration and, in group
`arm64`, those of this folder.  What needs perf: tests/arm64/vm.py.
"""

import os
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
REPO = os.path.dirname(os.path.dirname(HERE))
sys.path[:0] = [HERE, os.path.join(REPO, "tests/integration")]

import harness  # noqa: E402
import roots  # noqa: E402
import run  # noqa: E402
import test_arm64_unwind  # noqa: E402,F401
import test_arm64_wrapper  # noqa: E402,F401

SUITES = ("stable", "sid")

# Case -> why it cannot speak about the library under an emulator.
EMULATED = {
    "mapped_read_execute_and_nothing_writable_too": "asks the kernel, which sees the emulator",
    "agrees_with_the_map": "asks the kernel, which sees the emulator",
    "deep_recursion": "the emulator has its own stack limits",
}
WITHOUT_PERF = {"hygiene", "declines", "switches", "names", "map", "image", "behaviour", "arm64"}
# Of the group `code`, what depends on the size of slots.
CODE = {"a_rows_lines_are_the_interpreters", "code_objects_that_share_a_slot_have_a_row_each"}


def trees():
    """The arm64 trees, made when they are not there."""
    found = []
    for suite in SUITES:
        script = os.path.join(REPO, "scripts/arm64-root")
        path = subprocess.check_output([script, suite]).decode().strip()
        found.append(roots.Root("arm64-" + suite, path))
    return found


def skipping(case, reason):
    def function(_):
        raise harness.Skip(reason)

    return case._replace(function=function)


def main():
    roots.all_roots = trees
    roots.all_perfs = lambda _: []
    harness.TIMEOUT = 600
    harness.CASES[:] = [
        skipping(case, EMULATED[case.name]) if case.name in EMULATED else case
        for case in harness.CASES
        if case.group in WITHOUT_PERF or case.name in CODE
    ]
    if not any(argument.startswith("--library") for argument in sys.argv):
        sys.argv[1:1] = ["--library", os.path.join(REPO, "build-aarch64/libpyperf.so")]
    return run.main()


if __name__ == "__main__":
    sys.exit(main())
