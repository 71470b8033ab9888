"""How often a test that judges samples fails although nothing is wrong, in one place.

A whole CI run of a healthy state fails by chance with a probability below RUN.  It makes fewer than
JUDGEMENTS such judgements (28 truth settings with 15 each, 8 in the arm64 machine with 2 each, 13 of
forks with 17, some 100 others), so each may fail with EACH.

How it is reckoned: of n samples each shows a thing with a known probability, the share of time that
the program spent on it by its own clock, or at most the share that perf breaks of healthy programs,
as measured.  The count then follows the binomial distribution, and a bound is a quantile of it.
Samples come after equal intervals of the thread's CPU time, hence more evenly than independent ones
would: the true chance is smaller.  A load of other work does not change it, because neither the
program's clock nor perf's counts while the program waits.

Broken stacks are independent only while each sample breaks by itself.  If perf loses an object,
neighbouring samples break together, which no bound allows for: the cause has to be found, as for perf
7 on aarch64 (tests/arm64/vm.py, hide_mappings).  A truth test that is not content with its first look
shows where among the samples the broken ones are.

Events that perf loses because it waits for a processor are another matter, and no test judges a
recording that lacks any: it is made again, up to three times, with larger buffers
(recording.BUFFERS), and says so.  None of 258 recordings with ten busy loops
beside them on two CPUs lost any.  That four in a row lose some is then no chance but a fault, and fails.

A test may look several times at the growing number of samples and be content with the first look
that holds; only its last bound then decides over a healthy state, and that one has the chance EACH.
"""

import math

RUN = 1e-4
JUDGEMENTS = 1000
EACH = RUN / JUDGEMENTS

# What perf breaks of a healthy program's stacks at most.  0.27 % were measured, 6 of 2,200: GCC's
# epilogues, whose CFI points below the stack pointer, which perf does not copy.
BROKEN = 0.003

# Of the samples that the frequency promises for the CPU time, the share that comes at least.  Not a
# matter of chance: measured are 0.99 to 1.01, and a virtual machine may lose some clock interrupts.
KEPT = 0.8


def most(samples, share, chance=EACH):
    """The count that is exceeded with at most this chance."""
    if share <= 0:
        return 0
    if share >= 1:
        return samples
    left = 1.0  # the chance of this count and more
    for count in range(samples + 1):
        left -= _exactly(count, samples, share)
        if left <= chance:
            return count
    return samples


def nearly_all(good, samples):
    """Whether no more of the samples are bad than perf breaks of a healthy program's."""
    return samples - good <= most(samples, BROKEN)


def least(samples, share, chance=EACH):
    """The count that is missed with at most this chance."""
    return samples - most(samples, 1 - share, chance)


def enough(share, bound, chance=EACH):
    """How many samples it takes for a healthy share to stay within a bound but for this chance."""
    assert share < bound
    samples = 100
    while most(samples, share, chance) > bound * samples:
        samples += samples // 10
    return samples


def _exactly(count, samples, share):
    ways = math.lgamma(samples + 1) - math.lgamma(count + 1) - math.lgamma(samples - count + 1)
    return math.exp(ways + count * math.log(share) + (samples - count) * math.log1p(-share))
