"""In-process unwinders and gdb pass through trampolines."""

import os
import re
import shutil
import socket
import subprocess
import time

import harness
from harness import Skip, case

HERE = os.path.dirname(os.path.abspath(__file__))
COMPILER = "aarch64-linux-gnu-gcc"


def helper(t):
    """programs/leave.c as a library, and programs/leave.py, where the tree sees them."""
    if not shutil.which(COMPILER):
        raise Skip("no " + COMPILER)
    library = t.path("leave.so")
    source = os.path.join(HERE, "programs/leave.c")
    argv = [COMPILER, "-O1", "-shared", "-fPIC", "-fexceptions", "-o", library, source]
    done = subprocess.run(argv, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    assert done.returncode == 0, done.stdout.decode()
    shutil.copy(os.path.join(HERE, "programs/leave.py"), t.path("leave.py"))
    return library


@case("arm64", each=harness.supported)
def cleanups_run_when_a_thread_leaves(t):
    library = helper(t)
    for how in ("pthread_exit", "cancellation"):
        done = t.py(t.path("leave.py"), library, how)
        assert done[:3] == (b"cleaned up\nthread is gone\n", b"", 0), (how, done)


@case("arm64", each=harness.supported)
def backtrace_goes_through(t):
    library = helper(t)
    done = harness.check_ok(t.py(t.path("leave.py"), library, "trace"))
    kinds = done.stdout.decode().split()
    # trace, leaf, middle, top and the module; then main(), called by libc.
    assert kinds.count("image") == 5, kinds
    assert "libc" in kinds[kinds[::-1].index("image") * -1 :], kinds


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@case("arm64", each=harness.supported)
def gdb_shows_the_whole_stack(t):
    """Through the emulator's debugger stub.  Without pointer authentication, of which its stub
    tells gdb nothing: signed addresses would not be recognised, trampolines or not."""
    gdb = shutil.which("gdb-multiarch")
    if not gdb:
        raise Skip("no gdb-multiarch")
    library = helper(t)
    port = free_port()
    env = t.preload(QEMU_GDB=str(port), QEMU_CPU="cortex-a72")
    argv = [t.python.path, t.path("leave.py"), library, "abort"]
    process = t.start(argv, env)
    tree = t.python.root.path
    commands = ["set auto-load off", "set debuginfod enabled off", "set sysroot " + tree]
    commands += ["set solib-search-path " + os.path.dirname(t.world.library)]
    commands += ["file " + tree + t.python.path, "target remote :%d" % port, "continue", "bt", "kill"]
    gdb_argv = [gdb, "-q", "-batch", "-nx"] + [a for c in commands for a in ("-ex", c)]
    text = ""
    for _ in range(20):  # until the stub listens
        time.sleep(1)
        done = subprocess.run(
            gdb_argv, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
            timeout=harness.TIMEOUT,
        )
        text = done.stdout.decode("utf-8", "replace")
        if "Connection refused" not in text and "timed out" not in text:
            break
    process.kill()
    names = re.findall(r"^#\d+ +0x[0-9a-f]+ in (\S+)", text, re.M)
    assert names.count("py::<trampoline>") == 4, text
    assert names[-1] == "_start", text
