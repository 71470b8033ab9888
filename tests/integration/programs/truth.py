"""Works for a known time in each branch of a known call graph.  For Python 3.6 to 3.15.

    truth.py REPORT UNIT

Every branch ends in spin(), which burns CPU time of its own thread.  Branch shares are UNIT
seconds times the number given in main(); test_truth.py knows them and the chains by heart.  The
moments when work began and ended go to the file REPORT, on the clock of `perf record -k mono`.
"""

import json
import os
import sys
import threading
import time
from time import clock_gettime

THREAD_CPU = 3  # CLOCK_THREAD_CPUTIME_ID, see clock_gettime(2); time.thread_time() is 3.7's
SLICES = 4
UNIT = float(sys.argv[2])


spent = []  # CPU seconds of each spin


def spin(seconds):
    start = now = clock_gettime(THREAD_CPU)
    while now < start + seconds:
        for _ in range(200):
            pass
        now = clock_gettime(THREAD_CPU)
    spent.append(now - start)


def plain(slice_):
    plain_one(slice_)


def plain_one(slice_):
    plain_two(slice_)


def plain_two(slice_):
    plain_three(slice_)


def plain_three(slice_):
    spin(slice_)


def recursion(slice_, depth=12):
    if depth:
        recursion(slice_, depth - 1)
    else:
        spin(slice_)


def numbers(slice_):
    for number in range(3):
        spin(slice_ / 3)
        yield number


def generator(slice_):
    return list(numbers(slice_))


async def coroutine_outer(slice_):
    await coroutine_inner(slice_)


async def coroutine_inner(slice_):
    spin(slice_)


def coroutine(slice_):
    try:
        coroutine_outer(slice_).send(None)
    except StopIteration:
        pass


class Worker:
    def work(self, slice_):
        spin(slice_)


def method(slice_):
    Worker().work(slice_)


def closure(slice_):
    def inside():
        (lambda: spin(slice_))()

    inside()


def class_body(slice_):
    class Body:
        spin(slice_)

    return Body


def callback(slice_):
    def key(number):
        spin(slice_ / 3)
        return -number

    return sorted([1, 2, 3], key=key)


def failing(slice_):
    spin(slice_)
    raise KeyError(slice_)


def exception(slice_):
    try:
        failing(slice_)
    except KeyError:
        recovering(slice_)


def recovering(slice_):
    spin(slice_)


def catcher(slice_):
    try:
        yield
    except ValueError:
        spin(slice_)
        yield


def thrown(slice_):
    target = catcher(slice_)
    next(target)
    target.throw(ValueError())


def thread_one(seconds):
    repeat(spin, seconds)


def thread_two(seconds):
    repeat(spin, seconds)


def repeat(branch, seconds):
    for _ in range(SLICES):
        branch(seconds / SLICES)


def threads(one, two):
    pair = [
        threading.Thread(target=thread_one, args=(one,)),
        threading.Thread(target=thread_two, args=(two,)),
    ]
    for thread in pair:
        thread.start()
    for thread in pair:
        thread.join()
    return pair


def main():
    repeat(plain, 3 * UNIT)
    repeat(recursion, 2 * UNIT)
    repeat(generator, 2 * UNIT)
    repeat(coroutine, 2 * UNIT)
    repeat(method, 2 * UNIT)
    repeat(closure, 1 * UNIT)
    repeat(class_body, 2 * UNIT)
    repeat(callback, 2 * UNIT)
    repeat(exception, 1 * UNIT)  # spends as much again in recovering()
    repeat(thrown, 1 * UNIT)
    return threads(2 * UNIT, 1 * UNIT)


began, cpu = time.monotonic(), time.process_time()
kept = main()  # else the threads' weak references would call back from here
cpu, ended = time.process_time() - cpu, time.monotonic()
with open(sys.argv[1], "w") as report:
    json.dump(
        {
            "pid": os.getpid(),
            "began": began,
            "ended": ended,
            "cpu": cpu,
            "spinning": sum(spent),
            "threading": threading.Thread.run.__code__.co_filename,
        },
        report,
    )
