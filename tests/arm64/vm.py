#!/usr/bin/env python3
"""Tests on aarch64 that need a real kernel and real perf, in the machine of scripts/arm64-vm.

    tests/arm64/vm.py [--library PATH] [--cpu MODEL] [--counts FILE] [TEXT]     the truth tests
    tests/arm64/vm.py --unit [TEXT]                             the unit tests

TEXT keeps the runs whose name, such as `truth.chains[3.13.18 dwarf perf 7.2]`, contains it.  The unit
tests are those of build-aarch64-tests (docs/porting.md), and so are what only some truth tests want,
pyperf-run and our reader of recordings: next to the library.

Three kinds of samples are counted apart.  The vdso and PLT stubs have no unwind tables on aarch64.
perf 7 (libdw) then guesses by frame pointers and misses the caller, with any program: of truth.py
without the library all 174 such samples were broken too.  An emulated processor spends a third of
truth.py's time there.  ld.so has tables, but the kernel puts it at any multiple of a page, libdw
rounds that up to the 64 KiB of its program header and looks at a wrong place in them.  truth.py is in
ld.so when it calls a function for the first time, and for an emulated processor what is new is slow.

Such a guess may lead into the interpreter's data, and then perf 7 loses all later chains of the
process, with or without the library.  After a sample in ld.so it shows nothing of all later ones in
the vdso, which could then not be told apart.  See hide_mappings().

Shares of branches are not compared: an emulated clock loses interrupts in bursts.
"""

import argparse
import collections
import json
import os
import shutil
import struct
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
REPO = os.path.dirname(os.path.dirname(HERE))
# An emulated processor keeps up with few samples a second, and loses clock interrupts: on a machine
# busy with other things half of them, and of the rest half are not counted, see above.
FREQUENCY, UNIT, ENOUGH = 199, 0.4, 0.25
PERF = 0.05  # its work is not emulated any faster
# What perf breaks of the samples that are left, at most.  Measured on 30 November 2026: 2 of 15,113 in
# 19 recordings.  Some 850 come in at first, and the last look (test_truth.py, chance.py) is at 3,300 or
# more: it fails a healthy state with a chance of 1e-7, and with one of 2e-5 were 0.15 % broken.
BROKEN = 0.001
# Of the lines' truth test (test_lines.py): its frequency, its length, and the shares: of samples to come
# at least (measured on a very busy machine: below 0.25), of those to be judged (0.41 to 0.54), and of
# those at most at the edge of a window of time (0.004).
LINES = FREQUENCY, 1, 0.05, 0.2, 0.03
LINES_OF = (3, 13)
UNIT_BUILD = os.environ.get("PYPERF_UNIT_BUILD") or os.path.join(REPO, "build-aarch64-tests")
INSIDE, COUNTS = "--inside-the-machine", "/work/counts"
OTHERS = ("pyperf-run", "pyperf-exec", "tests/run/dump_chains")  # beside the library, if built
NEEDED = ("tests/integration", "tests/arm64", "bench/support", "scripts/in-root", "scripts/lib.sh")


def boot():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--library", default=os.path.join(REPO, "build-aarch64/libpyperf.so"))
    parser.add_argument("--cpu")
    parser.add_argument("--pages", default="4k")
    parser.add_argument("--unit", action="store_true", help="the unit tests instead")
    parser.add_argument("--counts", metavar="FILE", help="for scripts/test")
    parser.add_argument("text", nargs="?", default="")
    arguments = parser.parse_args()
    arguments.unit = unit_tests(arguments.text) if arguments.unit else []
    with tempfile.TemporaryDirectory(prefix="pyperf-vm-") as share:
        for path in NEEDED:
            target = os.path.join(share, path)
            os.makedirs(os.path.dirname(target), exist_ok=True)
            copy = shutil.copytree if os.path.isdir(os.path.join(REPO, path)) else shutil.copy
            copy(os.path.join(REPO, path), target)
        shutil.copy(arguments.library, os.path.join(share, "libpyperf.so"))
        for name in OTHERS:
            built = os.path.join(os.path.dirname(os.path.abspath(arguments.library)), name)
            if os.path.exists(built):
                shutil.copy(built, share)
        with open(os.path.join(share, "unit.json"), "w") as file:
            json.dump(arguments.unit, file)
        if arguments.unit:
            shutil.copytree(UNIT_BUILD, os.path.join(share, "unit"), ignore=lambda folder, names: [
                name for name in names if not name.startswith(("test_", "fake-", "tests", "preload", "run"))
                or name.endswith(".dir")
            ])
        command = [os.path.join(REPO, "scripts/arm64-vm"), "--share", share]
        command += ["--pages", arguments.pages]
        command += ["--cpu", arguments.cpu] if arguments.cpu else []
        command += ["env", "PYPERF_UNIT_BUILD=" + UNIT_BUILD]
        command += ["python3.13", "tests/arm64/vm.py", INSIDE, arguments.text]
        code = subprocess.call(command)
        counts = os.path.join(share, os.path.basename(COUNTS))
        if arguments.counts and os.path.exists(counts):
            shutil.copy(counts, arguments.counts)
        return code


def unit_tests(text):
    """The unit tests whose name, such as test_preload_step/..., contains the text: each a program, and
    which of its tests if it does not run all of them."""
    listed = subprocess.check_output(["ctest", "--show-only=json-v1"], cwd=UNIT_BUILD)
    commands = [test.get("command", ["", ""]) for test in json.loads(listed.decode())["tests"]]
    tests = [c[i:] for c in commands for i in range(len(c)) if "/test_" in c[i]]
    tests = [test for test in tests if text in "/".join(test)]
    if not tests:
        sys.exit("no unit tests in %s: docs/porting.md says how to build them" % UNIT_BUILD)
    return tests


def run_unit_tests(tests):
    """Runs them in the tree they were built with, under the path they were built in."""
    inside_tree = "/stable" + UNIT_BUILD
    subprocess.check_call(["mount", "-t", "tmpfs", "none", "/stable/tmp"])
    shutil.copytree("/work/unit", inside_tree)
    count = {0: 0, 77: 0, 1: 0}
    for test in tests:
        done = subprocess.run(
            ["chroot", "/stable", "/usr/bin/env", "CK_TIMEOUT_MULTIPLIER=20"] + test,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        )
        code = done.returncode if done.returncode in count else 1
        count[code] += 1
        if code:
            name = ".".join([os.path.basename(test[0])] + test[1:])
            print("%s %s\n%s" % ("skip" if code == 77 else "FAIL", name, done.stdout.decode()), flush=True)
    with open(COUNTS, "w") as file:
        print(count[0], count[1], count[77], file=file)
    return 1 if count[1] or not tests else 0


def settings_of(world):
    """Each interpreter with the perf of its own tree."""
    import test_truth

    return [s for s in test_truth.settings(world) if s.perf.root is s.python.root]


def is_dynamic_linker(path):
    return os.path.basename(path).startswith("ld-linux-")


def without_tables(frame):
    return frame.dso == "[vdso]" or frame.symbol.endswith("@plt") or is_dynamic_linker(frame.dso)


# linux/perf_event.h, tools/perf/util/header.h
DATA_SECTION, HEADER, PID_OFFSET, ADDRESS_OFFSET, PROT_OFFSET, NAME_OFFSET = 40, 8, 8, 16, 64, 72
PERF_RECORD_THROTTLE, PERF_RECORD_MMAP2 = 5, 10
CPUMODE, USER, PROT_EXEC = 7, 2, 4


Mapping = collections.namedtuple("Mapping", "pid start end protection name")


def mapping_of(record):
    """What a PERF_RECORD_MMAP2 tells, its header included."""
    pid = struct.unpack_from("<I", record, PID_OFFSET)[0]
    start, size = struct.unpack_from("<QQ", record, ADDRESS_OFFSET)
    protection = struct.unpack_from("<I", record, PROT_OFFSET)[0]
    name = os.fsdecode(record[NAME_OFFSET:].split(b"\0")[0])
    return Mapping(pid, start, start + size, protection, name)


def hide_mappings(path):
    """Keeps what perf 7 cannot unwind from costing more than its own sample; the ld.so of each pid.

    perf 7 takes `start - file offset` for an object's address, libdw takes all from there to the end
    of the last segment for the object's, and both keep what they know of a process.  That goes
    wrong with two kinds of mappings, whose records become here ones that perf script passes over:

    - Data, which perf 7 records too.  For an executable's data the address is off by the linker's
      gap between its segments.  So a guessed pc there makes perf report the executable to libdw a
      second time; libdw answers "address range overlaps an existing module" and drops the module,
      for all later samples too.
    - ld.so, because the kernel puts the vdso into the gap between ld.so's segments.  Where two
      objects cover an address libdw finds the one that it met last, and perf gives up if that is
      the wrong one.  So after the first sample in ld.so those in the vdso have no frame of the
      program at all, and unwindable() cannot know them: 103 to 110 of some 950 samples in 3 of 16
      recordings of 3.15 (30 November 2026), when threads started.  A recording read from its very
      start shows ld.so first, hence rightly; we ask perf for a window of time.
    """
    linkers = {}
    with open(path, "r+b") as file:
        file.seek(DATA_SECTION)
        at, size = struct.unpack("<QQ", file.read(16))
        end = at + size
        while at < end:
            file.seek(at)
            header = file.read(HEADER)
            kind, misc, length = struct.unpack("<IHH", header)
            if kind == PERF_RECORD_MMAP2 and misc & CPUMODE == USER:
                mapping = mapping_of(header + file.read(length - HEADER))
                linker = mapping.protection & PROT_EXEC and is_dynamic_linker(mapping.name)
                if linker:
                    linkers[mapping.pid] = mapping
                if linker or not mapping.protection & PROT_EXEC:
                    file.seek(at)
                    file.write(struct.pack("<I", PERF_RECORD_THROTTLE))
            at += length
    return linkers


def guesses(recorder):
    return recorder.mode == "dwarf" and not recorder.perf.version.startswith("6.")


def without_misleading_mappings(samples):
    """Recording.samples, with the name of the hidden ld.so where perf then knows none."""

    def filtered(recorder):
        if not guesses(recorder):
            return samples(recorder)
        linkers = hide_mappings(recorder.data)
        found = samples(recorder)
        for sample in found:
            linker = linkers.get(sample.pid)
            for i, frame in enumerate(sample.frames):
                if linker and frame.dso == "[unknown]" and linker.start <= frame.ip < linker.end:
                    sample.frames[i] = frame._replace(dso=linker.name)
        return found

    return filtered


def unwindable(record):
    """test_truth.record, without the samples that perf 7 cannot unwind here."""

    def filtered(t, setting, env, unit):
        told, samples = record(t, setting, env, unit)
        if setting.mode != "dwarf" or setting.perf.version.startswith("6."):
            return told, samples
        kept = [s for s in samples if not any(map(without_tables, s.frames))]
        numbers = (setting.label, len(samples) - len(kept), len(samples))
        print("%s: %d of %d samples are in the vdso, a PLT or ld.so" % numbers)
        return told, kept

    return filtered


def with_own_chains(record):
    """The same, and our own reader of recordings must see what perf sees (own_chains.py)."""
    import own_chains

    def compared(t, setting, env, unit):
        told, samples = record(t, setting, env, unit)
        program = os.path.join(t.world.folder, "dump_chains")  # where both trees see it
        if setting.mode == "dwarf" and os.path.exists("/work/dump_chains"):
            shutil.copy("/work/dump_chains", program)
            told["own"] = own_chains.compare(t.path("perf.data"), samples, program, setting.python.root)
        return told, samples

    return compared


def lines_settings(world):
    """One interpreter, for each has to be learned first, which takes most of the time."""
    import wrapper

    dwarf = [s for s in settings_of(world) if s.mode == "dwarf"]
    return [wrapper.Setting(s.python, s.perf) for s in dwarf if s.python.minor == LINES_OF]


def provide_addr2line():
    """For test_lines.py: the stable tree has it."""
    libraries = "/stable/usr/lib/aarch64-linux-gnu"
    with open("/usr/bin/eu-addr2line", "w") as script:
        script.write("#!/bin/sh\nexec %s/ld-linux-aarch64.so.1 --library-path %s" % (libraries, libraries))
        script.write(' /stable/usr/bin/eu-addr2line "$@"\n')
    os.chmod("/usr/bin/eu-addr2line", 0o755)


def inside(text):
    with open("/work/unit.json") as file:
        tests = json.load(file)
    code = run_unit_tests(tests) if tests else run_truth_tests(text)
    with open(COUNTS) as file:
        print("\n%s passed, %s failed, %s skipped" % tuple(file.read().split()))
    return code


def run_truth_tests(text):
    sys.path.insert(0, os.path.join(REPO, "tests/integration"))
    import chance
    import harness
    import recording
    import roots
    import run
    import test_lines
    import test_truth

    provide_addr2line()
    recording.Recording.samples = without_misleading_mappings(recording.Recording.samples)
    test_truth.record = with_own_chains(unwindable(test_truth.record))
    test_truth.wrong_shares = lambda branches, likely: []
    trees = [roots.HOST, roots.Root("stable", "/stable")]
    roots.all_roots = lambda: trees
    harness.TIMEOUT = 600
    recording.FREQUENCY = FREQUENCY
    test_truth.UNIT, test_truth.ENOUGH, test_truth.PERF = UNIT, ENOUGH, PERF
    chance.BROKEN = BROKEN
    test_lines.FREQUENCY, test_lines.SCALE, test_lines.ENOUGH, test_lines.JUDGED, test_lines.EDGES = LINES
    test_lines.wrong_shares = lambda shares: []
    each = {
        test_truth.chains: settings_of,
        test_lines.every_frame_has_the_line_that_ran: lines_settings,
    }
    harness.CASES[:] = [
        case._replace(each=each[case.function]) for case in harness.CASES if case.function in each
    ]
    sys.argv[1:] = ["--library", "/work/libpyperf.so", "--counts", COUNTS]
    sys.argv += ["--jobs", "1", "--only", text]
    return run.main()


if __name__ == "__main__":
    sys.exit(inside(sys.argv[2]) if INSIDE in sys.argv else boot())
