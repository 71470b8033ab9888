"""Programs with subinterpreters, by name; the way to make one differs between versions."""

import os
import sys
import threading

SHARED = """
import sys
def in_sub_{0}(n):
    return n if n == 0 else in_sub_{0}(n - 1)
def generator():
    yield from (in_sub_{0}(i) for i in range(20))
assert sum(generator()) == 0
def deep(n):
    return n if n == 400 else deep(n + 1)
assert deep(0) == 400
exec("def late_{0}(): pass\\nlate_{0}()")
import json, re
json.dumps({{"a": [1, 2]}}); re.match("a(b)*", "ab")
"""


def legacy():
    """run(code): in a new interpreter that shares the GIL."""
    try:
        import _testcapi

        return _testcapi.run_in_subinterp
    except ImportError:
        import _interpreters as api

        def run(code):
            interp = api.create("legacy")
            error = api.exec(interp, code)
            api.destroy(interp)
            return error is not None

        return run


def own():
    """run(code): in a new interpreter with a GIL of its own (3.12+), or as modules give it."""
    if sys.version_info >= (3, 13):
        import _interpreters as api

        def run(code):
            interp = api.create()
            error = api.exec(interp, code)
            api.destroy(interp)
            return error is not None

        return run
    import _xxsubinterpreters as api  # 3.8+

    def run(code):
        interp = api.create()
        try:
            api.run_string(interp, code)
        finally:
            api.destroy(interp)

    return run


def one_after_the_other(kind):
    run = globals()[kind]()
    for number in range(8):
        status = run(SHARED.format("%s_%d" % (kind, number)))
        if status:
            print("status", status)
    print("done")


def nested():
    """An interpreter made in an interpreter."""
    run = own()
    path = os.path.dirname(os.path.abspath(__file__))
    code = "import sys; sys.path.insert(0, %r); import interpreters as g; g.own()(%r)"
    print(run(code % (path, SHARED.format("inner"))))


def from_threads():
    run = own()
    failures = []

    def work(number):
        for turn in range(3):
            try:
                if run(SHARED.format("t%d_%d" % (number, turn))):
                    failures.append("status")
            except Exception as error:
                failures.append(repr(error))

    threads = [threading.Thread(target=work, args=(n,)) for n in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    print(failures)


def square(number):
    return number * number


def pool():
    """concurrent.futures.InterpreterPoolExecutor and concurrent.interpreters, 3.14+."""
    from concurrent import futures, interpreters

    with futures.InterpreterPoolExecutor(3) as executor:
        print(list(executor.map(abs, range(-10, 0))))
        print(executor.submit(square, 7).result())
    interp = interpreters.create()
    print(interp.call(lambda: 6 * 7))
    print(interp.call(abs, -3))
    interp.exec("def here(): return 1\nassert here() == 1")
    try:
        interp.exec("def bad(): 1 / 0\nbad()")
    except interpreters.ExecutionFailed as error:
        print(str(error).splitlines()[0])
    interp.close()


def left_open():
    """Interpreters that live on while the main one ends."""
    if sys.version_info >= (3, 13):
        import _interpreters as api

        for number in range(3):
            assert api.exec(api.create(), SHARED.format(number)) is None
    else:  # 3.8+
        import _xxsubinterpreters as api

        for number in range(3):
            api.run_string(api.create(), SHARED.format(number))
    print("leaving")


if __name__ == "__main__":
    globals()[sys.argv[1]](*sys.argv[2:])
