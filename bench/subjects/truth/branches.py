"""What the programs of known shares have in common: they note what each branch took.

    PROGRAM REPORT SCALE

The work of a branch is counted, not timed: the same with every profiler, and without.  What it took
is the processor time of its thread, read before and after: some 50 times in a program.  It goes to the
file REPORT, with the moments between which the program worked, on the clock of `perf record -k mono`.
"""

import json
import os
import sys
import threading
import time

SCALE = float(sys.argv[2])
ROUNDS = 8

spent = {}


def times(count):
    return range(max(1, int(count * SCALE)))


def took(branch, since):
    spent[branch] = spent.get(branch, 0.0) + time.thread_time() - since


def run(branches):
    """Each in turn, round after round."""
    for _ in range(ROUNDS):
        for branch in branches:
            since = time.thread_time()
            branch()
            took(branch.__name__, since)


def run_threads(branches):
    """Each in a thread of its own, at the same time."""
    threads = [threading.Thread(target=branch) for branch in branches]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def tell(main):
    began, cpu = time.monotonic(), time.process_time()
    main()
    cpu, ended = time.process_time() - cpu, time.monotonic()
    told = {"pid": os.getpid(), "began": began, "ended": ended, "cpu": cpu, "spent": spent}
    with open(sys.argv[1], "w") as report:
        json.dump(told, report)
