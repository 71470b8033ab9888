"""Greenlets, gevent, asyncio and uvloop: perf shows the chain of whoever is running, whole."""

import collections
import json

import chance
import harness
import recording
from harness import Skip, case
from test_truth import starts_at_root

SAMPLES = 200  # that each worker should give
BROKEN = 0.001  # of healthy chains, at most; measured: none of 2,797


def loop(name, module, each=None):
    def run(t):
        able = [p for p in t.world.perfs if p.root is t.python.root] or t.world.perfs
        if not able:
            raise Skip("no perf")
        recorder = recording.Recording(able[-1], t.python.root, t.folder, "dwarf")
        argv = [t.python.path, t.program("loops.py"), name, t.path("report")]
        done = recorder.record(argv, t.preload())
        assert done.returncode == 0, done.stderr
        with open(t.path("report")) as file:
            told = json.load(file)
        t.forget(told["pid"])
        recorder.window = tuple(told["window"])
        chains = collections.Counter()
        for sample in recorder.samples():
            names = [n.rsplit(":", 1)[0] for n in sample.python]
            if sample.pid != told["pid"] or names[-1:] != ["spin"]:
                continue
            chain = " ".join(n for n in names if n in ("one", "two", "spin"))
            # A greenlet's stack ends where it was started; what lies above may be another's by now.
            whole = name in ("greenlets", "gevents") or starts_at_root(sample, "dwarf", True)
            chains[chain if whole else "broken: " + chain] += 1
        right = sum(chains[chain] for chain in told["chains"])
        total = sum(chains.values())
        assert total - right <= chance.most(total, BROKEN), chains
        least = chance.least(SAMPLES, chance.KEPT)
        assert all(chains[chain] >= least for chain in told["chains"]), chains
        return "%d of %d samples right" % (right, total)

    run.__name__ = "chains_of_" + name
    case("loops", each=each or harness.having(module))(run)


loop("greenlets", "greenlet")
loop("gevents", "gevent")
# Coroutines themselves are in test_truth.py, for all.
loop("asyncios", "asyncio", lambda world: [world.newest_on_host()])
loop("uvloops", "uvloop")
