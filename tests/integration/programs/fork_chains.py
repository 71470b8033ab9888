"""Forks in every way, each child working in a function that its parent has named and in one that
is new to it: fork_chains.py REPORT

The report: one line `how pid` for each process.
"""

import multiprocessing
import os
import sys
import threading
import time

CPU = 0.06  # seconds in each of the two


def spin(until):
    while time.process_time() < until:
        pass


def known():
    spin(time.process_time() + CPU)


def work(how):
    space = {"spin": spin, "clock": time.process_time, "CPU": CPU}
    exec(compile("def new_%s():\n    spin(clock() + CPU)" % how, "<new>", "exec"), space)
    known()
    space["new_" + how]()
    with open(sys.argv[1], "a") as file:
        file.write("%s %d\n" % (how, os.getpid()))


def fork(how):
    child = os.fork()
    if child == 0:
        try:
            work(how)
        finally:
            os._exit(0)
    os.waitpid(child, 0)


def main():
    spin(0)
    work("parent")
    fork("fork")
    thread = threading.Thread(target=fork, args=("thread",))
    thread.start()
    thread.join()
    for method in ("fork", "spawn", "forkserver"):
        context = multiprocessing.get_context(method)
        process = context.Process(target=work, args=("process_" + method,))
        process.start()
        process.join()
    # The second of these workers is forked by a thread of the pool.
    pool = multiprocessing.get_context("fork").Pool(1, maxtasksperchild=1)
    pool.map(work, ["pool_first", "pool_second"], 1)
    pool.close()
    pool.join()


if __name__ == "__main__":
    main()
