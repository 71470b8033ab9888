"""What a new function costs: its first call, against its second.

20,000 generated methods are called once and then once more, in one process; what the first round
takes longer, less what it takes longer in plain Python, is the cost of naming them. Modes
alternate.  System calls are counted by strace: the difference between 1,000 and 3,000 functions.
"""

import os
import re
import shutil

from support import page, stats
from support import world as w

TITLE = "New functions"
MODES = ("plain", "ours", "ours, image only", "ours, map only", "native", "native jit")
COUNT = 20000
GOAL = 0.5  # of native
FEW, MANY = 1000, 3000


def measure(world):
    return {python.label: measure_one(world, python) for python in world.interpreters}


def measure_one(world, python):
    modes = world.modes(python, MODES)
    script = world.subject("functions.py")
    commands = [world.command(python, mode, [script, str(COUNT)]) for mode in modes]
    results = world.run(python.root, commands, 3 if world.quick else 7, world.cpu)
    row = {"cost": {}, "ratio": {}, "calls": {}}
    for clock in ("wall", "cpu"):
        costs = [[first_call_cost(result["out"], clock) for result in round_] for round_ in results]
        for index, mode in enumerate(modes[1:], 1):
            added = [1e6 * (costs_[index] - costs_[0]) / COUNT for costs_ in costs]
            row["cost"].setdefault(mode.name, {})[clock] = stats.summary(added)
        for name in ("native", "native jit"):
            ratio = ratio_to(costs, [mode.name for mode in modes], name)
            if ratio:
                row["ratio"].setdefault(name, {})[clock] = ratio
    for mode in modes:
        try:
            row["calls"][mode.name] = system_calls(world, python, mode)
        except w.Unmeasured as reason:
            world.note_unmeasured("system calls, %s, %s" % (python.label, mode.name), reason)
    return row


def first_call_cost(out, clock):
    first_wall, first_cpu, second_wall, second_cpu = [float(word) for word in out.split()[:4]]
    return first_wall - second_wall if clock == "wall" else first_cpu - second_cpu


def ratio_to(costs, names, native):
    if native not in names:
        return None
    plain, ours, other = names.index("plain"), names.index("ours"), names.index(native)
    return stats.summary([(c[ours] - c[plain]) / (c[other] - c[plain]) for c in costs])


def system_calls(world, python, mode):
    """System calls for each new function, by name."""
    path = shutil.which("strace")
    if path is None:
        raise w.Unmeasured("strace is not installed (apt-get install strace)")
    report = os.path.join(world.folder, "strace")
    tool = [path, "-f", "-c", "-o", report]
    counts = []
    for count in (FEW, MANY):
        inner = world.command(python, mode, [world.subject("functions.py"), str(count)], ["env"])
        # From outside, so that what it takes to enter a root is traced too, twice alike.
        argv = tool + python.root.command(inner["argv"], cwd=world.folder)
        done = world.run(w.roots.HOST, [dict(inner, argv=argv)])[0][0]
        world.forget(int(done["out"].split()[-1]))
        with open(report) as file:
            table = file.read()
        found = re.findall(r"^\s*[\d.]+\s+[\d.]+\s+\d+\s+(\d+)(?:\s+\d+)?\s+(\w+)$", table, re.M)
        counts.append({name: int(calls) for calls, name in found if name != "total"})
    few, many = counts
    slopes = {name: (many.get(name, 0) - few.get(name, 0)) / (MANY - FEW) for name in many}
    return {name: round(slope, 3) for name, slope in slopes.items() if slope >= 0.01}


def cost(row, mode):
    return row["cost"][mode]["cpu"]["median"] if mode in row["cost"] else None


def figures(rows):
    yield page.Figure(
        "The first call of a function",
        "%.2f µs more",
        [cost(row, "ours") for row in rows.values()],
        [cost(row, "native") for row in rows.values()],
    )


def by_python(rows):
    yield "first call, µs", {
        label: page.with_native("+%.2f", cost(row, "ours"), cost(row, "native"))
        for label, row in rows.items()
    }


def tables(rows):
    for clock, caption in (("cpu", "user + system"), ("wall", "elapsed")):
        lines = []
        for label, row in rows.items():
            costs = [row["cost"][m][clock]["median"] if m in row["cost"] else None for m in MODES[1:]]
            ratio = row["ratio"].get("native", {}).get(clock)
            jit = row["ratio"].get("native jit", {}).get(clock)
            lines.append(
                [label]
                + costs
                + [with_spread(ratio), with_spread(jit)]
                + [("yes" if ratio["median"] <= GOAL else "**no**") if ratio else "-"]
            )
        yield {
            "caption": "Microseconds for each new function, %s (goal: at most %g of native)"
            % (caption, GOAL),
            "columns": ["Python", *MODES[1:], "ours / native", "ours / native jit", "goal met"],
            "rows": lines,
        }
    lines = [
        [label] + [in_words(row["calls"].get(mode)) for mode in MODES[1:]]
        for label, row in rows.items()
    ]
    yield {
        "caption": "System calls for each new function (goal: none for the image)",
        "columns": ["Python", *MODES[1:]],
        "rows": lines,
    }


def with_spread(ratio):
    if ratio is None:
        return None
    return "%.2f (%.2f to %.2f)" % (ratio["median"], ratio["low"], ratio["high"])


def in_words(calls):
    if calls is None:
        return None
    return ", ".join("%.2f %s" % (n, name) for name, n in sorted(calls.items())) or "none"


def plots(rows):
    yield {
        "name": "functions",
        "title": "First call of a new function: user + system time added to plain",
        "unit": "microseconds",
        "groups": [
            (
                label,
                {m: row["cost"][m]["cpu"]["median"] for m in MODES[1:] if m in row["cost"]},
            )
            for label, row in rows.items()
        ],
    }
