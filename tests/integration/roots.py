"""Where programs run: this machine's root, or a Debian tree entered by chroot."""

import os
import platform
import re
import shutil
import subprocess

REPO = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
TRIPLE = platform.machine() + "-linux-gnu"


def cache_folder():
    """The same folder as scripts/lib.sh names."""
    home = os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache")
    return os.environ.get("PYPERF_CACHE") or os.path.join(home, "pyperf")


class Root:
    """A root file system.  Inside a tree /tmp is this machine's /tmp, and /mnt its root."""

    def __init__(self, name, path):
        self.name = name
        self.path = path

    def __str__(self):
        return self.name

    @property
    def is_host(self):
        return self.path == "/"

    def file(self, path):
        """This machine's path of a file that the root knows as path (symbolic links resolved)."""
        if self.is_host:
            return os.path.realpath(path)
        for _ in range(40):
            here = self.path + path
            if not os.path.islink(here):
                return here
            path = os.path.normpath(os.path.join(os.path.dirname(path), os.readlink(here)))
        raise OSError("too many symbolic links: " + path)

    def command(self, argv, env=None, cwd="/tmp"):
        """argv for running a command in this root; env is added to the environment."""
        argv = list(argv)
        if env:
            argv = ["env"] + ["%s=%s" % item for item in sorted(env.items())] + argv
        if self.is_host:
            return argv
        return [os.path.join(REPO, "scripts/in-root"), self.path, cwd] + argv

    def prefix_of(self, other):
        """Where, seen from this root, another root's files are."""
        if other is self:
            return ""
        return other.path if self.is_host else "/mnt"


HOST = Root("host", "/")


def all_roots():
    """This machine, and the sid tree when it is there and may be entered."""
    sid = os.path.join(cache_folder(), "sid")
    if os.geteuid() == 0 and os.path.exists(os.path.join(sid, ".pyperf-sid")):
        return [HOST, Root("sid", sid)]
    return [HOST]


class Perf:
    """A perf binary.  It runs in any root: outside its own, by its own loader and libraries."""

    def __init__(self, root, path):
        self.root = root
        self.path = path
        text = subprocess.run(
            self.command(root) + ["--version"], stdout=subprocess.PIPE, check=True
        ).stdout.decode()
        self.version = text.split()[2]

    def __str__(self):
        return "perf %d.%d" % self.numbers

    @property
    def numbers(self):
        """For comparing."""
        return tuple(int(part) for part in re.findall(r"\d+", self.version)[:2])

    def argv(self, root):
        """How to call this perf from inside the given root."""
        if root is self.root:
            return [self.path]
        prefix = root.prefix_of(self.root)
        libraries = prefix + "/usr/lib/" + TRIPLE
        loader = {"x86_64": "ld-linux-x86-64.so.2", "aarch64": "ld-linux-aarch64.so.1"}
        return [
            libraries + "/" + loader[platform.machine()],
            "--library-path",
            libraries,
            prefix + self.path,
        ]

    def command(self, root):
        return root.command(self.argv(root))


def all_perfs(roots):
    """Every perf that works, one for each root."""
    perfs = []
    for root in roots:
        path = shutil.which("perf") if root.is_host else "/usr/bin/perf"
        if not path or not os.path.exists(root.file(path)):
            continue
        try:
            perfs.append(Perf(root, path))
        except (subprocess.CalledProcessError, IndexError):
            continue  # Ubuntu's wrapper script, with no perf for the running kernel behind it
    return perfs
