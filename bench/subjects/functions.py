"""Calls N new functions once, then once more; prints what each round cost, wall and CPU
seconds, and the PID.

The functions are as a program has them: methods of classes, with names and a path of usual length.
Other subjects import this one for its functions.
"""
import os
import sys
import time

METHODS = 10  # of one class
FILE = "/usr/lib/python3/dist-packages/generated/%s.py"


def make(count, module="functions"):
    """`count` bound methods that were never called."""
    lines = []
    for number in range(count):
        if number % METHODS == 0:
            lines.append("class Thing%d:" % (number // METHODS))
        lines.append("    def method_%d(self):\n        return self" % number)
    namespace = {}
    exec(compile("\n".join(lines), FILE % module, "exec"), namespace)
    things = [namespace["Thing%d" % i]() for i in range((count + METHODS - 1) // METHODS)]
    return [getattr(things[n // METHODS], "method_%d" % n) for n in range(count)]


def call(methods):
    for method in methods:
        method()


def timed(methods):
    wall, cpu = time.perf_counter(), time.process_time()
    call(methods)
    return time.perf_counter() - wall, time.process_time() - cpu


if __name__ == "__main__":
    call(make(10, "warm"))
    methods = make(int(sys.argv[1]))
    print(*(timed(methods) + timed(methods) + (os.getpid(),)))
