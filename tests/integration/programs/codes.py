"""Calls functions of many shapes; tells what the interpreter itself knows of their code objects.

A line of JSON for each step that stdin asks for: `lines`, `shared`, `twins`, `again`, `over`, `fork`,
`huge`.
For Python 3.6 to 3.15.
"""

import dis
import json
import marshal
import os
import sys
import time
import types

HERE = __file__


def now():
    return int(time.monotonic() * 1e9)


def bytecode(code):
    """Where it is: behind a bytes object's header, or (3.11+) behind the code object's fields."""
    if sys.version_info >= (3, 11):
        return id(code) + type(code).__basicsize__
    return id(code.co_code) + bytes.__basicsize__ - 1


def lines(code):
    """The line of each instruction."""
    size = len(code.co_code)
    if hasattr(code, "co_lines"):
        ranges = list(code.co_lines())
    else:
        starts = list(dis.findlinestarts(code)) + [(size, None)]
        ranges = [(a, b, line) for (a, line), (b, _) in zip(starts, starts[1:])]
    return {at: line for start, end, line in ranges for at in range(start, end, 2)}


def truth(code, name=None):
    return {
        "name": name or getattr(code, "co_qualname", None),
        "file": code.co_filename,
        "first_line": code.co_firstlineno,
        "bytecode": bytecode(code),
        "length": len(code.co_code),
        "lines": lines(code),
    }


def inner(code):
    """A code object and all within."""
    found = [code]
    for constant in code.co_consts:
        if isinstance(constant, types.CodeType):
            found += inner(constant)
    return found


def simple(a, b=2):
    c = a + b
    return c


def shapes(n):
    total = 0
    for i in range(n):
        if i % 2:
            total += (
                i *
                simple(
                    i,
                    b=3)
            )
        else:
            try:
                raise KeyError(i)
            except KeyError as error:
                total -= error.args[0]
    numbers = sum(x * 2 for x in range(n))
    squares = list(map(lambda x:
                       x * x, range(n)))

    class Local:
        attribute = 1

        def method(self):
            return [
                self.attribute,
            ]

    while True:
        with open("/dev/null") as file:
            file.read()
        break
    return total, numbers, squares, Local().method()


def generator(n):
    for i in range(n):
        yield i
        yield (i,
               n)


def large(gap, lines_):
    """Lines far apart, backwards too, and more bytecode than a byte tells."""
    text = ["def large(x):", "    y = (x +"] + ["# nothing"] * gap + ["    x + "] + ["# nothing"] * gap
    text += ["    1)", "    z = [x, " + "x, " * 300 + "x]"] + ["# nothing"] * 40000 + ["    return f(", "x,"]
    text += ["# nothing"] * gap + ["   y, z)"] if gap else ["x, y, z)"]
    text += ["def many(x):"] + ["    x += 1"] * lines_ + ["    return x"]
    space = {"f": lambda *arguments: arguments}
    exec(compile("\n".join(text), "/srv/large.py", "exec"), space)
    space["large"](1)
    space["many"](1)
    return [truth(space["large"].__code__, "large"), truth(space["many"].__code__, "many")]


kept = []


def step_lines():
    result = [truth(c) for c in inner(simple.__code__) + inner(shapes.__code__)]
    result[0]["name"] = "simple"
    simple(1)
    shapes(5)
    list(generator(3))
    result.append(truth(generator.__code__, "generator"))
    for gap in (0, 100, 127, 128, 300):
        result += large(gap, 30)
        kept.append(result)
    return result


def step_huge():
    return large(1, 5000)


def lambdas():
    """No two with the same bytecode, which 3.10 would keep once."""
    return [
        lambda: now(),
        lambda: (
            now(),
        ),
        lambda: [now()][0],
    ]


def step_shared():
    found = lambdas()
    kept.append(found)
    for function in found + found:
        function()
    return [truth(f.__code__, "lambdas.<locals>.<lambda>") for f in found]


def step_twins():
    """With the same bytecode, which 3.10 keeps once; the last two begin on one line."""
    found = [
        lambda: now(),
        lambda: now(),
        lambda: now(), lambda: (
            now()),
    ]
    kept.append(found)
    for function in found + found:
        function()
    return [truth(f.__code__, "step_twins.<locals>.<lambda>") for f in found]


AGAIN = "/srv/again.py"


def made(kind):
    """A function, of one name and three places or of another name."""
    name = "again" if kind else "other"
    space = {}
    exec(compile("\n" * kind * 10 + "def %s(now):\n    a = 1\n\n    return now()" % name, AGAIN, "exec"), space)
    return space[name]


def step_again():
    """Code objects that die and whose memory others get: when each of them ran, and where."""
    kinds = [truth(made(kind).__code__, "again" if kind else "other") for kind in range(4)]
    turns = 400
    places, times = [0] * turns, [0] * turns
    for turn in range(turns):
        function = made(turn % 4)
        places[turn], times[turn] = bytecode(function.__code__), function(now)
        del function
    return [dict(kinds[i % 4], bytecode=places[i], time=times[i]) for i in range(turns)]


def sized(count):
    """The marshalled code of a function whose bytecode has a length of its own."""
    text = "def over(now):\n" + "    a = 1\n" * count + "\n    return now()"
    space = {}
    exec(compile(text, AGAIN, "exec"), space)
    return marshal.dumps(space["over"].__code__)


def step_over():
    """The same, of one name and three lengths, each over parts of what others left."""
    sizes = [sized(count) for count in (150, 230, 410)]
    kinds = [truth(marshal.loads(size), "over") for size in sizes]
    history, living = [], []
    number = 1
    for _ in range(400):
        number = number * 1103515245 + 12345 & 0x7FFFFFFF  # ISO C's example of rand()
        kind = number >> 16 & 3
        if kind == 3 or len(living) > 3:
            del living[(number >> 20) % max(len(living), 1):]
            continue
        function = types.FunctionType(marshal.loads(sizes[kind]), {})
        history.append((kind, bytecode(function.__code__), function(now)))
        living.append(function)
    return [dict(kinds[kind], bytecode=place, time=time_) for kind, place, time_ in history]


def step_fork():
    before = lambdas()
    kept.append(before)
    before[0]()
    inherited = [truth(before[0].__code__, "lambdas.<locals>.<lambda>")]
    read, write = os.pipe()
    child = os.fork()
    if child == 0:
        before[0]()
        before[1]()
        fresh = {}
        exec(compile("def in_child():\n    return 1", HERE, "exec"), fresh)
        fresh["in_child"]()
        mine = [
            truth(before[1].__code__, "lambdas.<locals>.<lambda>"),
            truth(fresh["in_child"].__code__, "in_child"),
        ]
        os.write(write, json.dumps(mine).encode())
        os._exit(0)
    os.close(write)
    with open(read) as pipe:
        mine = json.loads(pipe.read())
    os.waitpid(child, 0)
    return {"child": child, "inherited": inherited, "mine": mine}


for asked in iter(sys.stdin.readline, ""):
    answer = globals()["step_" + asked.strip()]()
    print(json.dumps(answer), flush=True)
