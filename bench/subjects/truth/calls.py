"""Calls small functions of all kinds, and loops without a call."""

from branches import run, tell, times


def loop():
    x = 1
    for n in times(160000):
        x = x + n & 255


def function():
    for n in times(100000):
        small(n)


def small(n):
    return n & 255


class Small:
    def method(self, n):
        return n & 255


def methods():
    one = Small()
    for n in times(100000):
        one.method(n)


def recursion():
    for _ in times(70):
        fib(14)


def fib(n):
    return n if n < 2 else fib(n - 1) + fib(n - 2)


def closure():
    def inside(n):
        return n & mask

    mask = 255
    for n in times(100000):
        inside(n)


def builtin():
    for n in times(120000):
        abs(n)


def main():
    run([loop, function, methods, recursion, closure, builtin])


tell(main)
