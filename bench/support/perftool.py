"""perf, as the benchmarks use it: which one for which interpreter, and what it says."""

import os
import re

from support import world as w


def pairs(world, since=6):
    """(perf, interpreter): for each root's perf the newest interpreter of that root, 3.`since` or
    newer."""
    for perf in world.perfs:
        able = [i for i in world.interpreters if i.root is perf.root and i.minor[1] >= since]
        if able:
            yield perf, able[-1]
    if not world.perfs:
        raise w.Unmeasured("no perf found (apt-get install linux-perf)")


def run(world, perf, *arguments, env=None):
    """perf itself, without the library; the agent's result."""
    base = {"PATH": "/usr/local/bin:/usr/bin:/bin", "LC_ALL": "C.UTF-8"}
    base["HOME"] = os.path.join(world.folder, "home")
    base.update(env or {})
    command = {"argv": [perf.path, *arguments], "env": base}
    return world.run(perf.root, [command], keep_images=True)[0][0]


def record(world, perf, python, mode, options, arguments):
    """Records an interpreter in a mode; keeps maps, dumps and images."""
    prefix = [perf.path, "record", "-e", "cpu-clock", *options, "--"]
    home = os.path.join(world.folder, "home")
    os.makedirs(home, exist_ok=True)
    command = world.command(python, mode, arguments, prefix, keep=True)
    command["env"]["HOME"] = home
    return world.run(python.root, [command], keep_images=True)[0][0]


def samples(world, perf, data):
    """(kept, lost, throttled) of a recording."""
    done = run(world, perf, "report", "--stats", "-i", data)

    def events(kind):
        found = re.findall(r"\b%s events:\s+(\d+)" % kind, done["out"])
        return int(found[0]) if found else 0

    lost = 0
    if events("LOST") or events("LOST_SAMPLES"):
        fields = ["--show-lost-events", "-F", "comm,event"]  # without stacks: no unwinding
        text = run(world, perf, "script", "-i", data, *fields)["out"]
        # While recording, and once more at its end, by newer perfs.
        lost = max(
            sum(int(n) for n in re.findall(r"PERF_RECORD_%s lost (\d+)" % kind, text))
            for kind in ("LOST", "LOST_SAMPLES")
        )
        lost = lost or events("LOST") + events("LOST_SAMPLES")
    return events("SAMPLE"), lost, events("THROTTLE")
