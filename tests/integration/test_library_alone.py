"""The library without the wrapper: built, installed and at work with nothing but a C compiler."""

import os
import subprocess

import harness
import roots
from harness import case


@case("hygiene")
def the_library_installs_without_the_wrapper(t):
    options = ["-DPYPERF_WRAPPER=OFF", "-DBUILD_TESTING=OFF", "-DCMAKE_INSTALL_LIBDIR=lib"]
    for argv in (
        ["cmake", "-S", roots.REPO, "-B", t.path("build")] + options,
        ["cmake", "--build", t.path("build")],
        ["cmake", "--install", t.path("build"), "--prefix", t.path("installed")],
    ):
        harness.build(argv, "the library")
    found = {
        os.path.relpath(os.path.join(folder, name), t.path("installed"))
        for folder, _, names in os.walk(t.path("installed"))
        for name in names
    }
    assert found >= {"lib/libpyperf.so", "include/pyperf.h"}, found
    assert not any("pyperf-run" in path for path in found), found
    python = t.world.newest_on_host()
    env = t.preload(LD_PRELOAD=t.path("installed/lib/libpyperf.so"))
    done = harness.check_ok(t.run([python.path, "-c", "pass"], env))
    assert t.image_paths(done.pid), "the installed library does nothing"


@case("hygiene")
def a_clone_with_another_compiler_is_not_stopped_by_warnings(t):
    """Only our presets make warnings errors."""
    harness.build(["cmake", "-S", roots.REPO, "-B", t.path("build"), "-DBUILD_TESTING=OFF"], "it")
    with open(t.path("build/compile_commands.json")) as file:
        assert "-Werror" not in file.read()
    told = subprocess.check_output(["cmake", "--preset", "release", "-N"], cwd=roots.REPO)
    assert b'PYPERF_WERROR="ON"' in told, told.decode()
