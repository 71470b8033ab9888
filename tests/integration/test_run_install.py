"""Installed: under DESTDIR, in a moved tree, and as a Debian package in a fresh system."""

import glob
import os
import re
import shutil
import subprocess

import harness
import roots
from harness import Skip, case

MAIN = "print('/pyperf-' in open('/proc/self/maps').read())"


def build(t, *options):
    """A release build for /usr; its folder."""
    folder = t.path("build")
    if not shutil.which("cmake"):
        raise Skip("no cmake")
    configure = ["cmake", "-S", roots.REPO, "-B", folder, "-DCMAKE_BUILD_TYPE=Release"]
    configure += ["-DBUILD_TESTING=OFF", "-DCMAKE_INSTALL_PREFIX=/usr"] + list(options)
    for argv in (configure, ["cmake", "--build", folder, "-j2"]):
        done = subprocess.run(argv, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=300)
        assert done.returncode == 0, done.stdout.decode()[-3000:]
    return folder


def maps_an_image(t, program, python, **options):
    done = t.run([program, python, "-c", MAIN], {"PYPERF_DIR": t.images}, **options)
    assert done.code == 0 and done.stdout == b"True\n" and not done.stderr, done


@case("run")
def an_installed_tree_may_be_moved(t):
    folder = build(t)
    stage, moved = t.path("stage"), t.path("moved")
    env = dict(os.environ, DESTDIR=stage)
    subprocess.run(["cmake", "--install", folder], env=env, check=True, stdout=subprocess.DEVNULL)
    os.rename(stage + "/usr", moved)
    assert not os.listdir(stage), "installed outside the prefix: %s" % os.listdir(stage)
    python = t.world.newest_on_host().path
    maps_an_image(t, moved + "/bin/pyperf-run", python)
    perf = shutil.which("perf")
    if perf:
        done = t.run(
            [moved + "/bin/pyperf-run", "perf", "record", "-e", "cpu-clock", "-o", t.path("x.data")]
            + [python, "-c", "pass"],
            {"HOME": t.folder},
        )
        assert done.code == 0, done
    config = glob.glob(moved + "/lib*/**/libpyperf.pc", recursive=True)
    assert len(config) == 1, config
    path = os.path.dirname(config[0])
    done = t.run(["pkg-config", "--variable=preload", "libpyperf"], {"PKG_CONFIG_PATH": path})
    found = os.path.normpath(done.stdout.decode().strip())
    assert os.path.exists(found) and found.startswith(moved), found
    for page in ("man1/pyperf-run.1.gz", "man7/libpyperf.7.gz"):
        text = subprocess.run(["zcat", moved + "/share/man/" + page], stdout=subprocess.PIPE).stdout
        assert not re.search(rb"@[A-Z_]+@", text), "%s: an unreplaced word" % page


@case("run")
def the_library_alone_installs(t):
    """Where libelf is missing, say; for a container's image that is profiled from outside."""
    folder = build(t, "-DPYPERF_WRAPPER=OFF")
    stage = t.path("stage")
    env = dict(os.environ, DESTDIR=stage)
    subprocess.run(["cmake", "--install", folder], env=env, check=True, stdout=subprocess.DEVNULL)
    names = {name for _, _, files in os.walk(stage) for name in files}
    assert {"libpyperf.so", "pyperf.h", "libpyperf.7.gz"} <= names, names
    assert not [name for name in names if name.startswith("pyperf-run")], names


@case("run")
def the_debian_package_installs_works_and_goes(t):
    for tool in ("dpkg-deb", "debootstrap", "cpack"):
        if not shutil.which(tool) and not os.path.exists("/usr/sbin/" + tool):
            raise Skip("no " + tool)
    if os.geteuid() != 0:
        raise Skip("only root can debootstrap")
    folder = build(t)
    done = subprocess.run(
        ["cpack", "--config", folder + "/CPackConfig.cmake", "-G", "DEB", "-B", folder],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    )
    packages = glob.glob(folder + "/*.deb")
    assert done.returncode == 0 and len(packages) == 1, done.stdout.decode()
    if shutil.which("lintian"):
        said = subprocess.run(
            ["lintian", "--allow-root", packages[0]], stdout=subprocess.PIPE
        ).stdout.decode()
        assert not re.search(r"^[EW]:", said, re.M), said

    tree = t.path("tree")
    suite = re.search(r"VERSION_CODENAME=(\w+)", open("/etc/os-release").read())
    argv = ["debootstrap", "--variant=minbase", "--include=python3-minimal,linux-perf"]
    argv += [suite.group(1) if suite else "stable", tree]
    done = subprocess.run(argv, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=500)
    assert done.returncode == 0, done.stdout.decode()[-2000:]
    shutil.copy(packages[0], tree + "/libpyperf.deb")
    script = """set -e
export DEBIAN_FRONTEND=noninteractive
apt-get install -y -qq --no-install-recommends /libpyperf.deb >/dev/null 2>&1
cd /root
pyperf-run perf record -e cpu-clock -F 499 -g -o perf.data python3 -c '
import time
def work():
    end = time.process_time() + 0.5
    while time.process_time() < end: pass
work()'
pyperf-run report --stdio --children -g none 2>/dev/null | grep -m1 'py::work:<string>'
LD_PRELOAD=libpyperf.so python3 -c pass
ls /tmp/pyperf-* && rm /tmp/pyperf-*
apt-get purge -y -qq libpyperf >/dev/null 2>&1
if find / -xdev -name '*pyperf*' ! -path '/libpyperf.deb' ! -path '/proc/*' ! -path '/root/.debug*' \
    ! -path '/root/.cache/pyperf*' \
    ! -path '/tmp/*' ! -path '/var/*' | grep .; then exit 9; fi
"""
    unshare = ["unshare", "--mount", "--propagation", "private", "sh", "-c"]
    enter = "for d in proc sys dev; do mount --rbind /$d %s/$d; done; exec chroot %s sh -c '%s'"
    quoted = script.replace("'", "'\\''")
    done = t.run(unshare + [enter % (tree, tree, quoted)], None)
    text = (done.stdout + done.stderr).decode("utf-8", "replace")
    assert done.code == 0 and "py::work:<string>" in text, text
    return re.search(r"([0-9.]+)% .*py::work", text).group(0)
