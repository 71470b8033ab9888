"""Programs with threads, by name, with their arguments."""

import ctypes
import itertools
import os
import sys
import threading
import time

CALLBACK = ctypes.CFUNCTYPE(None)


def leave(library, how):
    """Leaves a deep stack of Python and C frames without returning."""
    helper = ctypes.CDLL(library)
    way = getattr(helper, "leave_by_" + how)

    def leaf(depth):
        if depth:
            list(map(leaf, [depth - 1]))
        else:
            way()

    back = CALLBACK(lambda: leaf(20))
    if how == "exception":
        helper.catching(back)
    body = CALLBACK(lambda: helper.above(back))
    helper.in_thread(body)


def daemons(count):
    """Threads that still run Python, or wait, while the interpreter ends."""

    # Without a GIL a thread that compiles may end while it holds the lock of the interned strings,
    # and 3.13t then waits for it forever (plain, in 4 of 60 runs): there it is compiled before.
    compiled = not getattr(sys, "_is_gil_enabled", lambda: True)()

    def sources(number):
        texts = ["def f%d_%d(): pass\nf%d_%d()" % (number, n, number, n) for n in range(50)]
        return itertools.cycle([compile(t, "<new>", "exec") if compiled else t for t in texts])

    def busy(number, source):
        def nested(depth):
            return depth and nested(depth - 1)

        while True:
            exec(next(source), {})
            nested(10)

    def idle(number, source):
        time.sleep(1000)

    # Or each thread that starts waits until those before it have had their 5 ms each.
    sys.setswitchinterval(0.0005)
    for number in range(int(count)):
        target = busy if number % 2 else idle
        threading.Thread(target=target, args=(number, sources(number)), daemon=True).start()
    time.sleep(0.1)
    print("leaving", flush=True)


class AtExit:
    def __del__(self):
        # First seen when modules are already gone.
        exec("def in_del(): pass\nin_del()", {})


def finalisation():
    import atexit

    global kept
    kept = AtExit()
    cycle = [AtExit()]
    cycle.append(cycle)

    def last(word):
        exec("def at_exit(): print(%r)\nat_exit()" % word)

    atexit.register(last, "bye")
    generator = (last("closed") for _ in iter(int, 1))
    sys.generator = generator

    def running():
        try:
            yield 1
        finally:
            exec("def in_finally(): pass\nin_finally()", {})

    sys.running = running()
    next(sys.running)

    def leaked():
        time.sleep(0.2)
        exec("def leaked_thread(): print('leaked')\nleaked_thread()", {})

    threading.Thread(target=leaked).start()
    print("leaving", flush=True)


def many(count, report):
    """Each thread in functions of its own; for perf."""
    source = """
def leaf_{0}(until):
    while clock() < until:
        pass
def middle_{0}(until):
    leaf_{0}(until)
def top_{0}():
    barrier.wait()
    middle_{0}(end[0])
"""
    # One second of the processor for all, however long that takes.
    end = []
    barrier = threading.Barrier(int(count), lambda: end.append(time.process_time() + 1))
    space = {"clock": time.process_time, "barrier": barrier, "end": end}
    threads = []
    for number in range(int(count)):
        exec(compile(source.format(number), "<many>", "exec"), space)
        threads.append(threading.Thread(target=space["top_%d" % number]))
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with open(report, "w") as file:
        file.write("%d" % os.getpid())


def churn(count, seconds):
    """Threads that make and call functions, all at once, and check what they return."""
    until = time.monotonic() + float(seconds)
    wrong = []

    def work(number):
        calls = 0
        while time.monotonic() < until:
            space = {}
            name = "f_%d_%d" % (number, calls % 500)
            exec("def %s(x):\n    return [i * x for i in range(5)]" % name, space)
            for _ in range(20):
                if space[name](number) != [i * number for i in range(5)]:
                    wrong.append(name)
            calls += 1

    threads = [threading.Thread(target=work, args=(n,)) for n in range(int(count))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    print("wrong:", wrong)


if __name__ == "__main__":
    globals()[sys.argv[1]](*sys.argv[2:])
