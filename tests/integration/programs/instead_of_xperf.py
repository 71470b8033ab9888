"""Runs CPython's tests of `-X perf` with that option replaced.

    python instead_of_xperf.py LIBRARY|native FOLDER REGRTEST-ARGUMENT...

Each command `python -Xperf ...` or `-Xperf_jit` of the tests becomes `/usr/bin/env
LD_PRELOAD=LIBRARY PYPERF_DIR=FOLDER python ...`; with `native` it stays.  Commands without the
option get no library.

The cases that want frame pointers are skipped by CPython on builds without.  Here they are run on
those, too, and perf unwinds by DWARF.
"""

import os
import subprocess
import sys
import sysconfig

OPTIONS = ("-Xperf", "-Xperf_jit")
library, folder = sys.argv[1:3]

flags = sysconfig.get_config_vars()
framed = "no-omit-frame-pointer" in (flags.get("PY_CORE_CFLAGS") or "")
flags["PY_CORE_CFLAGS"] = "-fno-omit-frame-pointer"


def replaced(command):
    """The command that is run in place of `command`."""
    if isinstance(command, (str, bytes)):
        return command
    new = []
    for word in command:
        if word in OPTIONS and library != "native":
            python = new.pop()
            new += ["/usr/bin/env", "LD_PRELOAD=" + library, "PYPERF_DIR=" + folder]
            new += ["PYPERF_KEEP=on", python]  # they read the map afterwards
        elif word == "--call-graph=fp" and not framed:
            new += ["--call-graph=dwarf,16384", "-F99"]
        else:
            new.append(word)
    return new


class Popen(subprocess.Popen):
    def __init__(self, args, *rest, **options):
        super().__init__(replaced(args), *rest, **options)


subprocess.Popen = Popen
os.environ["HOME"] = folder  # perf's cache of build-ids

sys.argv = ["instead_of_xperf"] + sys.argv[3:]
from test.libregrtest.main import main  # noqa: E402

main()
