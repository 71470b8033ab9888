"""pyperf-run as the cases call it: from a folder with the library, with a home of its own."""

import collections
import os
import shutil
import signal
import stat
import subprocess

import harness
import recording
import roots

Setting = collections.namedtuple("Setting", "python perf")
Setting.label = property(lambda s: "%s %s" % (s.python.label, s.perf))


# Ends when a process has had some hundredths of a second (proc_pid_stat(5)) more of the processor.
BUSY = """
spent() { set -- $(sed 's/.*) //' "/proc/$pid/stat"); echo $((${12} + ${13})); }
pid=$1
end=$(($(spent) + $2))
while [ "$(spent)" -lt "$end" ]; do sleep 0.05; done
"""


def busy(pid, seconds):
    """What `perf record -p` is to wait for, so that there are samples at any load."""
    return ["sh", "-c", BUSY, "sh", str(pid), "%d" % (100 * seconds)]


def settings(world):
    """Every interpreter, and each perf in turn: how a perf unwinds which interpreter is for
    test_truth.py, with all pairs.  The newest, whose frames are longer, meet every perf."""
    found = []
    for number, python in enumerate(harness.supported(world)):
        turn = number % len(world.perfs or [None])
        perfs = world.perfs if python.minor >= (3, 14) else world.perfs[turn:][:1]
        found += [Setting(python, perf) for perf in perfs]
    return found


def perfs(world):
    return world.perfs


class Wrapper:
    """One case's pyperf-run.  Nothing of this machine's build-id cache is seen or touched.

    Links, not copies: another case may fork while a copy is open for writing, and for a moment
    nobody could run it ("Text file busy").
    """

    def __init__(self, t, perf=None, root=None):
        self.t = t
        self.root = root or roots.HOST
        self.home = t.path("home")
        self.bin = t.path("bin")
        self.program = os.path.join(self.bin, "pyperf-run")
        self.data = t.path("perf.data")
        self.prefix = []  # words before every command
        os.makedirs(self.home)
        os.makedirs(self.bin)
        for name in ("pyperf-run", "pyperf-exec"):
            built = os.path.join(t.world.folder, name)
            if not os.path.exists(built):
                raise harness.Skip(name + " is not built")
            os.link(built, os.path.join(self.bin, name))
        os.link(t.world.library, os.path.join(self.bin, "libpyperf.so"))
        self.library = os.path.join(self.bin, "libpyperf.so")
        if perf:
            self.put_perf(perf)

    def put_perf(self, perf):
        """A command `perf` for PATH.  Under a loader it must still believe to be called perf."""
        argv = perf.argv(self.root)
        if len(argv) > 1:
            argv[1:1] = ["--argv0", "perf"]
        self.script("perf", "exec " + " ".join(argv) + ' "$@"')

    def script(self, name, *lines, interpreter="/bin/sh"):
        path = os.path.join(self.bin, name)
        with open(path, "w") as file:
            file.write("#!%s\n%s\n" % (interpreter, "\n".join(lines)))
        os.chmod(path, os.stat(path).st_mode | stat.S_IXUSR)
        return path

    def env(self, **more):
        base = {
            "HOME": self.home,
            # What is learned of a build is learned once for all cases.
            "XDG_CACHE_HOME": os.path.join(self.t.world.folder, "cache"),
            "PATH": self.bin + ":/usr/local/bin:/usr/bin:/bin",
            "PYPERF_DIR": self.t.images,
        }
        base.update(more)
        return {name: value for name, value in base.items() if value is not None}

    def start(self, *arguments, env=None, **options):
        argv = self.prefix + [self.program] + list(arguments)
        return self.t.start(argv, self.env(**(env or {})), root=self.root, **options)

    def __call__(self, *arguments, env=None, **options):
        argv = self.prefix + [self.program] + list(arguments)
        return self.t.run(argv, self.env(**(env or {})), root=self.root, **options)

    def record(self, *arguments, before=(), **options):
        """`pyperf-run perf record` of a command, with an event that exists everywhere."""
        perf = ["perf", "record", "-e", "cpu-clock", "-o", self.data]
        return self(*before, *perf, *arguments, **options)

    def samples(self, data=None):
        """What `pyperf-run script` shows."""
        fields = "comm,pid,tid,time,ip,sym,dso"
        done = self("script", "--ns", "-F", fields, "-i", data or self.data)
        assert done.code == 0, "script: %r" % done.stderr
        return recording.parse(done.stdout.decode("utf-8", "surrogateescape"))


class OwnTmp:
    """`with OwnTmp(run) as tmp:`.  Commands of this wrapper, and what they start, have a /tmp, a
    /var/tmp, a /dev/shm and a /run of their own, in which only the case's own folder is."""

    SCRIPT = """
        set -e
        exec 9<"$1"
        for folder in /tmp /var/tmp /dev/shm /run; do mount -t tmpfs -o mode=1777 own $folder; done
        mkdir -p "$1"
        mount --no-canonicalize --bind /proc/self/fd/9 "$1"
        exec 9<&-
        echo ready
        read end
    """

    def __init__(self, run):
        if os.geteuid() != 0 or not shutil.which("unshare"):
            raise harness.Skip("only root can have a /tmp of its own")
        self.run = run

    def __enter__(self):
        self.holder = subprocess.Popen(
            ["unshare", "-m", "sh", "-c", self.SCRIPT, "sh", self.run.t.folder],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )
        assert self.holder.stdout.readline() == b"ready\n"
        enter = ["nsenter", "-t", str(self.holder.pid), "-m", "--", "sh", "-c"]
        self.run.prefix = enter + ['cd "$0" && exec "$@"', self.run.t.folder]
        return self

    def path(self, inside):
        """How a file there can be reached from here."""
        return "/proc/%d/root%s" % (self.holder.pid, inside)

    def __exit__(self, *_):
        self.run.prefix = []
        self.holder.communicate()


def interrupt(process):
    """What Ctrl-C does: SIGINT to the whole process group."""
    os.killpg(process.pid, signal.SIGINT)
