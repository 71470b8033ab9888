"""pyperf-run and the package for aarch64."""

import os
import shutil
import subprocess

import harness
import roots
from harness import Skip, case
from test_run_install import MAIN


def build_of(t):
    """The folder of the library under test, if the wrapper was built with it."""
    folder = os.path.dirname(t.world.built_library)
    if not os.path.exists(os.path.join(folder, "pyperf-run")):
        raise Skip("no pyperf-run in %s: build the preset aarch64-tests" % folder)
    return folder


def sees_frame_pointers(said, python, where):
    lines = [line for line in said.split("\n") if line.startswith("ok    interpreter ")]
    assert len(lines) == 1, said
    assert "CPython %s," % python.version in lines[0], lines[0]
    assert ", with frame pointers " in lines[0], "%s: %s" % (where, lines[0])


@case("arm64", each=harness.supported)
def the_wrapper_reads_its_interpreters(t):
    """Debian's builds for arm64 all keep frame pointers."""
    program = "/mnt" + os.path.join(build_of(t), "pyperf-run")
    done = t.run([program, "doctor", t.python.path], {})
    sees_frame_pointers(done.stdout.decode(), t.python, "on aarch64")


@case("arm64", each=harness.supported)
def a_wrapper_of_another_architecture_reads_them_too(t):
    program = os.path.join(roots.REPO, "build/pyperf-run")
    if not os.path.exists(program):
        raise Skip("no build/pyperf-run")
    done = t.run([program, "doctor", t.python.root.path + t.python.path], {}, root=roots.HOST)
    said = done.stdout.decode()
    sees_frame_pointers(said, t.python, "on this machine")
    assert "BAD   architecture   aarch64, but this machine is" in said, said


@case("arm64", each=harness.supported)
def the_wrapper_starts_python_with_the_library(t):
    program = "/mnt" + os.path.join(build_of(t), "pyperf-run")
    done = t.run([program, t.python.path, "-c", MAIN], {"PYPERF_DIR": t.images})
    assert done.code == 0 and done.stdout == b"True\n" and not done.stderr, done


def trees(world):
    return list(world.roots)


@case("arm64")
def the_package_installs_works_and_goes(t):
    """Into a layer over the tree it was built with."""
    script = os.path.join(roots.REPO, "scripts/arm64-package")
    done = subprocess.run([script, t.path("build")], stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    assert done.returncode == 0, done.stderr.decode()[-3000:]
    package = done.stdout.decode().strip()
    if shutil.which("lintian"):
        said = subprocess.run(["lintian", "--allow-root", package], stdout=subprocess.PIPE)
        assert not said.stdout, said.stdout.decode()
    tree = next(p.root for p in harness.supported(t.world) if p.version.startswith("3.11."))
    layer = t.path("layer")
    inside = [
        "dpkg -i /mnt%s" % package,
        "pyperf-run python3.11 -c \"%s\"" % MAIN,
        "dpkg --purge libpyperf",
        "! test -e /usr/bin/pyperf-run",
    ]
    script = """set -e
mkdir -p "$1/upper" "$1/work" "$1/root"
mount -t tmpfs none "$1"
mkdir "$1/upper" "$1/work" "$1/root"
mount -t overlay -o "lowerdir=$2,upperdir=$1/upper,workdir=$1/work" none "$1/root"
exec "$3" "$1/root" / /bin/sh -ec "$4"
"""
    argv = ["unshare", "--mount", "--propagation", "private", "bash", "-c", script, "package"]
    argv += [layer, tree.path, os.path.join(roots.REPO, "scripts/in-root"), "\n".join(inside)]
    done = t.run(argv, {"PYPERF_DIR": t.images}, root=roots.HOST)
    assert done.code == 0, done
    assert b"\nTrue\n" in done.stdout, done
