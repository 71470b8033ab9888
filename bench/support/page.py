"""The one page that a user reads: the range of each figure, and a row for each interpreter.

A benchmark may offer

    figures(rows)     Figure after Figure, for the first table
    by_python(rows)   (title, {label: cell}), a column each of the second table
"""

import collections

from support import tables

# What is measured, and its values on all interpreters; form is for one value.
Figure = collections.namedtuple("Figure", "what form ours native")
MISSED = "**no**"

HEADER = """# Performance

What libpyperf costs a program, compared with the same interpreter without it and with CPython's own
`-X perf` where there is one (3.12 and later). A range is over all interpreters measured, {pythons}.

{figures}

{missed}

## By interpreter

Added to the plain interpreter; in parentheses what native `-X perf` adds.

{by_python}

![Whole programs: geometric mean of time added to plain](performance/programs.svg)

- **Calls.** Up to 3.10 a call costs 2 % more instructions. From 3.11 on CPython runs calls of one
  Python function by another without leaving its interpreter loop. Any frame evaluator
  ([PEP 523](https://peps.python.org/pep-0523/)) ends that, and that is most of the cost; native
  `-X perf` pays it too. A program that does little but call small functions or resume generators
  feels it most; one that computes, parses or waits hardly does.
- **Stack.** For the same reason each Python call takes C stack from 3.11 on, and perf copies at
  most 65,528 bytes of it with a sample.
- **Memory.** A function that is named takes a few hundred bytes. A forked child shares them with its
  parent.
- **Recording** comes on top: perf's own work, which grows with the frequency. `pyperf-run` chooses
  the ring buffer and the compression that go with it.
- **Off.** With `PYPERF=off`, and in a process that is not Python, what remains is the dynamic
  loader's work for one more library.

How near to the truth profilers are, and what they cost, libpyperf among them, is in [truth.md](truth.md).

## Measure it yourself

    cmake --preset release -G Ninja && cmake --build build
    bench/run                    # everything, on every interpreter found: about an hour
    bench/run --python 3.12.1    # some interpreters
    bench/run calls              # some benchmarks
    bench/run --docs             # renew this page and the tables

valgrind, strace, perf and a C compiler are needed; what is missing is named and skipped. The full
tables, with goals, spreads, dates and the machine, are in
[performance/tables.md](performance/tables.md); the numbers behind them stay in `build/bench`.
"""


def span(values, form):
    """The range of values, in the words of one of them."""
    low, high = (form % value for value in (min(values), max(values)))
    if low == high:
        return low
    number, _, unit = low.partition(" ")
    return number + " to " + high if high.endswith(unit) else low + " to " + high


def cell(values, form):
    values = [value for value in values if value is not None]
    return span(values, form) if values else "-"


def with_native(form, ours, native=None):
    """ours (native), as far as there are such."""
    if ours is None:
        return None
    return form % ours + ("" if native is None else " (" + form % native + ")")


def missed(modules, results):
    """The goals that an interpreter misses, named as the tables name them."""
    lines = []
    for module in modules:
        for table in module.tables(results[module.__name__]["rows"]):
            labels = [row[0] for row in table["rows"] if MISSED in row]
            if labels:
                lines.append("- %s, %s: %s" % (module.TITLE, table["caption"], ", ".join(labels)))
    if not lines:
        return "Every goal that the tables name is met."
    return "Goals of ours that are missed:\n\n" + "\n".join(lines)


def text(modules, results):
    figures, columns = [], []
    for module in modules:
        rows = results[module.__name__]["rows"]
        figures += list(module.figures(rows)) if hasattr(module, "figures") else []
        columns += list(module.by_python(rows)) if hasattr(module, "by_python") else []
    labels = list(dict.fromkeys(label for _, cells in columns for label in cells))
    return HEADER.format(
        pythons="%s to %s" % (labels[0], labels[-1]) if labels else "none",
        figures=tables.markdown_table(
            {
                "columns": ["", "libpyperf", "`-X perf`"],
                "rows": [[f.what, cell(f.ours, f.form), cell(f.native, f.form)] for f in figures],
            }
        ),
        missed=missed(modules, results),
        by_python=tables.markdown_table(
            {
                "columns": ["Python"] + [title for title, _ in columns],
                "rows": [[label] + [cells.get(label) for _, cells in columns] for label in labels],
            }
        ),
    )
