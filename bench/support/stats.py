"""Medians, spreads and means of what was measured."""

import math
import statistics


def median(values):
    return statistics.median(values)


def quartiles(values):
    """(lower, upper); of fewer than four values the extremes."""
    values = sorted(values)
    if len(values) < 4:
        return values[0], values[-1]
    cuts = statistics.quantiles(values, n=4, method="inclusive")
    return cuts[0], cuts[2]


def summary(values):
    """What the JSON file keeps of a series."""
    low, high = quartiles(values)
    return {"median": median(values), "low": low, "high": high, "count": len(values)}


def paired(values, base, combine):
    """Summary of combine(value, base value) of each round: what changes between rounds, such as
    the load of the machine, cancels out."""
    return summary([combine(value, other) for value, other in zip(values, base)])


def geometric_mean(values):
    return math.exp(statistics.fmean(math.log(value) for value in values))
