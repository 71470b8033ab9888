"""What a profiler said of a program, against what is true of it.

True is the share that each branch of the program (subjects/truth) had of the processor time, by the
program's own clock, without any profiler.  A profiler's slowing of one branch more than of another is
an error of the profiler.
"""

import collections
import itertools
import statistics

# Of a chain; native frames have a file (the object) where the profiler knows it, and no line.
Frame = collections.namedtuple("Frame", "name file line kind")
PYTHON, NATIVE, KERNEL = "python", "native", "kernel"
# So many samples, seconds or per cent with this chain, root first.
Stack = collections.namedtuple("Stack", "weight frames")

MODULE = "<module>"
SELDOM = 0.01
COMMON = "branches.py"  # the programs' common file


def short(name):
    return name.split(".")[-1]


class Program:
    """What is known of one: its branches and the chains that it can have.

    chains: branch -> names below `root`, from the branch's function on.  With `lines` a branch is a
    line of the last function of the root.  `names` are the qualified names to be seen.
    """

    def __init__(self, name, root, chains, also=(), names=(), lines=False, owners=None):
        self.name = name
        self.file = name + ".py"
        self.branches = list(chains)
        self.chains = [list(root) + list(chain) for chain in chains.values()] + [list(c) for c in also]
        self.names = list(names) + ([] if lines else self.branches)
        self.known = {name for chain in self.chains for name in chain}
        self.working = self.known - {MODULE, "tell"}
        self.line_of = root[-1] if lines else None
        self.owners = dict(owners or {}, **({} if lines else {b: b for b in self.branches}))

    def own(self, frame):
        return frame.kind == PYTHON and frame.file in (self.file, COMMON)

    def branch_of(self, stack):
        for frame in stack.frames:
            if not self.own(frame):
                continue
            key = short(frame.name)
            if self.line_of:
                key = str(frame.line) if key == self.line_of else None
            if key in self.branches:
                return key
        return None

    def owner_of(self, stack):
        """Of a profiler without chains: by the function at work, where only one branch has it."""
        if self.line_of:
            return self.branch_of(stack)
        return self.owners.get(short(stack.frames[-1].name))

    def at_work(self, stack):
        """Is the program there, past its start?"""
        return any(self.own(frame) and short(frame.name) in self.working for frame in stack.frames)

    def complete(self, stack):
        """Does it have every Python caller, from the module or the thread's start on, in order?  A call
        of a function that no chain has, of the standard library or for the clock, ends what is compared."""
        names = [(short(f.name), f.file) for f in stack.frames if f.kind == PYTHON]
        for chain in self.chains:
            for start, (name, file) in enumerate(names):
                if name == chain[0] and (name != MODULE or file == self.file):
                    seen = [name for name, _ in names[start:]][: len(chain)]
                    known = list(itertools.takewhile(self.known.__contains__, seen))
                    if known == chain[: len(known)]:
                        return True
                    break
        return False


def true_shares(reports):
    """Medians over unprofiled runs of each branch's share; they add up to one."""
    shares = [own_shares(report) for report in reports]
    medians = {branch: statistics.median(s[branch] for s in shares) for branch in shares[0]}
    total = sum(medians.values())
    return {branch: share / total for branch, share in medians.items()}


def own_shares(report):
    """By the program's own clock in one run."""
    total = sum(report["spent"].values())
    return {branch: seconds / total for branch, seconds in report["spent"].items()}


def said_shares(program, stacks, branch_of=None):
    """Each branch's share of all that the stacks tell of the program's work.  What they tell of no
    branch is missing everywhere, as it is for who reads them."""
    found = collections.Counter()
    total = 0
    for stack in stacks:
        total += stack.weight
        branch = (branch_of or program.branch_of)(stack)
        if branch:
            found[branch] += stack.weight
    return {branch: found[branch] / total if total else 0.0 for branch in program.branches}


def error(true, said):
    """(points, branch) of the largest difference."""
    return max((100 * abs(said.get(branch, 0.0) - share), branch) for branch, share in true.items())


def complete_share(program, stacks):
    total = sum(stack.weight for stack in stacks)
    whole = sum(stack.weight for stack in stacks if program.complete(stack))
    return whole / total if total else 0.0


def names_seen(program, names, true):
    """(qualified, short, all) of the names to be seen; not of branches that hardly run."""
    wanted = [name for name in program.names if true.get(name, 1.0) > SELDOM]
    plain = {short(name) for name in names}
    return (
        sum(name in names for name in wanted),
        sum(short(name) in plain for name in wanted),
        len(wanted),
    )


def share_with(program, stacks, branch, test):
    """Of a branch's stacks, the share with a frame that passes the test."""
    mine = [stack for stack in stacks if program.branch_of(stack) == branch]
    total = sum(stack.weight for stack in mine)
    having = sum(stack.weight for stack in mine if any(map(test, stack.frames)))
    return having / total if total else 0.0
