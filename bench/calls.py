"""Instructions per Python call, method call and generator resume.

Counted by callgrind, so other work on the machine does not matter.  Each figure is the difference
between two sizes of the same work in one process: all that happens once cancels out.  `floor` is
an evaluator that only jumps to the default one: what CPython itself charges for having one.
"""

from support import page
from support import world as w

TITLE = "Instructions per call"
MODES = ("plain", "floor", "ours", "native")
KINDS = ("call", "method call", "generator resume")
PAIR = ("ours", "native")
GOAL = 20  # instructions above the floor


def measure(world):
    rows = {}
    for python in world.interpreters:
        rows[python.label] = row = {}
        for mode in world.modes(python, MODES):
            try:
                counts, out = w.region_instructions(
                    world, python, mode, [world.subject("calls.py")]
                )
            except w.Unmeasured as reason:
                world.note_unmeasured("calls, %s, %s" % (python.label, mode.name), reason)
                continue
            works = [int(word) for word in out.split()]
            row[mode.name] = {
                kind: (counts[2 * i + 1] - counts[2 * i]) / works[i] for i, kind in enumerate(KINDS)
            }
    return rows


def added(rows, mode, base):
    """What a mode adds to another, of each interpreter that has both, for a plain call."""
    have = [row for row in rows.values() if mode in row and base in row]
    return [row[mode]["call"] - row[base]["call"] for row in have]


def figures(rows):
    yield page.Figure(
        "A Python call, above an evaluator that does nothing",
        "%.0f instructions",
        added(rows, "ours", "floor"),
        added(rows, "native", "floor"),
    )


def by_python(rows):
    yield "call, instructions", {
        label: page.with_native(
            "+%.0f", *(row[m]["call"] - row["plain"]["call"] if m in row else None for m in PAIR)
        )
        for label, row in rows.items()
        if "plain" in row
    }
    yield "of these any evaluator", {
        label: "%.0f" % (row["floor"]["call"] - row["plain"]["call"])
        for label, row in rows.items()
        if "plain" in row and "floor" in row
    }


def met(added):
    """To the tenth that the table shows: what happens once cancels out but for some hundredths."""
    return added is not None and round(added, 1) <= GOAL


def tables(rows):
    for kind in KINDS:
        lines = []
        for label, row in rows.items():
            values = {mode: row[mode][kind] for mode in row}
            floor = values.get("floor")

            def above(mode):
                return values[mode] - floor if mode in values and floor is not None else None

            lines.append(
                [label]
                + [values.get(mode) for mode in MODES]
                + [above("ours"), above("native")]
                + ["yes" if met(above("ours")) else "**no**"]
            )
        yield {
            "caption": "Instructions per %s (goal: ours at most %d above the floor)" % (kind, GOAL),
            "columns": ["Python", *MODES, "ours above floor", "native above floor", "goal met"],
            "rows": lines,
            "format": "%.1f",
        }


    yield {
        "caption": "Instructions added per call, as a share of what native adds: what any evaluator "
        "takes (floor), and ours",
        "columns": ["Python", *("%s, %s" % (kind, mode) for kind in KINDS for mode in SHARED)],
        "rows": [
            [label] + [share(row, mode, kind) for kind in KINDS for mode in SHARED]
            for label, row in rows.items()
            if "native" in row
        ],
        "format": "%.2f",
    }


SHARED = ("floor", "ours")


def share(row, mode, kind):
    plain = row["plain"][kind]
    return (row[mode][kind] - plain) / (row["native"][kind] - plain)


def plots(rows):
    yield {
        "name": "calls",
        "title": "Instructions per Python call above the floor",
        "unit": "instructions",
        "goal": GOAL,
        "groups": [
            (
                label,
                {
                    mode: row[mode]["call"] - row["floor"]["call"]
                    for mode in ("ours", "native")
                    if mode in row and "floor" in row
                },
            )
            for label, row in rows.items()
        ],
    }
