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
