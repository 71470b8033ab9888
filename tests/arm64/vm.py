#!/usr/bin/env python3
"""The truth test (tests/integration/test_truth.py) on aarch64, under a real kernel and real perf.

    tests/arm64/vm.py [--library PATH] [--cpu MODEL] [TEXT]

Boots the machine of scripts/arm64-vm.  TEXT keeps the settings whose name, such as
`3.13.18 dwarf perf 7.2`, contains it.

Two kinds of samples are counted apart: in the vdso and in PLT stubs, which have no unwind tables on
aarch64.  perf 7 (libdw) then guesses by frame pointers and misses the caller, with any program:
of truth.py without the library all 174 such samples were broken too.  An emulated processor
spends a third of truth.py's time there.  Shares of branches are not compared: an emulated clock
loses interrupts in bursts.
"""

import argparse
import os
import shutil
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
REPO = os.path.dirname(os.path.dirname(HERE))
# An emulated processor keeps up with few samples a second, and loses some clock interrupts.
FREQUENCY, UNIT, ENOUGH = 199, 0.4, 0.25
AT_A_LEAF = 0.95  # entering functions for the first time is slow there
INSIDE = "--inside-the-machine"
NEEDED = ("tests/integration", "tests/arm64", "scripts/in-root", "scripts/lib.sh")


def boot():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--library", default=os.path.join(REPO, "build-aarch64/libpyperf.so"))
    parser.add_argument("--cpu", default="cortex-a72")
    parser.add_argument("text", nargs="?", default="")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="pyperf-vm-") as share:
        for path in NEEDED:
            target = os.path.join(share, path)
            os.makedirs(os.path.dirname(target), exist_ok=True)
            copy = shutil.copytree if os.path.isdir(os.path.join(REPO, path)) else shutil.copy
            copy(os.path.join(REPO, path), target)
        shutil.copy(arguments.library, os.path.join(share, "libpyperf.so"))
        command = [os.path.join(REPO, "scripts/arm64-vm"), "--share", share, "--cpu", arguments.cpu]
        command += ["python3.13", "tests/arm64/vm.py", INSIDE, arguments.text]
        return subprocess.call(command)


def settings_of(world):
    """Each interpreter with the perf of its own tree."""
    import test_truth

    return [s for s in test_truth.settings(world) if s.perf.root is s.python.root]


def without_tables(frame):
    return frame.dso == "[vdso]" or frame.symbol.endswith("@plt")


def unwindable(record):
    """test_truth.record, without the samples that perf 7 cannot unwind here."""

    def filtered(t, setting, env):
        told, samples = record(t, setting, env)
        if setting.mode != "dwarf" or setting.perf.version.startswith("6."):
            return told, samples
        kept = [s for s in samples if not any(map(without_tables, s.frames))]
        numbers = (setting.label, len(samples) - len(kept), len(samples))
        print("%s: %d of %d samples are in the vdso or a PLT" % numbers)
        return told, kept

    return filtered


def inside(text):
    sys.path.insert(0, os.path.join(REPO, "tests/integration"))
    import harness
    import recording
    import roots
    import run
    import test_truth

    test_truth.record = unwindable(test_truth.record)
    test_truth.check_shares = lambda branches: None
    trees = [roots.HOST, roots.Root("stable", "/stable")]
    roots.all_roots = lambda: trees
    harness.TIMEOUT = 600
    recording.FREQUENCY = FREQUENCY
    test_truth.UNIT, test_truth.ENOUGH, test_truth.AT_A_LEAF = UNIT, ENOUGH, AT_A_LEAF
    harness.CASES[:] = [
        case._replace(each=settings_of)
        for case in harness.CASES
        if case.function is test_truth.chains
    ]
    sys.argv[1:] = ["--library", "/work/libpyperf.so", "--jobs", "1", "--only", text]
    return run.main()


if __name__ == "__main__":
    sys.exit(inside(sys.argv[2]) if INSIDE in sys.argv else boot())
