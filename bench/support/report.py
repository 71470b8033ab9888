"""From results to a Markdown report, a JSON file and pictures."""

import json
import os
import shutil
import subprocess

from support import plot, world

DOCS = os.path.join(world.REPO, "docs")

HEADER = """# Performance

What libpyperf costs, measured against the interpreter alone, against CPython's own `-X perf` and
`-X perf_jit` (from 3.12 and 3.13), and against the floor: an evaluator that only jumps to the
default one. Written by `bench/run --docs`; every figure can be had again with

    cmake --preset release -G Ninja && cmake --build build && bench/run

(valgrind, strace, perf and a C compiler are needed; what is missing is named and skipped). Modes
are run alternately in one run and compared within it. Where a figure has a spread, it is the
interquartile range over the rounds. The numbers behind the tables and pictures are in
[performance/results.json](performance/results.json).
"""


def machine():
    model = "unknown processor"
    with open("/proc/cpuinfo") as file:
        for line in file:
            if line.startswith("model name"):
                model = line.split(":", 1)[1].strip()
                break
    return "%s, %d processors, Linux %s, %s" % (
        model,
        os.cpu_count(),
        os.uname().release,
        os.uname().machine,
    )


def commit():
    done = subprocess.run(
        ["git", "-C", world.REPO, "describe", "--always", "--dirty"],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    )
    return done.stdout.decode().strip() or "unknown"


def load(folder):
    try:
        with open(os.path.join(folder, "results.json")) as file:
            return json.load(file)
    except FileNotFoundError:
        return {}


def save(folder, results):
    os.makedirs(folder, exist_ok=True)
    with open(os.path.join(folder, "results.json"), "w") as file:
        json.dump(results, file, indent=1)
        file.write("\n")


def _cell(value, form):
    if value is None:
        return "-"
    if isinstance(value, float):
        return form % value
    return str(value)


def markdown_table(table):
    form = table.get("format", "%.2f")
    lines = [table["columns"]] + [[_cell(v, form) for v in row] for row in table["rows"]]
    widths = [max(len(line[i]) for line in lines) for i in range(len(table["columns"]))]
    text = []
    for number, line in enumerate(lines):
        text.append("| " + " | ".join(c.ljust(w) for c, w in zip(line, widths)) + " |")
        if number == 0:
            text.append("|" + "|".join("-" * (w + 2) for w in widths) + "|")
    return "\n".join(text)


def section(module, result, pictures):
    parts = ["## " + module.TITLE, module.__doc__.split("\n", 2)[2].strip()]
    for table in module.tables(result["rows"]):
        parts.append("**%s**" % table["caption"])
        parts.append(markdown_table(table))
        if "note" in table:
            parts.append(table["note"])
    for picture in pictures:
        parts.append("![%s](performance/%s.svg)" % (picture["title"], picture["name"]))
    if result["unmeasured"]:
        parts.append("Not measured:")
        parts.append("\n".join("- " + line for line in result["unmeasured"]))
    parts.append(
        "*%s, commit %s, %d s%s, load %.1f; %s.*"
        % (
            result["date"],
            result["commit"],
            result["seconds"],
            " (quick)" if result["quick"] else "",
            result["load"],
            result["machine"],
        )
    )
    return "\n\n".join(parts)


def write(folder, modules, results):
    """Writes report.md and the pictures; returns the text."""
    os.makedirs(folder, exist_ok=True)
    sections = [HEADER.strip()]
    if results.get("note"):
        sections.append(results["note"])
    for module in modules:
        result = results[module.__name__]
        pictures = list(module.plots(result["rows"])) if hasattr(module, "plots") else []
        for picture in pictures:
            with open(os.path.join(folder, picture["name"] + ".svg"), "w") as file:
                file.write(plot.bars(picture))
        sections.append(section(module, result, pictures))
    text = "\n\n".join(sections) + "\n"
    with open(os.path.join(folder, "report.md"), "w") as file:
        file.write(text)
    return text


def publish(folder, modules, results):
    """Copies what write() made to docs/."""
    target = os.path.join(DOCS, "performance")
    shutil.rmtree(target, ignore_errors=True)
    os.makedirs(target)
    shutil.copy(os.path.join(folder, "report.md"), os.path.join(DOCS, "performance.md"))
    save(target, results)
    for module in modules:
        for picture in module.plots(results[module.__name__]["rows"]) if hasattr(module, "plots") else []:
            shutil.copy(os.path.join(folder, picture["name"] + ".svg"), target)
