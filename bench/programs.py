"""Whole programs, from start to exit: plain, with the library asleep (`PYPERF=off`), on, and native.

User + system time of the process, modes alternating; each figure is the median of the rounds'
ratios to plain in the same round.
"""

import os

from support import page, stats
from support import world as w

TITLE = "Whole programs"
MODES = ("plain", "asleep", "ours", "native")
GOAL = 0.9  # of the time that native adds
SKIPPED = 77


def measure(world):
    rows = {}
    folder = os.path.join(world.folder, "programs")
    for python in world.interpreters:
        rows[python.label] = row = {}
        for name in sorted(os.listdir(folder)):
            try:
                ratios = measure_one(world, python, os.path.join(folder, name))
            except w.Unmeasured as reason:
                world.note_unmeasured("%s, %s" % (name, python.label), reason)
                continue
            row[name[: -len(".py")]] = ratios
    return rows


def measure_one(world, python, path):
    modes = world.modes(python, MODES)
    commands = [world.command(python, mode, [path]) for mode in modes]
    trial = world.run(python.root, commands[:1], 1, world.cpu, check=False)[0][0]
    if trial["code"] == SKIPPED:
        raise w.Unmeasured(w.last_line(trial["out"]))
    rounds = world.run(python.root, commands, 3 if world.quick else 5, world.cpu)
    times = [[result["cpu"] for result in round_] for round_ in rounds]
    plain = [round_[0] for round_ in times]
    row = {"seconds": stats.median(plain)}
    for index, mode in enumerate(modes[1:], 1):
        series = [round_[index] for round_ in times]
        row[mode.name] = stats.paired(series, plain, lambda value, base: value / base)
    return row


def mean(row, mode):
    """Geometric mean over the programs; None where a mode does not exist."""
    values = [program[mode]["median"] for program in row.values() if mode in program]
    return stats.geometric_mean(values) if values else None


def percent(row, mode):
    value = mean(row, mode)
    return None if value is None else 100 * (value - 1)


def figures(rows):
    count = max(map(len, rows.values()), default=0)
    yield page.Figure(
        "%d whole programs, user + system time, mean" % count,
        "%.0f %% more",
        [percent(row, "ours") for row in rows.values()],
        [percent(row, "native") for row in rows.values()],
    )
    worst = [
        [
            100 * (max(program[mode]["median"] for program in row.values() if mode in program) - 1)
            for row in rows.values()
            if any(mode in program for program in row.values())
        ]
        for mode in ("ours", "native")
    ]
    yield page.Figure("The program of these that suffers most", "%.0f %% more", *worst)


def by_python(rows):
    yield "whole programs, %", {
        label: page.with_native("+%.0f", percent(row, "ours"), percent(row, "native"))
        for label, row in rows.items()
    }


def tables(rows):
    lines = []
    for label, row in rows.items():
        asleep, ours, native = [mean(row, mode) for mode in MODES[1:]]
        share = (ours - 1) / (native - 1) if native else None
        slower = [
            name
            for name, program in row.items()
            if "native" in program and program["ours"]["low"] > program["native"]["high"]
        ]
        goal = "-"
        if native:
            goal = "yes" if share <= GOAL and not slower else "**no**"
        lines.append([label, len(row), asleep, ours, native, share, ", ".join(slower) or "-", goal])
    yield {
        "caption": "Geometric means of time / plain (goal: what is added at most %g of native's, no "
        "program slower than native)" % GOAL,
        "columns": ["Python", "programs", "asleep", "ours", "native", "added / native's"]
        + ["slower than native", "goal met"],
        "rows": lines,
        "format": "%.3f",
    }
    labels = list(rows)
    names = sorted({name for row in rows.values() for name in row})
    yield {
        "caption": "Each program: ours / plain, and in parentheses native / plain",
        "columns": ["program", *labels],
        "rows": [[name] + [in_words(rows[label].get(name)) for label in labels] for name in names],
    }


def in_words(program):
    if program is None:
        return None
    text = "%.2f" % program["ours"]["median"]
    return text + (" (%.2f)" % program["native"]["median"] if "native" in program else "")


def plots(rows):
    yield {
        "name": "programs",
        "title": "Whole programs: geometric mean of time added to plain",
        "unit": "percent",
        "groups": [
            (
                label,
                {
                    mode: 100 * (mean(row, mode) - 1)
                    for mode in MODES[1:]
                    if mean(row, mode) is not None
                },
            )
            for label, row in rows.items()
        ],
    }
