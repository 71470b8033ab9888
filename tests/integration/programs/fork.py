"""Programs that fork, by name.  Each prints what it expects to be true of its children as JSON:
{"alike": what must not depend on the library, "children": {pid: [functions it met first]}}."""

import json
import os
import sys
import time


def fork(work):
    """Runs work in a child, which then leaves without cleaning up; its PID."""
    child = os.fork()
    if child == 0:
        status = 1
        try:
            work()
            status = 0
        finally:
            os._exit(status)
    return child


def wait(child):
    return os.waitpid(child, 0)[1]


def define(name):
    """A function nobody has called yet."""
    space = {}
    exec(compile("def %s(): return 42" % name, "<new>", "exec"), space)
    return space[name]


def tell(alike, children=None):
    print(json.dumps({"alike": alike, "children": children or {}}))


def nothing_new():
    """Children call only what their parent has called."""

    def familiar():
        pass

    familiar()
    children = [fork(familiar) for _ in range(3)]
    tell([wait(child) for child in children], {child: [] for child in children})


def something_new():
    """A child, its own child, and a child of a thread each meet functions."""

    def generation(depth):
        define("generation_%d_%d" % (depth, os.getpid()))()
        if depth < 3:
            child = fork(lambda: generation(depth + 1))
            os.write(end, b"%d %d\n" % (depth + 1, child))
            if wait(child):
                os._exit(9)

    beginning, end = os.pipe()
    generation(0)
    os.close(end)
    with os.fdopen(beginning) as pipe:
        lines = [line.split() for line in pipe]
    told = {int(pid): ["generation_%s_%s" % (depth, pid)] for depth, pid in lines}
    tell(len(told), told)


def from_a_thread():
    import threading

    children = {}

    def run():
        define("in_thread_%d" % threading.get_ident())()

        def work():
            define("of_thread_%d" % os.getpid())()

        for _ in range(5):
            child = fork(work)
            children[child] = ["of_thread_%d" % child]
            statuses.append(wait(child))

    statuses = []
    threads = [threading.Thread(target=run) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    tell(statuses, children)


def while_naming():
    """Forks while other threads meet functions all the time."""
    import threading

    going = True

    def name_things(letter):
        count = 0
        while going:
            define("%s%d" % (letter, count % 20000))()
            count += 1

    threads = [threading.Thread(target=name_things, args=(c,)) for c in "ab"]
    for thread in threads:
        thread.start()
    statuses, children = [], {}
    for number in range(60):
        # Compiled here: without a GIL the child may inherit the lock of the table of names, taken,
        # and CPython 3.13t then waits for it for ever, with the library or without.
        new = define("new_in_child_%d" % number)
        child = fork(new)
        children[child] = ["new_in_child_%d" % number]
        statuses.append(wait(child))
    going = False
    for thread in threads:
        thread.join()
    tell(statuses, children)


def square(number):
    define("square_in_%d" % os.getpid())()
    time.sleep(0.001)
    return number * number, os.getpid()


def pools():
    """Each start method, with workers that are recycled."""
    import multiprocessing

    alike, children = [], {}
    for method in ("fork", "spawn", "forkserver"):
        context = multiprocessing.get_context(method)
        pool = context.Pool(2, maxtasksperchild=3)
        results = pool.map(square, range(12), 1)
        alike.append([method] + [result for result, _ in results])
        children.update({pid: ["square_in_%d" % pid] for _, pid in results})
        pool.close()
        pool.join()
    tell(alike, children)


def processes():
    """multiprocessing's Process, Queue and Manager."""
    import multiprocessing

    alike = []
    for method in ("fork", "spawn"):
        context = multiprocessing.get_context(method)
        queue = context.Queue()
        process = context.Process(target=queue.put, args=([method, 1],))
        process.start()
        alike.append(queue.get())
        process.join()
        alike.append(process.exitcode)
    with multiprocessing.Manager() as manager:
        shared = manager.dict(a=1)
        alike.append(dict(shared))
    tell(alike)


def executes():
    """fork and exec, the process keeping its PID: what comes after must not see what was before."""
    import subprocess

    code = "import os, sys\ndef after_exec(): pass\nafter_exec()\nos.write(1, b'%d' % os.getpid())"
    child = os.fork()
    reading, writing = os.pipe()
    if child == 0:
        os._exit(0)
    wait(child)
    child = os.fork()
    if child == 0:
        os.dup2(writing, 1)
        define("before_exec")()
        os.execv(sys.executable, [sys.executable, "-c", code])
    status = wait(child)
    assert int(os.read(reading, 100)) == child
    shell = subprocess.check_output(["sh", "-c", "echo $((6 * 7))"]).decode()
    tell([status, shell], {child: ["after_exec"]})


def daemon():
    """What daemons do: fork twice, close every descriptor, go on."""
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        os.setsid()
        if os.fork():
            os._exit(0)
        for number in range(3, 2000):
            if number != writing:
                try:
                    os.close(number)
                except OSError:
                    pass
        opened = [os.open("/dev/null", os.O_RDWR) for _ in range(700)]
        opened = [number for number in opened if number != writing]
        define("in_daemon")()
        blank = all(os.fstat(number).st_size == 0 for number in opened)
        os.write(writing, b"%d %d" % (os.getpid(), blank))
        os._exit(0)
    wait(child)
    pid, blank = os.read(reading, 100).split()
    tell(int(blank), {int(pid): ["in_daemon"]})


if __name__ == "__main__":
    globals()[sys.argv[1]]()
