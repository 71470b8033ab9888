"""What it costs to take the evaluator away and to put it back: toggling.py - MODE

MODE is that of native_faults.py.  Prints the microseconds of one off and on, and how long
calls take before and after many of them, in multiples of when it is off.
"""

import sys
import time

import native_faults as faults

TIMES = 2000


def fib(n):
    return n if n < 2 else fib(n - 1) + fib(n - 2)


def seconds(work):
    """Least CPU time of a few goes."""
    times = []
    for _ in range(5):
        began = time.process_time()
        work()
        times.append(time.process_time() - began)
    return min(times)


def toggle():
    for _ in range(TIMES):
        faults.off()
        faults.on()


def main():
    faults.on()
    before = seconds(lambda: fib(18))
    each = seconds(toggle) / TIMES
    after = seconds(lambda: fib(18))
    faults.off()
    without = seconds(lambda: fib(18))
    print("%.2f %.2f %.2f" % (each * 1e6, before / without, after / without))


if __name__ == "__main__":
    main()
