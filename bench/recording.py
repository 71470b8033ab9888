"""What recording itself costs, what it loses, and how large its files are.

The same work, 25 Python calls deep, alone and under `perf record` with the library, at three
frequencies, with and without compression, with small and large ring buffers.  Expected samples are
CPU seconds times frequency; `cpu-clock` skips ticks when a sample takes longer than a period.
What `pyperf-run` chooses for an interpreter without frame pointers is `dwarf 64 KiB, 1/8 s, -z`: a
ring buffer for an eighth of a second of samples.
"""

import os

from support import page, perftool, stats
from support import world as w

TITLE = "Recording"
FREQUENCIES = (99, 999, 4999)
ROUNDS = 150000
# Name, options.  perf's own ring buffer is 516 KiB; "-m" counts one buffer for each processor.

def eighth_of_a_second(frequency):
    """As run/perf/adapt.c chooses, on a machine with memory enough."""
    kib = 512
    while kib < frequency * 65 // 8:
        kib *= 2
    return ["--call-graph", "dwarf,65528", "-m", "%dK" % kib, "-z"]


CHOICE = "dwarf 64 KiB, 1/8 s, -z"
SETTINGS = (
    ("dwarf 8 KiB", ["--call-graph", "dwarf"]),
    ("dwarf 64 KiB", ["--call-graph", "dwarf,65528"]),
    ("dwarf 64 KiB, -m 4M", ["--call-graph", "dwarf,65528", "-m", "4M"]),
    ("dwarf 64 KiB, -m 16M", ["--call-graph", "dwarf,65528", "-m", "16M"]),
    ("dwarf 64 KiB, -z", ["--call-graph", "dwarf,65528", "-z"]),
    (CHOICE, eighth_of_a_second),
    ("dwarf 64 KiB, -m 64M -z", ["--call-graph", "dwarf,65528", "-m", "64M", "-z"]),
    ("fp", ["--call-graph", "fp"]),
)


def measure(world):
    rows = {}
    try:
        chosen = list(perftool.pairs(world))
    except w.Unmeasured as reason:
        world.note_unmeasured("recording", reason)
        return rows
    for perf, python in chosen:
        row = rows["%s, %s" % (python.label, perf)] = {}
        for frequency in FREQUENCIES:
            for name, options in SETTINGS:
                if name == "fp" and not python.frame_pointers:
                    continue
                if callable(options):
                    options = options(frequency)
                options = ["-F", str(frequency)] + options
                try:
                    row["%d %s" % (frequency, name)] = measure_one(
                        world, perf, python, frequency, options
                    )
                except w.Unmeasured as reason:
                    what = "recording, %s, %d Hz, %s" % (python.label, frequency, name)
                    world.note_unmeasured(what, reason)
    return rows


def measure_one(world, perf, python, frequency, options):
    data = os.path.join(world.folder, "perf.data")
    arguments = [world.subject("busy.py"), str(ROUNDS // (3 if world.quick else 1))]
    overheads, kept, lost, throttled, size, expected = [], 0, 0, 0, 0, 0.0
    for _ in range(1 if world.quick else 3):
        plain = world.command(python, w.MODES["ours"], arguments)
        alone = world.run(python.root, [plain])[0][0]
        done = perftool.record(
            world, perf, python, w.MODES["ours"], ["-o", data] + options, arguments
        )
        seconds = [float(result["out"].split()[0]) for result in (alone, done)]
        world.forget(int(done["out"].split()[1]))
        overheads.append(100 * (seconds[1] / seconds[0] - 1))
        figures = perftool.samples(world, perf, data)
        kept, lost, throttled = kept + figures[0], lost + figures[1], throttled + figures[2]
        expected += seconds[1] * frequency
        size += os.path.getsize(data)
        os.remove(data)
    for name in os.listdir(world.images):
        os.remove(os.path.join(world.images, name))
    return {
        "overhead": stats.median(overheads),
        "kept": kept,
        "lost": lost,
        "throttled": throttled,
        "expected": expected,
        "bytes": size / max(kept, 1),
    }


def figures(rows):
    """Of what pyperf-run chooses."""
    for frequency in FREQUENCIES:
        chosen = [row["%d %s" % (frequency, CHOICE)] for row in rows.values()]
        lost = sum(one["lost"] for one in chosen)
        yield page.Figure(
            "Recording at {:,} Hz as `pyperf-run` does, elapsed; {} samples lost".format(
                frequency, lost or "no"
            ),
            "%+.0f %%",
            [one["overhead"] for one in chosen],
            [],
        )


def tables(rows):
    for label, row in rows.items():
        lines = []
        for setting, one in row.items():
            frequency, name = setting.split(" ", 1)
            lines.append(
                [frequency, name, one["overhead"], one["kept"], one["lost"], one["throttled"]]
                + [100 * one["kept"] / one["expected"], one["bytes"] / 1024]
            )
        yield {
            "caption": label,
            "columns": ["Hz", "options", "time added, %", "samples", "lost", "throttled"]
            + ["% of expected", "KiB a sample"],
            "rows": lines,
            "format": "%.1f",
        }
