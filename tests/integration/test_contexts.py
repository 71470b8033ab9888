"""Deep stacks: a sample whose copy of the stack was cut off still has its root, and a true chain.

programs/deep_chains.py works in functions that it is only in at the end of chains which it tells.
Every sample taken there must show one of these chains, to the root.
"""

import collections
import glob
import json

import chance
import harness
import wrapper
from harness import case

FREQUENCY = 999
SECONDS = 0.15  # of work for each way
SMALL = 32768  # bytes of stack: some 30 calls of 3.15; what pyperf-run asks for
# Neither root nor context within the copy: measured is none, but for greenlets.
ROOTLESS = 0.01
# Behind a greenlet's first frame unwinders go on in what else lies on the stack, if no context ends the chain.
GREENLETS = ("greenlets", "resumed")


def one_perf_each(world):
    able = harness.since(3, 11)(world)
    return [wrapper.Setting(p, world.perfs[n % len(world.perfs)]) for n, p in enumerate(able) if world.perfs]


def chains_of(text):
    """Folded lines -> (names of the Python functions, root first; whether the root is there; how
    many samples)."""
    for line in text.splitlines():
        frames, _, count = line.rpartition(" ")
        frames = frames.split(";")
        names = [frame[len("py::") :].split(":")[0] for frame in frames if frame.startswith("py::")]
        completed = frames[1] == "[completed]"
        yield names, completed or "<module>" in names[:1] or names[:1] == ["Thread._bootstrap"], completed, int(count)


@case("lines", each=one_perf_each)
def cut_off_stacks_have_true_chains(t):
    python, perf = t.subject
    run = wrapper.Wrapper(t, perf, python.root)
    report = t.path("report")
    done = run.record(
        *("--call-graph dwarf,%d -k mono -F %d" % (SMALL, FREQUENCY)).split(),
        *(python.path, "-W", "ignore", t.program("deep_chains.py"), report, str(SECONDS)),
    )
    assert done.code == 0, done.stderr.decode()
    truth = collections.defaultdict(list)
    for path in glob.glob(report + ".*"):
        with open(path) as file:
            for way, chains in json.load(file).items():
                truth[way] += chains
    folded = t.path("chains.folded")
    done = run("flamegraph", "-i", run.data, "-o", folded)
    assert done.code == 0, done.stderr.decode()
    seen, rootless, completed = collections.Counter(), collections.Counter(), 0
    with open(folded) as file:
        text = file.read()
    for names, rooted, by_context, count in chains_of(text):
        spin = next((i for i, name in enumerate(names) if name.startswith("spin_")), None)
        if spin is None:
            continue
        way = names[spin][len("spin_") :]
        chain = names[spin::-1]
        seen[way] += count
        completed += count * by_context
        if not rooted:
            rootless[way] += count
            known = any(chain == true[: len(chain)] for true in truth[way])
        else:
            known = chain in truth[way]
        assert known or way in GREENLETS and not by_context, "%d samples of %s in %d functions: %s" % (
            count,
            way,
            len(chain),
            " ".join(chain),
        )
    for way in truth:
        assert seen[way] > chance.KEPT * FREQUENCY * SECONDS / 2, "%s has %d samples" % (way, seen[way])
        if way not in GREENLETS:
            assert rootless[way] <= chance.most(seen[way], ROOTLESS), "%d of %d samples of %s have no root" % (
                rootless[way],
                seen[way],
                way,
            )
    return "%d samples of %d ways, %d completed, %d without root" % (
        sum(seen.values()),
        len(truth),
        completed,
        sum(rootless.values()),
    )
