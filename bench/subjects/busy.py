"""A fixed amount of work some 25 calls deep; prints its CPU seconds and PID.

    busy.py ROUNDS
"""
import os
import sys
import time


def leaf(n):
    total = 0
    for i in range(200):
        total += i ^ n
    return total


def nest(depth, n):
    return leaf(n) if depth == 0 else nest(depth - 1, n) + 1


def work(rounds):
    for n in range(rounds):
        nest(20, n)


start = time.process_time()
work(int(sys.argv[1]))
print(time.process_time() - start, os.getpid())
