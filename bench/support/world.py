"""What all benchmarks share: the interpreters, the library, the modes, and how to run things."""

import collections
import glob
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile

BENCH = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
REPO = os.path.dirname(BENCH)
sys.path.append(os.path.join(REPO, "tests/integration"))

import interpreters  # noqa: E402
import roots  # noqa: E402

# A way to run an interpreter: environment, options, and the first minor version that has it.
Mode = collections.namedtuple("Mode", "name env options since")

PRELOAD = "LD_PRELOAD"
MODES = {
    mode.name: mode
    for mode in (
        Mode("plain", {}, [], 6),
        Mode("floor", {"BENCH_FLOOR": "1"}, [], 6),
        Mode("asleep", {PRELOAD: "", "PYPERF": "off"}, [], 6),
        Mode("ours", {PRELOAD: ""}, [], 6),
        Mode("ours, image only", {PRELOAD: "", "PYPERF_OUTPUT": "image"}, [], 6),
        Mode("ours, map only", {PRELOAD: "", "PYPERF_OUTPUT": "map"}, [], 6),
        Mode("native", {}, ["-X", "perf"], 12),
        Mode("native jit", {}, ["-X", "perf_jit"], 13),
    )
}

class Unmeasured(Exception):
    """This cannot be measured here, for the reason given."""


class World:
    def __init__(self, library, chosen, quick, log):
        self.quick = quick
        self.chosen = chosen
        self.large = False
        # Timings stay on one processor; a second bench/run may be told another.
        self.cpu = int(os.environ.get("PYPERF_BENCH_CPU", os.cpu_count() - 1))
        self.log = log
        self.folder = tempfile.mkdtemp(prefix="pyperf-bench-")
        os.chmod(self.folder, 0o755)
        self.library = os.path.join(self.folder, "libpyperf.so")
        shutil.copy(library, self.library)  # a build meanwhile must not change what is measured
        for name in ("subjects", "programs"):
            shutil.copytree(os.path.join(BENCH, name), os.path.join(self.folder, name))
        self.images = os.path.join(self.folder, "images")
        os.mkdir(self.images)
        self._agents = {}
        self.probe = self._compile_probe()
        self.roots = roots.all_roots()
        self.perfs = roots.all_perfs(self.roots)
        found = [i for i in interpreters.discover(self.roots) if i.supported]
        self.interpreters = [i for i in found if not chosen or i.label in chosen]
        self.unmeasured = []

    def _compile_probe(self):
        target = os.path.join(self.folder, "probe.so")
        source = os.path.join(BENCH, "support/probe.c")
        protection = "-fcf-protection=full" if os.uname().machine == "x86_64" else "-O2"
        subprocess.run(
            ["cc", "-shared", "-fPIC", "-O2", "-g", protection, "-o", target, source], check=True
        )
        return target

    def subject(self, name):
        return os.path.join(self.folder, "subjects", name)

    def note_unmeasured(self, what, why):
        """Remembers what could not be measured; the report lists it."""
        self.log("not measured: %s: %s" % (what, why))
        self.unmeasured.append("%s: %s" % (what, why))

    def modes(self, python, names):
        """Those of the named modes that the interpreter has."""
        return [MODES[name] for name in names if python.minor[1] >= MODES[name].since]

    # -- Running ----------------------------------------------------------------------------

    def command(self, python, mode, arguments, prefix=(), env=None, keep=False, direct=False):
        """A command for run(): the interpreter in a mode, with a tool in front if wanted.  The
        environment reaches the tool only if direct; else `env` sets it for the interpreter."""
        settings = {name: value or self.library for name, value in mode.env.items()}
        settings["PYPERF_DIR"] = self.images
        settings["BENCH_PROBE"] = self.probe
        settings.update(env or {})
        base = {
            "PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
            "HOME": "/tmp",
            "LC_ALL": "C.UTF-8",
            "PYTHONHASHSEED": "0",
            "PYTHONDONTWRITEBYTECODE": "1",
        }
        argv = [python.path] + mode.options + list(arguments)
        if direct:
            base.update(settings)
            argv = list(prefix) + argv
        elif prefix:
            argv = list(prefix) + ["env"] + ["%s=%s" % s for s in sorted(settings.items())] + argv
        else:
            base.update(settings)
        return {"argv": argv, "env": base, "keep": keep}

    def run(self, root, commands, rounds=1, cpu=None, check=True, keep_images=False):
        """Runs commands alternately: a list of rounds, each a list of results (agent.py)."""
        agent = self._agents.get(root.path) or self._start_agent(root)
        request = {"commands": commands, "rounds": rounds, "cpu": cpu, "cwd": self.folder}
        agent.stdin.write(json.dumps(request) + "\n")
        agent.stdin.flush()
        answer = agent.stdout.readline()
        if not answer:
            raise RuntimeError("the agent in %s died" % root)
        results = json.loads(answer)
        for name in [] if keep_images else os.listdir(self.images):
            os.remove(os.path.join(self.images, name))
        for result in (result for each in results for result in each):
            if check and result["code"] != 0:
                raise Unmeasured("exit code %d: %s" % (result["code"], last_line(result["err"])))
        return results

    @staticmethod
    def forget(pid):
        """Removes what a process left in /tmp that was not the agent's own child."""
        for path in left_in_tmp(pid):
            os.remove(path)

    def _start_agent(self, root):
        shutil.copy(os.path.join(BENCH, "support/agent.py"), self.folder)
        inside = [i for i in interpreters.discover([root]) if i.minor >= (3, 9) and i.supported]
        python = sys.executable if root.is_host else inside[0].path
        command = root.command([python, os.path.join(self.folder, "agent.py")], cwd=self.folder)
        self._agents[root.path] = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, universal_newlines=True
        )
        return self._agents[root.path]

    def close(self):
        for agent in self._agents.values():
            agent.stdin.close()
            agent.wait()
        shutil.rmtree(self.folder, ignore_errors=True)


def left_in_tmp(pid):
    """Maps, dumps and what `perf inject` makes of them."""
    patterns = ("/tmp/perf-%d.map", "/tmp/jit-%d.dump", "/tmp/jitted-%d-*.so")
    return [path for pattern in patterns for path in glob.glob(pattern % pid)]


def last_line(text):
    lines = text.strip().splitlines()
    return lines[-1] if lines else "no message"


# -- Instructions -------------------------------------------------------------------------------


def valgrind(world, root):
    """argv prefix of callgrind, which counts what a process executes in user space."""
    path = shutil.which("valgrind")
    if path is None:
        raise Unmeasured("valgrind is not installed (apt-get install valgrind)")
    path = os.path.realpath(path)
    if root.is_host:
        return [path, "--tool=callgrind"]
    return ["env", "VALGRIND_LIB=/mnt/usr/libexec/valgrind", "/mnt" + path, "--tool=callgrind"]


def instructions(world, python, mode, arguments):
    """Instructions of a whole process."""
    prefix = valgrind(world, python.root) + ["--callgrind-out-file=/dev/null"]
    command = world.command(python, mode, arguments, prefix, direct=True)
    result = world.run(python.root, [command])[0][0]
    counted = re.search(r"Collected : (\d+)", result["err"])
    if counted is None:
        raise Unmeasured("callgrind did not count: " + last_line(result["err"]))
    return int(counted.group(1))


def region_instructions(world, python, mode, arguments):
    """Instructions of each call of probe_region() (probe.c), in order, in one process."""
    out = os.path.join(world.folder, "callgrind")
    prefix = valgrind(world, python.root) + [
        "--callgrind-out-file=" + out,
        "--zero-before=probe_counted",
        "--dump-after=probe_counted",
    ]
    command = world.command(python, mode, arguments, prefix, direct=True)
    result = world.run(python.root, [command])[0][0]
    counts = []
    while os.path.exists("%s.%d" % (out, len(counts) + 1)):
        path = "%s.%d" % (out, len(counts) + 1)
        with open(path) as file:
            totals = re.search(r"^(?:totals|summary): (\d+)", file.read(), re.MULTILINE)
        counts.append(int(totals.group(1)))
        os.remove(path)
    if os.path.exists(out):
        os.remove(out)
    return counts, result["out"]
