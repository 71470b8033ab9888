"""The programs of known shares (bench/subjects/truth): their branches, and the chains that they can have."""

import os

from support import world as w
from support.shares import Program

MAIN = ["<module>", "tell", "main"]
RUN = MAIN + ["run"]


def leaves(*names):
    return {name: [name] for name in names}


def thread(name):
    return ["_bootstrap", "_bootstrap_inner", "run", name]


def depth(number):
    return ["depth_%d" % number] + ["down"] * (number + 1) + ["spin"]


def lines_of_work():
    """Each line above one that takes the time of it."""
    path = os.path.join(w.BENCH, "subjects/truth/lines.py")
    with open(path) as file:
        return [str(n) for n, text in enumerate(file) if text.strip() == "since = line(since)"]


def programs():
    yield Program(
        "c", RUN, leaves("in_zlib", "in_re", "in_sha", "in_sqlite", "in_json", "in_kernel")
    )
    yield Program(
        "calls",
        RUN,
        {
            "loop": ["loop"],
            "function": ["function", "small"],
            "methods": ["methods", "method"],
            "recursion": ["recursion", "fib"],
            "closure": ["closure", "inside"],
            "builtin": ["builtin"],
        },
        names=["small", "Small.method", "fib", "closure.<locals>.inside"],
        owners={"small": "function", "method": "methods", "fib": "recursion", "inside": "closure"},
    )
    yield Program(
        "generators",
        RUN,
        {
            "loop": ["loop"],
            "generator": ["generator", "counting"],
            "delegation": ["delegation", "outer", "middle", "innermost"],
            "expression": ["expression", "<genexpr>"],
            "coroutines": ["coroutines", "first", "second", "third"],
        },
        names="counting outer middle innermost expression.<locals>.<genexpr> first second third".split(),
        owners={
            "counting": "generator",
            **dict.fromkeys(("outer", "middle", "innermost"), "delegation"),
            "<genexpr>": "expression",
            **dict.fromkeys(("first", "second", "third"), "coroutines"),
        },
    )
    yield Program(
        "threads",
        [],
        {name: thread(name) for name in ("looping", "hashing", "compressing", "waiting")},
        also=[MAIN + ["run_threads"]],
    )
    yield Program(
        "deep", RUN, {"depth_%d" % n: depth(n) for n in (20, 50, 100, 300, 900)}, names=["down", "spin"]
    )
    yield Program(
        "lines", MAIN + ["work"], {number: [] for number in lines_of_work()}, names=["work"], lines=True
    )
