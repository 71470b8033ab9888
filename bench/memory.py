"""Resident bytes for each named function, and what a forked child owns.

For named functions: the difference between 5,000 and 20,000 of them, less the same of plain Python;
all that is mapped counts, also pages of files that the system may drop.  For children, as a
pre-forking server has them: the private bytes (`smaps_rollup`) of a child that calls 2,000
functions which its parent had called before, less the same of plain Python.  Where `threading` is
imported every child first calls some ten functions of it that its parent never called.
"""

from support import page, stats
from support import world as w

TITLE = "Memory"
MODES = ("plain", "ours", "native")
FEW, MANY, CHILD = 5000, 20000, 2000
GOAL = 64  # KiB


def measure(world):
    rows = {}
    for python in world.interpreters:
        try:
            rows[python.label] = measure_one(world, python)
        except w.Unmeasured as reason:
            world.note_unmeasured("memory, %s" % python.label, reason)
    return rows


def measure_one(world, python):
    script = world.subject("memory.py")
    modes = world.modes(python, MODES)

    def series(*arguments):
        """For each mode the (resident, private) KiB of each round."""
        # -S: what site imports differs between installations, and may be threading
        commands = [world.command(python, mode, ["-S", script, *arguments]) for mode in modes]
        rounds = world.run(python.root, commands, 1 if world.quick else 3)
        outs = [[result["out"].split() for result in round_] for round_ in rounds]
        for _, _, pid in [words for round_ in outs for words in round_]:
            world.forget(int(pid))
        return [
            [[int(word) for word in round_[index][:2]] for round_ in outs]
            for index in range(len(modes))
        ]

    few, many = series(str(FEW)), series(str(MANY))
    child, threading = series(str(CHILD), "fork"), series(str(CHILD), "fork", "threading")
    row = {}
    for index, mode in enumerate(modes):
        grown = [more[0] - less[0] for more, less in zip(many[index], few[index])]
        row[mode.name] = {
            "function": stats.median(grown) * 1024 / (MANY - FEW),
            "child": stats.median([private for _, private in child[index]]),
            "threading": stats.median([private for _, private in threading[index]]),
        }
    return row


def added(rows, mode, key):
    return [row[mode][key] - row["plain"][key] for row in rows.values() if mode in row]


def figures(rows):
    yield page.Figure(
        "Memory of a named function", "%.0f bytes", added(rows, "ours", "function"), []
    )
    yield page.Figure(
        "Private memory of a forked child",
        "%.0f KiB more",
        added(rows, "ours", "child"),
        added(rows, "native", "child"),
    )


def tables(rows):
    lines = []
    for label, row in rows.items():

        def added(mode, key):
            return row[mode][key] - row["plain"][key] if mode in row else None

        child = added("ours", "child")
        lines.append(
            [label, added("ours", "function"), added("native", "function")]
            + [row["plain"]["child"], child, added("native", "child")]
            + [added("ours", "threading"), added("native", "threading")]
            + ["yes" if child < GOAL else "**no**"]
        )
    yield {
        "caption": "Memory added to plain Python (goal: less than %d KiB private in a child)" % GOAL,
        "columns": [
            "Python",
            "bytes a function, ours",
            "native",
            "KiB of a plain child",
            "added, ours",
            "native ",
            "with threading, ours",
            "native  ",
            "goal met",
        ],
        "rows": lines,
        "format": "%.0f",
    }
