"""What the library adds before a program's first own instruction.

For Python in instructions of the whole process (`python -c pass`, by callgrind); for a program
that is no Python in microseconds, as the median of paired differences of `/bin/true` started with
and without the preload, alternately.
"""

from support import page, stats
from support import world as w

TITLE = "Start-up"
MODES = ("plain", "asleep", "ours", "native", "native jit")
GOAL_PERCENT = 3.0  # over plain; and no more than native
GOAL_TRUE = 60.0  # microseconds


def measure(world):
    rows = {"instructions": {}, "true": measure_true(world)}
    for python in world.interpreters:
        rows["instructions"][python.label] = row = {}
        for mode in world.modes(python, MODES):
            try:
                row[mode.name] = w.instructions(world, python, mode, ["-c", "pass"])
            except w.Unmeasured as reason:
                world.note_unmeasured("start-up, %s, %s" % (python.label, mode.name), reason)
    return rows


def measure_true(world):
    root = world.roots[0]
    plain = {"argv": ["/bin/true"], "env": {"PATH": "/bin"}}
    ours = {"argv": ["/bin/true"], "env": {"PATH": "/bin", "LD_PRELOAD": world.library}}
    pairs = 60 if world.quick else 400
    results = world.run(root, [plain, ours], pairs, world.cpu)
    series = {
        name: [[1e6 * result[key] for result in round_] for round_ in results]
        for name, key in (("wall", "wall"), ("cpu", "cpu"))
    }
    return {
        name: {
            "plain": stats.summary([pair[0] for pair in pairs]),
            "ours": stats.summary([pair[1] for pair in pairs]),
            "difference": stats.summary([pair[1] - pair[0] for pair in pairs]),
        }
        for name, pairs in series.items()
    }


def added(row, mode):
    """Percent more instructions than plain."""
    if mode not in row or "plain" not in row:
        return None
    return 100.0 * (row[mode] / row["plain"] - 1)


def met(row):
    ours, native = added(row, "ours"), added(row, "native")
    if ours is None:
        return "-"
    return "yes" if ours <= GOAL_PERCENT and (native is None or ours <= native) else "**no**"


def figures(rows):
    pythons = rows["instructions"].values()
    yield page.Figure(
        "Starting Python (`python -c pass`), instructions",
        "%.1f %% more",
        [added(row, "ours") for row in pythons],
        [added(row, "native") for row in pythons],
    )
    yield page.Figure(
        "The same with `PYPERF=off`", "%.1f %% more", [added(row, "asleep") for row in pythons], []
    )
    yield page.Figure(
        "Starting a program that is not Python (`/bin/true`)",
        "%.0f µs more",
        [rows["true"]["wall"]["difference"]["median"]],
        [],
    )


def by_python(rows):
    yield "start, %", {
        label: page.with_native("+%.1f", added(row, "ours"), added(row, "native"))
        for label, row in rows["instructions"].items()
    }


def tables(rows):
    lines = [
        [label, row.get("plain", 0) / 1e6]
        + [added(row, mode) for mode in MODES[1:]]
        + [met(row)]
        for label, row in rows["instructions"].items()
    ]
    yield {
        "caption": "Instructions of `python -c pass`: added to plain, percent (goal: ours at most "
        "%g, and no more than native)" % GOAL_PERCENT,
        "columns": ["Python", "plain, millions", *MODES[1:], "goal met"],
        "rows": lines,
    }
    lines = []
    for name, caption in (("wall", "elapsed"), ("cpu", "user + system")):
        row = rows["true"][name]
        spread = "%.0f to %.0f" % (row["difference"]["low"], row["difference"]["high"])
        median = row["difference"]["median"]
        lines.append(
            [caption, row["plain"]["median"], row["ours"]["median"], median, spread]
            + ["yes" if median <= GOAL_TRUE else "**no**"]
        )
    yield {
        "caption": "Microseconds of `/bin/true`: medians of %d pairs (goal: at most %g more)"
        % (rows["true"]["wall"]["difference"]["count"], GOAL_TRUE),
        "columns": ["time", "plain", "preloaded", "difference", "quartiles", "goal met"],
        "rows": lines,
        "format": "%.0f",
    }


def plots(rows):
    yield {
        "name": "startup",
        "title": "Instructions that start-up takes more than plain",
        "unit": "percent",
        "goal": GOAL_PERCENT,
        "groups": [
            (label, {m: added(row, m) for m in ("ours", "native") if m in row})
            for label, row in rows["instructions"].items()
        ],
    }
