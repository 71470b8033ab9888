"""Python calls and generator resumes in two sizes, each in a region that valgrind counts.

Prints how many calls or resumes lie between the two sizes.  No integer beyond the small ones that
CPython keeps is made: whether the allocator finds a free block at hand differs between modes, and
would be counted.
"""
from itertools import repeat

import probe

MANY, FEW = 20, 16
RESUMES, FEWER = 12000, 2000


def fib(n):
    return n if n < 2 else fib(n - 1) + fib(n - 2)


def calls(n):
    return 1 if n < 2 else 1 + calls(n - 1) + calls(n - 2)


class Thing:
    def same(self):
        return self


def methods(n):
    thing = Thing()
    for _ in repeat(None, n):
        thing.same()


def nothings(n):
    for _ in repeat(None, n):
        yield


def resumes(n):
    for _ in nothings(n):
        pass


def main():
    def few_calls():
        fib(FEW)

    def many_calls():
        fib(MANY)

    def few_methods():
        methods(FEWER)

    def many_methods():
        methods(RESUMES)

    def few_resumes():
        resumes(FEWER)

    def many_resumes():
        resumes(RESUMES)

    probe.start()
    regions = [few_calls, many_calls, few_methods, many_methods, few_resumes, many_resumes]
    for region in regions:  # specialised, and every function named
        region()
    for region in regions:
        probe.region(region)
    print(calls(MANY) - calls(FEW), RESUMES - FEWER, RESUMES - FEWER)


main()
