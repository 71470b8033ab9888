"""Works at the end of deep chains of calls, and tells what these are.

deep_chains.py REPORT SECONDS: each way to get deep works for so many CPU seconds in a function of
its own, spin_WAY.  REPORT.PID of each process has, for each way, the chains in which it was: the
qualified names that tracebacks show, leaf first.
"""

import json
import os
import sys
import threading
import time

DEEP = 1000
sys.setrecursionlimit(DEEP + 500)
SECONDS = float(sys.argv[2])
chains = {}


def note(way):
    chain, frame = [], sys._getframe(1)
    while frame:
        chain.append(frame.f_code.co_qualname)
        frame = frame.f_back
    if chain not in chains.setdefault(way, []):
        chains[way].append(chain)


def report():
    with open("%s.%d" % (sys.argv[1], os.getpid()), "w") as file:
        json.dump(chains, file)


def make_spin(way):
    source = """def spin_%s(seconds=SECONDS):
    note(%r)
    until = clock() + seconds
    while clock() < until:
        sum(range(500))
""" % (way, way)
    space = {"SECONDS": SECONDS, "note": note, "clock": time.thread_time}
    exec(compile(source, "spins.py", "exec"), space)
    return space["spin_" + way]


# Which function is at a depth is as good as chance: a chain with a piece missing is another one.
def choose(n):
    return (a, b, c)[n * n * 7919 // 13 % 3]


def a(n, leaf):
    return choose(n)(n - 1, leaf) if n else leaf()


def b(n, leaf):
    if n:
        result = choose(n)(n - 1, leaf)
    else:
        result = leaf()
    return result


def c(n, leaf):
    # Through C, which takes more stack.
    return max([n], key=lambda n: choose(n)(n - 1, leaf) if n else leaf()) if n % 10 == 0 else choose(n)(n - 1, leaf)


def plain():
    a(DEEP - 200, make_spin("plain"))


def up_and_down():
    """Contexts end, and others begin at other depths."""
    spin = make_spin("up_and_down")
    for depth in range(20, DEEP // 2, 7):
        b(depth, lambda: spin(SECONDS / 68))


def yields(n, leaf):
    if n:
        yield from yields(n - 1, leaf)
    else:
        yield leaf()


def loops(n, leaf):
    if n:
        for value in loops(n - 1, leaf):
            yield value
    else:
        yield leaf()


def generators():
    a(50, lambda: list(yields(200, lambda: list(loops(200, make_spin("generators"))))))


def works_twice(spin):
    yield a(60, lambda: spin(SECONDS / 2))
    yield a(60, lambda: spin(SECONDS / 2))


def moved():
    """A generator that is resumed by another caller."""
    generator = works_twice(make_spin("moved"))
    a(120, lambda: next(generator))
    b(90, lambda: b(130, lambda: next(generator)))


def in_thread():
    a(DEEP // 2, make_spin("threads"))


def threads():
    both = [threading.Thread(target=in_thread) for _ in range(2)]
    for thread in both:
        thread.start()
    for thread in both:
        thread.join()


def fork_and_work(spin):
    child = os.fork()
    if child:
        os.waitpid(child, 0)
        return
    chains.clear()
    b(200, spin)
    report()
    os._exit(0)


def forked():
    a(300, lambda: fork_and_work(make_spin("forked")))


def greenlets():
    """Two that take turns, each deep; and the first ends while the other is deep in its own."""
    import greenlet

    spin = make_spin("greenlets")

    def work(other):
        for _ in range(5):
            spin(SECONDS / 20)
            other[0].switch()
        spin(SECONDS / 20)

    second, first = [None], [None]
    first[0] = greenlet.greenlet(lambda: a(150, lambda: work(second)))
    second[0] = greenlet.greenlet(lambda: b(170, lambda: work(first)))
    c(140, first[0].switch)
    b(210, second[0].switch)


def one(n, leaf):
    return one(n - 1, leaf) if n else leaf()


def another(n, leaf):
    return another(n - 1, leaf) if n else leaf()


def resumed():
    """A greenlet without a context, while another's frames are where its starter's were."""
    import greenlet

    spin, starter = make_spin("resumed"), greenlet.getcurrent()

    def work():
        starter.switch()
        one(3, spin)

    def resume():
        shallow.parent = greenlet.getcurrent()
        another(40, shallow.switch)

    shallow = greenlet.greenlet(work)
    one(100, shallow.switch)
    another(100, greenlet.greenlet(resume).switch)


def main():
    for way in plain, up_and_down, generators, moved, threads, forked:
        way()
    try:
        resumed()
        greenlets()
    except ImportError:
        pass
    report()


main()
