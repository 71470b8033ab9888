"""From the last sample to the first report, for a program with 20,000 functions.

Ours: `perf record --call-graph dwarf`, then `perf report`.  Native: the same with `-X perf_jit` and
`-k mono`, `perf inject --jit` in between.  Files and bytes are all that a run leaves: recording,
images and maps, or dumps, injected recording and the files made for each function.
"""

import glob
import os
import shutil

from support import page, perftool
from support import world as w

TITLE = "From sample to report"
COUNT = 20000
GOAL = 10.0  # times less after recording
FREQUENCY = "499"


def measure(world):
    rows = {}
    try:
        chosen = list(perftool.pairs(world, since=13))
    except w.Unmeasured as reason:
        world.note_unmeasured("from sample to report", reason)
        return rows
    for perf, python in chosen:
        row = rows["%s, %s" % (python.label, perf)] = {}
        for mode in world.modes(python, ("ours", "native jit")):
            try:
                row[mode.name] = measure_one(world, perf, python, mode)
            except w.Unmeasured as reason:
                world.note_unmeasured("report, %s, %s" % (python.label, mode.name), reason)
    return rows


def measure_one(world, perf, python, mode):
    jit = mode.name == "native jit"
    home = os.path.join(world.folder, "home")
    shutil.rmtree(home, ignore_errors=True)
    data = os.path.join(world.folder, "perf.data")
    options = ["-F", FREQUENCY, "--call-graph", "dwarf,16384", "-m", "16M", "-o", data]
    options += ["-k", "mono"] if jit else []
    seconds = "1" if world.quick else "3"
    arguments = [world.subject("spread.py"), str(COUNT), seconds]
    recorded = perftool.record(world, perf, python, mode, options, arguments)
    left = [data]
    row = {"record": recorded["wall"], "inject": 0.0}
    if jit:
        injected = data + ".jit"
        done = perftool.run(world, perf, "inject", "--jit", "-i", data, "-o", injected)
        row["inject"] = done["wall"]
        left.append(injected)
        data = injected
    arguments = ["report", "--stdio", "--no-inline", "--children", "-g", "none", "-i", data]
    done = perftool.run(world, perf, *arguments)
    row["report"] = done["wall"]
    row["functions"] = done["out"].count("py::")
    left += [path for path in glob.glob(home + "/**", recursive=True) if os.path.isfile(path)]
    left += w.left_in_tmp(int(recorded["out"].split()[0]))
    left += glob.glob(os.path.join(world.images, "*"))
    left = [path for path in set(left) if os.path.exists(path) and not os.path.islink(path)]
    row["files"] = len(left)
    row["bytes"] = sum(os.stat(path).st_blocks * 512 for path in left)
    for path in left:
        os.remove(path)
    return row


def figures(rows):
    def after(mode):
        return [row[mode]["inject"] + row[mode]["report"] for row in rows.values() if mode in row]

    yield page.Figure(
        "From recording to report, {:,} functions (native: `-X perf_jit`)".format(COUNT),
        "%.1f s",
        after("ours"),
        after("native jit"),
    )


def tables(rows):
    lines = []
    for label, row in rows.items():
        after = {mode: row[mode]["inject"] + row[mode]["report"] for mode in row}
        ratio = after["native jit"] / after["ours"] if len(after) == 2 else None
        for mode in row:
            one = row[mode]
            lines.append(
                [label, mode, one["record"], one["inject"], one["report"], one["functions"]]
                + [one["files"], one["bytes"] / 1e6]
                + ["%.1f" % ratio if mode == "ours" and ratio else "-"]
                + [("yes" if ratio >= GOAL else "**no**") if mode == "ours" and ratio else "-"]
            )
    yield {
        "caption": "Seconds, for %d functions (goal: %g times less after recording)" % (COUNT, GOAL),
        "columns": ["Python, perf", "mode", "record", "inject", "report", "functions in report"]
        + ["files", "MB on disk", "times less", "goal met"],
        "rows": lines,
        "format": "%.2f",
    }
