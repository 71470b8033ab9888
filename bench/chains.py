"""Reading a recording back: ours (`run/recording`) against perf's.

A recording without compression of examples/report.py, with 64 KiB of stack in each sample: 100 MB
and, with --large, 2 GB.  Ours prints every chain (tests/run/dump_chains) and makes a
flame graph (pyperf-run); perf prints every chain (perf script --no-inline) and a report (perf report
--stdio --no-inline).  Each perf that runs here reads the same file.  Memory is what was in use at
most, pages of the file included.
"""

import os
import re

from support import page, perftool
from support import world as w

TITLE = "Reading recordings"
SAMPLE = 65528 + 800  # bytes
SIZES = (("100 MB", 100e6, 999), ("2 GB", 2e9, 3999))  # and samples a second
SCRIPT = 10.0  # goal: times faster than perf 6's script
CALIBRATION = 100000  # lines of the report's log
MODE = w.MODES["ours, image only"]


def measure(world):
    rows = {}
    host = [pair for pair in perftool.pairs(world) if pair[0].root.is_host]
    tools = [os.path.join(w.REPO, "build", path) for path in ("tests/run/dump_chains", "pyperf-run")]
    lacking = [tool for tool in tools if not os.path.exists(tool)]
    if not host or lacking:
        why = "%s is not built" % lacking[0] if lacking else "no perf on this machine itself"
        world.note_unmeasured("reading recordings", why)
        return rows
    perf, python = host[0]
    for name, size, frequency in SIZES[: 2 if world.large else 1]:
        try:
            row = measure_one(world, perf, python, size, frequency, tools)
            rows["%s, %s" % (python.label, name)] = row
        except w.Unmeasured as reason:
            world.note_unmeasured("reading %s" % name, reason)
    return rows


def measure_one(world, perf, python, size, frequency, tools):
    data = os.path.join(world.folder, "perf.data")
    program = os.path.join(w.REPO, "examples/report.py")
    alone = world.command(python, MODE, [program, str(CALIBRATION)])
    seconds = world.run(python.root, [alone])[0][0]["cpu"]
    lines = str(int(CALIBRATION * size / SAMPLE / frequency / seconds))
    options = ["-F", str(frequency), "--call-graph", "dwarf,65528", "-m", "64M", "-o", data]
    perftool.record(world, perf, python, MODE, options, [program, lines])
    row = {"bytes": os.path.getsize(data), "samples": perftool.samples(world, perf, data)[0]}
    for what, command in commands(world, python.root, data, tools):
        script = 'exec "$@" >/dev/null'
        environment = {"PATH": "/usr/bin:/bin", "LC_ALL": "C.UTF-8"}
        environment["HOME"] = os.path.join(world.folder, "home")
        command = {"argv": ["sh", "-c", script, "sh"] + command, "env": environment}
        results = world.run(python.root, [command], 1 if world.quick else 3, keep_images=True)
        row[what] = {
            "wall": min(each[0]["wall"] for each in results),
            "rss": max(each[0]["rss"] for each in results),
        }
    os.remove(data)
    for name in os.listdir(world.images):
        os.remove(os.path.join(world.images, name))
    return row


def commands(world, root, data, tools):
    cache = os.path.join(world.folder, "home/.debug")
    graph = os.path.join(world.folder, "graph.folded")
    yield "ours, every chain", [tools[0], data, cache]
    yield "ours, flame graph", [tools[1], "flamegraph", "-i", data, "-o", graph]
    for perf in world.perfs:
        fields = ["--no-inline", "-F", "comm,tid,time,ip,sym,dso", "-i", data]
        yield "%s script" % perf, perf.argv(root) + ["script"] + fields
        yield "%s report" % perf, perf.argv(root) + ["report", "--stdio", "--no-inline", "-i", data]


def goal(row, what):
    """(times faster than this our chains must be read, times they were); None: no goal."""
    major = re.match(r"perf (\d+)\.\d+ (script|report)$", what)
    if not major:
        return None
    kind = int(major.group(1)) < 7, major.group(2)
    wanted = {(True, "script"): SCRIPT, (False, "report"): 1.0}.get(kind)
    return wanted and (wanted, row[what]["wall"] / row["ours, every chain"]["wall"])


def figures(rows):
    for label, row in rows.items():
        theirs = [one["wall"] for what, one in row.items() if what.endswith(" script")]
        yield page.Figure(
            "Reading every chain of %s (native: `perf script`)" % label.split(", ")[-1],
            "%.2f s",
            [row["ours, every chain"]["wall"]],
            theirs,
        )


def tables(rows):
    for label, row in rows.items():
        lines = []
        for what, one in row.items():
            if not isinstance(one, dict):
                continue
            wanted = goal(row, what)
            lines.append(
                [what, one["wall"], one["rss"] / 1024, row["bytes"] / 1e6 / one["wall"]]
                + [one["wall"] / row["ours, every chain"]["wall"]]
                + ["-" if not wanted else "yes" if wanted[1] >= wanted[0] else "**no**"]
            )
        yield {
            "caption": "%s: %d samples, %.0f MB (goals: %g times faster than perf 6's script, not "
            "slower than perf 7's report)" % (label, row["samples"], row["bytes"] / 1e6, SCRIPT),
            "columns": ["reader", "seconds", "memory, MB", "MB/s", "times ours", "goal met"],
            "rows": lines,
            "format": "%.2f",
        }
