"""Makes and drops code objects for ever: guest_long_life.py KIND COUNT

Prints the resident set in KiB after 1/10, 1/2 and all of COUNT, and whether all went well.
"""

import collections
import os
import sys


def resident():
    with open("/proc/self/statm") as file:
        return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE") // 1024


TEMPLATE = compile("def name():\n    return 42", "<template>", "exec")


def unique(number):
    """A function of a name, and a file, of its own: nothing can be shared."""
    space = {}
    exec(compile("def unique_%d(): return 42" % number, "<unique %d>" % number, "exec"), space)
    return space["unique_%d" % number]() == 42


def replaced(number):
    """The same without the compiler, which is slow: for millions."""
    space = {}
    exec(TEMPLATE, space)
    function = space["name"]
    name = "unique_%d" % number
    if hasattr(function.__code__, "co_qualname"):
        function.__code__ = function.__code__.replace(co_name=name, co_qualname=name)
    else:
        function.__code__ = function.__code__.replace(co_name=name)
    return function() == 42


def same(number):
    """New code objects of one name."""
    space = {}
    exec("f = lambda: %d" % (number % 256), space)
    return space["f"]() == number % 256


def tuples(number):
    kind = collections.namedtuple("Point", "x y")
    return kind(1, number).y == number


def late():
    """After all that: a function that is new, and one that is old."""
    return unique(10**9) and resident() > 0


def main():
    kind, count = globals()[sys.argv[1]], int(sys.argv[2])
    marks = [count // 10, count // 2, count - 1]
    told = []
    good = True
    for number in range(count):
        good = kind(number) and good
        if number in marks:
            told.append(resident())
    print(*(told + [good and late()]))


if __name__ == "__main__":
    main()
