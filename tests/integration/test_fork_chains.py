"""What perf shows of forked processes: chains of parent and children alike are whole, with the
names of functions that the parent has named and of those that are new to the child."""

import collections

import chance
import harness
import recording
from harness import case
from test_truth import starts_at_root

SAMPLES = 60  # that each function should give
BROKEN = 0.003  # of healthy chains, at most; measured: none of 20,000

Setting = collections.namedtuple("Setting", "python perf label")


def settings(world):
    """Each interpreter, and each perf in turn."""
    pythons = harness.supported(world)
    for number, python in enumerate(pythons):
        for perf in world.perfs[number % len(world.perfs) :][:1]:
            yield Setting(python, perf, "%s %s" % (python.label, perf))


def record(t):
    """The samples of each kind of process."""
    t.python = t.subject.python
    recorder = recording.Recording(t.subject.perf, t.python.root, t.folder, "dwarf")
    # perf 6.1 forgets no mapping when a process executes another program, and takes a library's
    # address from the lowest it ever had there: stacks after fork and exec are broken or not as
    # address space randomisation will have it, with the library or without.
    argv = [t.python.path, "-S", "-W", "ignore::DeprecationWarning"]
    argv += [t.program("fork_chains.py"), t.path("report")]
    done = recorder.record(argv, t.preload(), ["setarch", "-R"])
    assert done.returncode == 0, done.stderr
    with open(t.path("report")) as file:
        told = dict(reversed(line.split()) for line in file)
    samples = collections.defaultdict(list)
    for sample in recorder.samples():
        t.forget(sample.pid)
        if str(sample.pid) in told:
            samples[told[str(sample.pid)]].append(sample)
    return samples


@case("fork", each=settings)
def chains_of_parents_and_children(t):
    samples = record(t)
    assert len(samples) == 8, "processes: %s" % sorted(samples)
    total = bad = 0
    for how, taken in samples.items():
        chains = collections.Counter()
        for sample in taken:
            names = [name.rsplit(":", 1)[0] for name in sample.python]
            if names[-1:] != ["spin"]:
                continue  # starting or ending
            # A child's first thread goes on where it was forked, which may be a thread.
            whole = any(starts_at_root(sample, "dwarf", main) for main in (True, False))
            chains[" ".join(names[-3:]) if whole else "broken"] += 1
        wanted = ["work %s spin" % function for function in ("known", "new_" + how)]
        few = [chain for chain in wanted if chains[chain] < chance.least(SAMPLES, chance.KEPT)]
        assert not few, "%s: too few samples of %s in %s" % (how, few, chains)
        right = sum(chains[chain] for chain in wanted)
        # The parent of all works in no other function; what is left is the start of a function.
        total += sum(chains.values())
        bad += sum(chains.values()) - right
    assert bad <= chance.most(total, BROKEN), "%d of %d chains are wrong: %s" % (bad, total, chains)
    return "%d samples of %d processes, %d not whole" % (total, len(samples), bad)
