"""From results to two Markdown pages, a JSON file and pictures."""

import json
import os
import shutil
import subprocess

from support import page, plot, tables, world

DOCS = os.path.join(world.REPO, "docs")

# The pages, as paths below docs/ and below the folder of results.
PAGE, TABLES, PICTURES = "performance.md", "performance/tables.md", "performance"

HEADER = """# Performance: the tables

Measured against the interpreter alone, against CPython's own `-X perf` and `-X perf_jit` (from 3.12
and 3.13), and against the floor: an evaluator that only jumps to the default one. Written by
`bench/run --docs`. Modes are run alternately in one run and compared within it. Where a figure has
a spread, it is the interquartile range over the rounds. [The page before this one](../performance.md)
says what it means for a user, and how to measure it.
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


def section(module, result, pictures):
    parts = ["## " + module.TITLE, module.__doc__.split("\n", 2)[2].strip()]
    parts += tables_of(module, result)
    for picture in pictures:
        parts.append("![%s](%s.svg)" % (picture["title"], picture["name"]))
    return "\n\n".join(parts + ending(result))


def tables_of(module, result):
    parts = []
    for table in module.tables(result["rows"]):
        parts.append("**%s**" % table["caption"])
        parts.append(tables.markdown_table(table))
        if "note" in table:
            parts.append(table["note"])
    return parts


def ending(result):
    """What was not measured; when, where and of what the rest is."""
    parts = []
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
    return parts


def write_own(folder, module, result):
    """Writes the page of a benchmark that has one of its own (PAGE, HEADER, FOOTER); returns the text."""
    parts = [module.HEADER.strip()] + tables_of(module, result) + [module.FOOTER.strip()] + ending(result)
    text = "\n\n".join(parts) + "\n"
    os.makedirs(folder, exist_ok=True)
    with open(os.path.join(folder, module.PAGE), "w") as file:
        file.write(text)
    return text


def publish_own(folder, module):
    shutil.copy(os.path.join(folder, module.PAGE), os.path.join(DOCS, module.PAGE))


def write(folder, modules, results):
    """Writes the pages and the pictures; returns the text."""
    os.makedirs(os.path.join(folder, PICTURES), exist_ok=True)
    sections = [HEADER.strip()]
    if results.get("note"):
        sections.append(results["note"])
    for module in modules:
        result = results[module.__name__]
        pictures = list(module.plots(result["rows"])) if hasattr(module, "plots") else []
        for picture in pictures:
            with open(os.path.join(folder, PICTURES, picture["name"] + ".svg"), "w") as file:
                file.write(plot.bars(picture))
        sections.append(section(module, result, pictures))
    texts = {PAGE: page.text(modules, results), TABLES: "\n\n".join(sections) + "\n"}
    for path, text in texts.items():
        with open(os.path.join(folder, path), "w") as file:
            file.write(text)
    return "\n".join(texts.values())


def publish(folder):
    """Copies what write() made to docs/: what can be read in a diff, and no raw results."""
    shutil.rmtree(os.path.join(DOCS, PICTURES), ignore_errors=True)
    shutil.copytree(os.path.join(folder, PICTURES), os.path.join(DOCS, PICTURES))
    shutil.copy(os.path.join(folder, PAGE), os.path.join(DOCS, PAGE))
