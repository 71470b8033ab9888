"""A real systemd, booted in a container over an overlay of this machine's root."""

import os
import shutil
import signal
import subprocess
import time

from harness import Skip

UNIT = """[Service]
ExecStart=%(python)s /opt/pyperf/app.py
%(settings)s
"""

APP = """
import time

def working():
    while True:
        sum(range(1000))

working()
"""


class Booted:
    """`with Booted(t) as machine:`.  /opt/pyperf there has the wrapper, the library and app.py."""

    def __init__(self, t):
        for need in ("systemd-nspawn", "nsenter", "/sbin/init"):
            if not shutil.which(need):
                raise Skip("no " + need)
        if os.geteuid() != 0:
            raise Skip("only root can boot a container")
        self.t = t
        self.base = t.path("machine")
        self.root = os.path.join(self.base, "root")
        self.opt = os.path.join(self.root, "opt/pyperf")

    def __enter__(self):
        os.mkdir(self.base)
        subprocess.run(["mount", "-t", "tmpfs", "tmpfs", self.base], check=True)
        for name in ("upper", "work", "root"):
            os.mkdir(os.path.join(self.base, name))
        layers = "lowerdir=/,upperdir=%s/upper,workdir=%s/work" % (self.base, self.base)
        subprocess.run(["mount", "-t", "overlay", "overlay", "-o", layers, self.root], check=True)
        os.makedirs(self.opt, exist_ok=True)
        folder = os.path.dirname(self.t.world.built_library)
        for path in [folder + "/pyperf-run", folder + "/pyperf-exec", self.t.world.library]:
            shutil.copy(path, self.opt)
        with open(self.opt + "/app.py", "w") as file:
            file.write(APP)
        self._nspawn = subprocess.Popen(
            ["systemd-nspawn", "-q", "-D", self.root, "-b", "--register=no", "--keep-unit"]
            + ["--console=pipe", "systemd.unit=basic.target"],
            stdin=subprocess.DEVNULL,
            stdout=open(self.base + "/log", "w"),
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        self.init = self._wait_for_init()
        for _ in range(100):
            state = self.run("systemctl", "is-system-running")
            if state.stdout.strip() in (b"running", b"degraded"):
                return self
            time.sleep(0.1)
        with open(self.base + "/log") as file:
            said = file.read()
        self.__exit__()
        raise AssertionError("systemd does not come up: %s\n%s" % (state, said))

    def _wait_for_init(self):
        """The container's process 1.  nspawn's first child only makes it, and ends."""
        path = "/proc/%d/task/%d/children" % (self._nspawn.pid, self._nspawn.pid)
        for _ in range(100):
            if self._nspawn.poll() is not None:
                raise Skip("systemd-nspawn: " + open(self.base + "/log").read().strip())
            with open(path) as file:
                children = file.read().split()
            for child in children:
                if self._numbers(child)[1:] == ["1"]:
                    return int(child)
            time.sleep(0.1)
        raise Skip("systemd-nspawn starts nothing")

    @staticmethod
    def _numbers(pid):
        """A process's numbers, from this namespace inwards; none if it is gone."""
        try:
            with open("/proc/%s/status" % pid) as file:
                return next(line for line in file if line.startswith("NSpid")).split()[1:]
        except (OSError, StopIteration):
            return []

    def run(self, *argv):
        enter = ["nsenter", "-t", str(self.init), "-m", "-u", "-i", "-n", "-p", "-C", "-r", "-w"]
        return self.t.run(enter + list(argv), None)

    def unit(self, name, python, settings=()):
        with open("%s/etc/systemd/system/%s.service" % (self.root, name), "w") as file:
            file.write(UNIT % {"python": python, "settings": "\n".join(settings)})
        self.run("systemctl", "daemon-reload")

    def host_pid(self, name):
        """This machine's number of a unit's main process."""
        shown = self.run("systemctl", "show", "--property=MainPID", name).stdout
        inside = shown.decode().strip().split("=")[1]
        for entry in os.listdir("/proc"):
            try:
                namespace = os.readlink("/proc/%d/ns/pid" % int(entry))
            except (ValueError, OSError):
                continue
            same = namespace == os.readlink("/proc/%d/ns/pid" % self.init)
            if same and self._numbers(entry)[-1:] == [inside]:
                return int(entry)
        raise AssertionError("%s does not run: %s" % (name, shown))

    def __exit__(self, *_):
        try:
            os.kill(self.init, signal.SIGRTMIN + 4)  # systemd(1): power off
        except ProcessLookupError:
            pass  # whatever ended it early is the failure to show
        try:
            self._nspawn.wait(10)
        except subprocess.TimeoutExpired:
            self._nspawn.kill()
            self._nspawn.wait()
        for path in (self.root, self.base):
            subprocess.run(["umount", "-l", path], check=False)
