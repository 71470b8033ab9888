"""Works on known lines: each line of work() is a branch, named by its number.

The first three have one, two and three calls of the same C function: their shares are known from how
the program is made as well, and show what the clock is worth.
"""

import sys
import time
import zlib

from branches import ROUNDS, spent, tell, times

DATA = bytes(range(256)) * 80
crc32 = zlib.crc32
now = time.thread_time


def line(since):
    """Since then the line above the caller's worked."""
    branch = str(sys._getframe(1).f_lineno - 1)
    until = now()
    spent[branch] = spent.get(branch, 0.0) + until - since
    return now()


class Plain:
    def __init__(self):
        self.a = 1

    def method(self):
        return self.a


def work():
    a, b, c, text, table, numbers, plain = 3, 5, 7, "abc", {"a": 1}, [1, 2, 3], Plain()
    since = now()
    for _ in times(550): crc32(DATA)
    since = line(since)
    for _ in times(550): crc32(DATA); crc32(DATA)
    since = line(since)
    for _ in times(550): crc32(DATA); crc32(DATA); crc32(DATA)
    since = line(since)
    for _ in times(80000): a = b + c - a & 255; b = a ^ 3
    since = line(since)
    for _ in times(40000): x = text + "d"; y = text[1]; z = "%s" % text
    since = line(since)
    for _ in times(50000): table["a"] = numbers[1]; x = table["a"]; y, z = numbers[0], x
    since = line(since)
    for _ in times(50000): plain.a = plain.a + 1 & 7; x = plain.a
    since = line(since)
    for _ in times(40000): plain.method()
    since = line(since)
    for _ in times(60): x = [n & 3 for n in range(1000)]
    since = line(since)
    for _ in times(40): x = sum(n & 3 for n in range(1000))
    since = line(since)
    called()
    since = line(since)
    called(); called()
    since = line(since)


def called():
    x = 1
    for n in times(60000):
        x = x + n & 255


def main():
    for _ in range(ROUNDS):
        work()


tell(main)
