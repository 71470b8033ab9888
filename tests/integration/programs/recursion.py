"""How deep a program gets: recursion.py SHAPE LIMIT DEPTH STACK_KIB

Calls itself in the given shape up to DEPTH with the recursion limit LIMIT, on the main thread
(STACK_KIB 0) or on a thread with a stack of that size, and prints how deep it got, and how it
ended.  Whoever dies prints nothing more: every 100 calls the depth is told on stderr's descriptor.
"""

import functools
import os
import sys
import threading

deepest = 0


def note(depth):
    global deepest
    if depth > deepest:
        deepest = depth
        if depth % 100 == 0:
            os.write(2, b"%d\n" % depth)


def plain(depth, most):
    note(depth)
    if depth < most:
        plain(depth + 1, most)


def generator(depth, most):
    note(depth)
    if depth < most:
        for _ in generator(depth + 1, most):
            pass
    return
    yield


def generators(depth, most):
    for _ in generator(depth, most):
        pass


async def coroutine(depth, most):
    note(depth)
    if depth < most:
        await coroutine(depth + 1, most)


def coroutines(depth, most):
    try:
        coroutine(depth, most).send(None)
    except StopIteration:
        pass


def callback(depth, most):
    note(depth)
    if depth < most:
        list(map(functools.partial(callback, most=most), [depth + 1]))


class Node:
    def __init__(self, depth, most):
        note(depth)
        self.child = Node(depth + 1, most) if depth < most else None


def init(depth, most):
    Node(depth, most)


def descend(depth, most):
    class Shape:
        @property
        def next(self):
            note(self.depth)
            if self.depth < most:
                self.depth += 1
                return self.next

        def __getattr__(self, name):
            raise AttributeError(name)

    shape = Shape()
    shape.depth = depth
    shape.next


class Items:
    def __init__(self, depth, most):
        self.depth, self.most = depth, most

    def __getitem__(self, key):
        note(self.depth)
        if self.depth < self.most:
            self.depth += 1
            return self[key]


def subscript(depth, most):
    Items(depth, most)[0]


class Chain:
    def __init__(self, depth, most):
        self.depth, self.most = depth, most

    @property
    def next(self):
        depth = self.depth
        note(depth)
        if depth < self.most:
            self.depth = depth + 1
            return self.next


def properties(depth, most):
    Chain(depth, most).next


# Through C, which CPython limits by itself.


class Repr:
    def __init__(self, depth, most):
        self.depth, self.most = depth, most

    def __repr__(self):
        note(self.depth)
        if self.depth < self.most:
            self.depth += 1
            return repr([self])
        return ""


def c_repr(depth, most):
    repr(Repr(depth, most))


class Equal(Repr):
    def __eq__(self, other):
        note(self.depth)
        if self.depth < self.most:
            self.depth += 1
            return [self] == [other]
        return True


def c_equal(depth, most):
    Equal(depth, most) == Equal(depth, most)


def c_sorted(depth, most):
    def key(n):
        note(n)
        return n if n >= most else sorted([n + 1], key=key)[0]

    sorted([depth], key=key)


class Missing(Repr):
    def __getattr__(self, name):
        note(self.depth)
        if self.depth < self.most:
            self.depth += 1
            return getattr(self, name + "_")


class Missed(Repr):
    def __getattr__(self, name):
        note(self.depth)
        if self.depth < self.most:
            self.depth += 1
            return self.again


def c_getattr(depth, most):
    Missing(depth, most).absent


def c_missed(depth, most):
    Missed(depth, most).absent


def c_json(depth, most):
    import json

    def default(thing):
        note(thing.depth)
        if thing.depth < thing.most:
            thing.depth += 1
            return [thing]

    json.JSONEncoder(default=default, check_circular=False).encode(Repr(depth, most))


class Reduced(Repr):
    def __reduce__(self):
        note(self.depth)
        return (Reduced, (Reduced(self.depth + 1, self.most),) if self.depth < self.most else ())


def c_pickle(depth, most):
    import pickle

    pickle.dumps(Reduced(depth, most))


def numbered(depth, most):
    note(depth)
    if depth < most:
        for _, n in enumerate(numbered(depth + 1, most)):
            pass
    return
    yield


def c_enumerate(depth, most):
    for _ in generator(depth, min(most, 20)):  # and once directly
        pass
    for _ in numbered(depth, most):
        pass


def c_exec(depth, most):
    note(depth)
    if depth < most:
        exec("c_exec(depth + 1, most)", {"c_exec": c_exec, "depth": depth, "most": most})


def c_and_python(depth, most):
    """Three calls of Python functions for one through C."""

    def deeper(calls, n):
        if calls:
            return deeper(calls - 1, n)
        note(n)
        return n < most and max([n + 1], key=lambda n: deeper(2, n))

    deeper(2, depth)


def python_above_c(depth, most):
    """Through C below many calls that took none of what limits it."""

    def down(n):
        return down(n - 1) if n else c_repr(depth, most)

    down(600)


def star(depth, most, *more):
    note(depth)
    if depth < most:
        arguments = (depth + 1, most)
        star(*arguments)


def keyword(depth, most):
    note(depth)
    if depth < most:
        keyword(most=most, depth=depth + 1)


def yield_from(depth, most):
    def inner(depth, most):
        note(depth)
        if depth < most:
            yield from inner(depth + 1, most)

    for _ in inner(depth, most):
        pass


def method(depth, most):
    class Method:
        def call(self, depth):
            note(depth)
            if depth < most:
                self.call(depth + 1)

    Method().call(depth)


def exception(depth, most):
    """Raises at the bottom, and every frame above catches and raises again."""
    try:
        note(depth)
        if depth >= most:
            raise KeyError(depth)
        exception(depth + 1, most)
    except KeyError:
        raise
    finally:
        note(0)


def hovering(depth, most):
    """Goes down and up around every depth: whoever switches something there, switches often."""
    note(depth)
    if depth < most:
        for _ in range(3):
            plain(0, 3)
        hovering(depth + 1, most)
        plain(0, 3)


def greenlets(depth, most):
    import greenlet

    def run():
        plain(0, min(most, 500))
        if depth < most:
            note(depth)
            greenlets(depth + 500, most)

    greenlet.greenlet(run).switch()


def work(shape, most):
    how = "fine"
    if shape.startswith("warm_"):  # in a program that has long been running
        shape = shape[len("warm_") :]
        for _ in range(20000):
            globals()[shape](0, 1)
    try:
        globals()[shape](0, most)
    except RecursionError as error:
        how = "RecursionError: " + str(error).split(" (used")[0]
    except KeyError:
        how = "KeyError"
    except MemoryError:
        how = "MemoryError"
    print(deepest, how, flush=True)
    # Afterwards everything works as before.
    again = deepest if deepest < 150 else 150
    plain(0, again)


def main():
    shape, limit, most, stack = sys.argv[1], *map(int, sys.argv[2:])
    if limit:
        sys.setrecursionlimit(limit)
    if not stack:
        work(shape, most)
        return
    threading.stack_size(stack * 1024)
    thread = threading.Thread(target=work, args=(shape, most))
    thread.start()
    thread.join()


if __name__ == "__main__":
    main()
