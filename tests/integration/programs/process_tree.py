"""A tree of processes, each started by fork and exec: process_tree.py [COUNT]

Each works in `branch` and in `leaf` for a tenth of a second; half start one more below.
"""

import multiprocessing
import subprocess
import sys
import time


def leaf(until):
    while time.process_time() < until:
        sum(range(100))


def branch(depth):
    leaf(time.process_time() + 0.1)
    if depth:
        subprocess.run([sys.executable, __file__, "below", str(depth - 1)], check=True)


def main():
    if sys.argv[1:2] == ["below"]:
        branch(int(sys.argv[2]))
        return
    for number in range(int(sys.argv[1]) if sys.argv[1:] else 10):
        branch(number % 2 + 1)
        process = multiprocessing.get_context("spawn").Process(target=branch, args=(number % 2,))
        process.start()
        process.join()


if __name__ == "__main__":
    main()
