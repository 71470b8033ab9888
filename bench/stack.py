"""Bytes of C stack that each nested Python call takes.

perf copies at most 65,528 bytes of stack with a sample, so every byte counts.  Measured between
the frames of one function that calls itself; the median, because a frame now and then carries
more.  Plain CPython takes none from 3.11 on, but any evaluator takes that away: the floor shows
how much, and what we add is the difference to it.
"""

from support import page, stats
from support import world as w

TITLE = "Stack"
MODES = ("plain", "floor", "ours", "native")
PAIR = ("ours", "native")
GOAL = 32  # bytes above the floor


def measure(world):
    rows = {}
    for python in world.interpreters:
        rows[python.label] = row = {}
        for mode in world.modes(python, MODES):
            command = world.command(python, mode, [world.subject("stack.py")])
            try:
                out = world.run(python.root, [command])[0][0]["out"]
            except w.Unmeasured as reason:
                world.note_unmeasured("stack, %s, %s" % (python.label, mode.name), reason)
                continue
            row[mode.name] = int(stats.median([int(word) for word in out.split()]))
    return rows


def figures(rows):
    def above(mode):
        have = [row for row in rows.values() if mode in row and "floor" in row]
        return [row[mode] - row["floor"] for row in have]

    yield page.Figure(
        "C stack of a call, above an evaluator that does nothing",
        "%d bytes",
        above("ours"),
        above("native"),
    )


def by_python(rows):
    yield "C stack a call, bytes", {
        label: page.with_native("+%d", *(row[m] - row["plain"] if m in row else None for m in PAIR))
        for label, row in rows.items()
        if "plain" in row
    }


def tables(rows):
    lines = []
    for label, row in rows.items():
        added = [
            row[mode] - row["floor"] if mode in row and "floor" in row else None
            for mode in ("ours", "native")
        ]
        goal = "-" if added[0] is None else "yes" if added[0] <= GOAL else "**no**"
        lines.append([label] + [row.get(mode) for mode in MODES] + added + [goal])
    yield {
        "caption": "Bytes of stack for each Python call (goal: ours at most %d above the floor)"
        % GOAL,
        "columns": ["Python", *MODES, "ours above floor", "native above floor", "goal met"],
        "rows": lines,
    }
