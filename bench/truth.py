"""What profilers say of programs whose truth is known: names, chains, lines, shares, and their price.

True is the share that each branch of a program (`bench/subjects/truth`) had of the processor time by the
program's own clock in runs without a profiler; the work is counted, so it is the same in all runs.
"""

import math
import os
import re
import shutil

from support import known, profilers, shares, stats, truth_page
from support import world as w

TITLE = "The truth about profilers"
PAGE = "truth.md"
HEADER, FOOTER = truth_page.HEADER, truth_page.FOOTER
MINORS = ((3, 12), (3, 14), (3, 15))  # the newest that Austin reads; no frame pointers; frame pointers
SCALE, QUICK = 3, 1.5
SEEN, SEEN_KERNEL = 0.9, 0.5  # of a branch's stacks, that show C or the kernel, where it hardly leaves it

# -- Measuring -------------------------------------------------------------------------------------


def chosen(world):
    """One interpreter for each of MINORS; all that --python names."""
    able = [i for i in world.interpreters if i.minor >= (3, 7) and not i.free_threaded]
    if world.chosen:
        return able
    return [next(i for i in able if i.minor == minor) for minor in MINORS if any(i.minor == minor for i in able)]


def measure(world):
    rows = {}
    copy_wrapper(world)
    for python in chosen(world):
        ways = []
        for way in profilers.PROFILERS:
            why = way.lacking(world, python) if way.suits(python) else None
            if why:
                world.note_unmeasured("%s, %s" % (way.name, python.label), why)
            elif way.suits(python):
                ways.append(way)
        # What pyperf-run learns once of an interpreter is no part of any figure.
        warm_up(world, python, ways)
        row = rows[python.label] = {}
        for program in known.programs():
            world.log("  %s, %s" % (python.label, program.name))
            measure_program(world, python, program, ways, row)
    return rows


def copy_wrapper(world):
    folder = os.path.join(world.folder, "bin")
    os.makedirs(folder)
    shutil.copy(world.library, folder)
    for name in ("pyperf-run", "pyperf-exec"):
        path = os.path.join(w.REPO, "build", name)
        if os.path.isfile(path):
            shutil.copy(path, folder)


def warm_up(world, python, ways):
    wrapped = [way for way in ways if getattr(way, "wrapped", False)]
    if wrapped:
        run = new_run(world, python, "lines", 0.1)
        world.run(python.root, [wrapped[0].command(run)], check=False)
        shutil.rmtree(run.folder)


def new_run(world, python, program, scale):
    script = world.subject("truth/%s.py" % program)
    return profilers.Run(world, python, os.path.join(world.folder, "truth-run"), script, scale)


def measure_program(world, python, program, ways, row):
    """Rounds of: without, each profiler, without; every figure is compared within its round."""
    scale = QUICK if world.quick else SCALE
    plain, found = [], {}
    for _ in range(1 if world.quick else 2):
        before = one_run(world, python, program, profilers.Plain, scale)
        round_ = []
        for way in list(ways):
            try:
                round_.append((way, *one_run(world, python, program, way, scale)))
            except Exception as reason:  # a profiler that fails costs its figures, not the run
                what = "%s, %s, %s" % (way.name, python.label, program.name)
                world.note_unmeasured(what, str(reason)[-200:] or type(reason).__name__)
        after = one_run(world, python, program, profilers.Plain, scale)
        plain += [before, after]
        alone = [sum(each) / 2 for each in zip(costs(before), costs(after))]
        for way, told, cost, reading in round_:
            one = found.setdefault(way.name, {"told": [], "readings": [], "program": [], "all": []})
            one["told"].append(told)
            one["readings"].append(reading)
            one["program"].append(told["cpu"] / alone[0] / way.part)
            one["all"].append(cost["cpu"] / alone[1] / way.part)
    true = shares.true_shares([told for told, _, _ in plain])
    floor = max(shares.error(true, shares.own_shares(told))[0] for told, _, _ in plain)
    row.setdefault("none", {})[program.name] = {"true": true, "floor": floor}
    for name, one in found.items():
        row.setdefault(name, {})[program.name] = judged(program, true, one)


def costs(measured):
    told, cost, _ = measured
    return told["cpu"], cost["cpu"]


def one_run(world, python, program, way, scale):
    """(what the program told, what the run cost, what the profiler said)."""
    run = new_run(world, python, program.name, scale * way.part)
    try:
        cost = world.run(python.root, [way.command(run)], check=False, keep_images=True)[0][0]
        if not os.path.exists(run.report):
            errors = re.findall(r"^\w*Error\b.*$", cost["err"], re.M)
            raise w.Unmeasured("the program did not end: " + w.last_line("\n".join(errors) or cost["err"]))
        reading = way.read(run, run.told) if way is not profilers.Plain else None
        return run.told, cost, reading
    finally:
        shutil.rmtree(run.folder)
        shutil.rmtree(os.path.join(world.folder, "home"), ignore_errors=True)
        for name in os.listdir(world.images):
            os.remove(os.path.join(world.images, name))


# -- Judging ---------------------------------------------------------------------------------------


def judged(program, true, one):
    """What is kept of a profiler's word on a program; a figure that it cannot give is None."""
    readings = one["readings"]
    owns = [shares.own_shares(told) for told in one["told"]]
    own = {branch: stats.median([o[branch] for o in owns]) for branch in true}
    kept = {
        "own": shares.error(true, own)[0],
        "program": stats.median(one["program"]),
        "all": stats.median(one["all"]),
        "after": stats.median([reading.seconds for reading in readings]),
        "bytes": stats.median([reading.bytes for reading in readings]),
        "names": None,
        "complete": None,
        "c": None,
        "kernel": None,
    }
    said = None
    if readings[0].functions is not None:
        said = of_functions(program, readings)
        kept["names"] = shares.names_seen(program, {name for r in readings for name in r.functions}, true)
    else:
        timed = any(f.kind == shares.KERNEL for r in readings for s in r.stacks for f in s.frames)
        stacks = [s for r in readings for s in r.stacks if timed or program.at_work(s)]
        stacks = stacks if timed or stacks else [s for r in readings for s in r.stacks]
        said = of_stacks(program, readings, stacks)
        names = {f.name for s in stacks for f in s.frames if f.kind == shares.PYTHON}
        kept["names"] = shares.names_seen(program, names, true)
        kept["samples"] = sum(stack.weight for stack in stacks)
        if not readings[0].owners:
            kept["complete"] = shares.complete_share(program, stacks)
        if program.name == "c":
            kept["c"] = seen_c(program, stacks)
            kept["kernel"] = shares.share_with(program, stacks, "in_kernel", is_kernel)
    if said:
        kept["said"] = said
        kept["error"], kept["branch"] = shares.error(true, said)
        kept["misread"] = shares.error(own, said)[0]
    return kept


def of_functions(program, readings):
    """By functions' inclusive seconds; what main() had and no branch is missing."""
    if program.line_of:
        return None
    found = {}
    for reading in readings:
        for name, seconds in reading.functions.items():
            found[shares.short(name)] = found.get(shares.short(name), 0.0) + seconds
    total = max(sum(found.get(branch, 0.0) for branch in program.branches), found.get("main", 0.0))
    return {branch: found.get(branch, 0.0) / total if total else 0.0 for branch in program.branches}


def of_stacks(program, readings, stacks):
    if program.line_of:
        if not readings[0].has_lines:
            return None
        if readings[0].lines is not None:
            total = sum(stack.weight for stack in stacks) or 1
            lines = [reading.lines or {} for reading in readings]
            return {branch: sum(each.get(branch, 0) for each in lines) / total for branch in program.branches}
    if readings[0].owners:
        if program.name == "deep":
            return None  # the same functions work at each depth
        return shares.said_shares(program, stacks, program.owner_of)
    return shares.said_shares(program, stacks)


def is_kernel(frame):
    return frame.kind == shares.KERNEL


def seen_c(program, stacks):
    """How a profiler shows that a library is at work: its object, a frame, or not."""
    if shares.share_with(program, stacks, "in_zlib", lambda f: (f.file or "").startswith("libz")) > SEEN:
        return "functions"
    found = shares.share_with(program, stacks, "in_zlib", lambda f: f.kind == shares.NATIVE)
    return "the call" if found > SEEN else None


# -- Tables ----------------------------------------------------------------------------------------

NAMES = ("c", "calls", "generators", "threads", "deep", "lines")


def percent(value):
    return None if value is None else math.floor(1000 * value) / 10


def names_cell(row):
    counts = [one["names"] for program, one in row.items() if one["names"] and program != "deep"]
    if not counts:
        return None
    qualified, short, all_ = (sum(each) for each in zip(*counts))
    if qualified == all_:
        return "qualified"
    return "yes" if short == all_ else "%d of %d" % (short, all_) if short else "no"


def chains_cell(row):
    whole = {program: one["complete"] for program, one in row.items() if one["complete"] is not None}
    deep = whole.pop("deep", None)
    if not whole:
        return None
    text = "%.1f" % percent(min(whole.values()))
    return text if deep is None else text + ", %.1f" % percent(deep)


def moved_and_misread(one):
    if one is None:
        return None
    return "%.1f" % one["own"] + (", %.1f" % one["misread"] if "misread" in one else "")


def cells(name, row):
    made = [name, names_cell(row), chains_cell(row)]
    c = row.get("c", {})
    made.append(c.get("c"))
    made.append("yes" if (c.get("kernel") or 0) > SEEN_KERNEL else None)
    for program in NAMES:
        error = row.get(program, {}).get("error")
        made.append(None if error is None else "%.1f" % error)
    made.append("%.2f" % stats.geometric_mean([one["program"] for one in row.values()]))
    made.append("%.2f" % stats.geometric_mean([one["all"] for one in row.values()]))
    made.append("%.1f" % stats.median([one["after"] for one in row.values()]))
    made.append("%.2f" % (stats.median([one["bytes"] for one in row.values()]) / 1e6))
    return made


def tables(rows):
    for label, row in rows.items():
        alone = row["none"]
        yield {
            "caption": label,
            "columns": ["profiler", "names", "chains, %", "C", "kernel"]
            + list(NAMES)
            + ["program ×", "all ×", "after, s", "MB"],
            "rows": [cells(name, one) for name, one in row.items() if name != "none"]
            + [
                ["*the clock, from run to run*", None, None, None, None]
                + ["%.1f" % alone[name]["floor"] if name in alone else None for name in NAMES]
                + [None] * 4
            ],
        }
    for label, row in rows.items():
        yield {
            "caption": "%s: points by which the profiler moved the shares, and by which it misread what was "
            "then so, both by the program's clock" % label,
            "columns": ["profiler"] + list(NAMES),
            "rows": [
                [name] + [moved_and_misread(one.get(program)) for program in NAMES]
                for name, one in row.items()
                if name != "none"
            ],
        }
