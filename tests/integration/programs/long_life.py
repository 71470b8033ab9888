"""Makes and drops code objects for ever: long_life.py KIND COUNT

Prints the resident set in KiB after each tenth of COUNT, and whether all went well.
"""

import collections
import marshal
import os
import sys
import time


def resident():
    with open("/proc/self/statm") as file:
        return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE") // 1024


TEMPLATE = compile("def name():\n    return 42", "<template>", "exec")
LAMBDAS = [marshal.dumps(compile("f = lambda: %d" % n, "<string>", "exec")) for n in range(256)]


def unique(number):
    """A function of a name, and a file, of its own: nothing can be shared."""
    space = {}
    exec(compile("def unique_%d(): return 42" % number, "<unique %d>" % number, "exec"), space)
    return space["unique_%d" % number]() == 42


def renamed(code, name):
    if hasattr(code, "co_qualname"):
        return code.replace(co_name=name, co_qualname=name)
    if hasattr(code, "replace"):
        return code.replace(co_name=name)
    fields = "argcount kwonlyargcount nlocals stacksize flags code consts names varnames filename"
    values = [getattr(code, "co_" + field) for field in fields.split()]
    return type(code)(*(values + [name, code.co_firstlineno, code.co_lnotab]))


def replaced(number):
    """The same without the compiler, which is slow: for millions."""
    space = {}
    exec(TEMPLATE, space)
    function = space["name"]
    name = "unique_%d" % number
    function.__code__ = renamed(function.__code__, "unique_%d" % number)
    return function() == 42


def same(number):
    """New code objects of one name, made without the compiler, too."""
    space = {}
    exec(marshal.loads(LAMBDAS[number % len(LAMBDAS)]), space)
    return space["f"]() == number % len(LAMBDAS)


def tuples(number):
    kind = collections.namedtuple("Point", "x y")
    return kind(1, number).y == number


def late():
    """After all that: a function that is new, and one that is old."""
    return unique(10**9) and resident() > 0


def spin(until):
    while time.process_time() < until:
        pass


def spinners(report):
    """Functions that work for a while, to be seen by perf: one known from the start, then one that
    is new when there are no names left.  The report: PID, beginning and end of that."""
    space = {"spin": spin, "clock": time.process_time}
    for name in ("old", "new"):
        exec(compile("def %s(n):\n    spin(clock() + n)" % name, "<life>", "exec"), space)
    space["old"](0)
    for number in range(300000):
        replaced(number)
    began = time.monotonic()
    space["old"](0.3)
    space["new"](0.3)
    with open(report, "w") as file:
        print(os.getpid(), began, time.monotonic(), file=file)


def main():
    kind, count = globals()[sys.argv[1]], int(sys.argv[2])
    marks = [count * tenth // 10 - 1 for tenth in range(1, 11)]
    told = []
    good = True
    for number in range(count):
        good = kind(number) and good
        if number in marks:
            told.append(resident())
    print(*(told + [good and late()]))


if __name__ == "__main__":
    spinners(sys.argv[2]) if sys.argv[1] == "spinners" else main()
