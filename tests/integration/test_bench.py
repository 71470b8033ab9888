"""The reckoning behind docs/truth.md: it must tell a profiler that is right from one that is not."""

import json
import os
import sys

import harness
import roots
from harness import case

sys.path.append(os.path.join(roots.REPO, "bench"))

from support import known, shares  # noqa: E402

# Runs a program, and writes each chain of functions that it had, root first.
CHAINS = """
import json, runpy, sys, threading
chains = set()
def note(frame, event, argument):
    if event != "call" or frame.f_back and frame.f_back.f_code is frame.f_code:
        return
    chain = []
    while frame:
        code = frame.f_code
        chain.append((code.co_name, code.co_filename.split("/")[-1]))
        frame = frame.f_back
    chains.add(tuple(reversed(chain)))
sys.argv = sys.argv[1:]
sys.path.insert(0, sys.argv[0].rpartition("/")[0])
sys.setrecursionlimit(5000)
threading.setprofile(note)
sys.setprofile(note)
runpy.run_path(sys.argv[0], run_name="__main__")
sys.setprofile(None)
json.dump(sorted(chains), open(sys.argv[1] + ".chains", "w"))
"""


def stack(weight, *names, file="p.py"):
    return shares.Stack(weight, [shares.Frame(name, file, 0, shares.PYTHON) for name in names])


def program():
    chains = {"one": ["one", "leaf"], "two": ["two"], "three": ["three"]}
    return shares.Program("p", ["<module>", "main"], chains)


def reports(*seconds):
    return [{"spent": dict(zip(("one", "two", "three"), each))} for each in seconds]


@case("hygiene")
def shares_are_reckoned_right(t):
    p = program()
    true = shares.true_shares(reports((1, 2, 3), (2, 4, 6), (5, 1, 0)))
    assert [round(6 * true[b], 9) for b in p.branches] == [1, 2, 3], true
    right = [stack(10, "<module>", "main", "one", "leaf"), stack(20, "<module>", "main", "two")]
    right.append(stack(30, "<module>", "main", "three"))
    said = shares.said_shares(p, right)
    assert shares.error(true, said)[0] < 1e-9, said
    # The same doubled in one branch: of 70, 20 are in it.
    said = shares.said_shares(p, right + right[:1])
    points, branch = shares.error(true, said)
    assert branch == "one" and abs(points - 100 * (20 / 70 - 10 / 60)) < 1e-9, (points, branch)
    # What a profiler saw without its callers, it has not told.
    said = shares.said_shares(p, right[:2] + [stack(30, "leaf")])
    points, branch = shares.error(true, said)
    assert branch == "three" and abs(points - 50) < 1e-9, (points, branch)
    assert shares.error(true, shares.said_shares(p, []))[0] == 50


@case("hygiene")
def chains_and_names_are_judged_right(t):
    p = program()
    for whole in (["<module>"], ["<module>", "main"], ["<module>", "main", "one", "leaf", "any"]):
        assert p.complete(stack(1, "runpy", *whole)), whole
    broken = ["main one leaf", "<module> one leaf", "<module> main leaf", "<module> main one two", "leaf", ""]
    for chain in broken:
        assert not p.complete(stack(1, *chain.split())), chain
    assert not p.complete(stack(1, "<module>", "main", "two", file="other.py"))
    assert shares.complete_share(p, [stack(3, "<module>", "main"), stack(1, "main")]) == 0.75
    methods = shares.Program("p", [], {"one": ["one"], "two": ["two"]}, names=["A.one"])
    true = {"one": 1.0, "two": 0.0}
    assert shares.names_seen(methods, {"A.one", "one"}, true) == (2, 2, 2)
    assert shares.names_seen(methods, {"one"}, true) == (1, 2, 2)
    assert shares.names_seen(methods, {"two"}, true) == (0, 0, 2)


def named_programs(world):
    return [p.name for p in known.programs()]


@case("hygiene", each=named_programs)
def programs_of_known_shares_are_what_the_bench_knows(t):
    """The branches that a program tells of, and its chains, are those that a profiler is judged by."""
    python = t.world.newest_on_host()
    if python.minor < (3, 7):
        raise harness.Skip("the programs need time.thread_time()")
    judged = next(p for p in known.programs() if p.name == t.subject)
    report = t.path("report.json")
    path = os.path.join(roots.REPO, "bench/subjects/truth", judged.file)
    done = t.run([python.path, "-c", CHAINS, path, report, "0.001"], None)
    assert done.code == 0, done.stderr.decode()
    with open(report) as file:
        spent = json.load(file)["spent"]
    assert set(spent) == set(judged.branches), sorted(spent)
    with open(report + ".chains") as file:
        chains = json.load(file)
    seen = set()
    for chain in chains:
        stack_ = shares.Stack(1, [shares.Frame(name, file, 0, shares.PYTHON) for name, file in chain])
        if judged.at_work(stack_):
            assert judged.complete(stack_), " ".join(name for name, _ in chain)
            seen.add(judged.branch_of(stack_))
    assert judged.line_of or seen >= set(judged.branches), seen
