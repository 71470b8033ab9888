"""Small programs by name, each printing what a guest in the process could disturb."""

import os
import signal
import sys


def exit_code():
    sys.exit(3)


def exit_message():
    sys.exit("a message")


def os_exit():
    sys.stdout.write("before\n")
    sys.stdout.flush()
    os._exit(7)


def uncaught():
    def inner():
        raise ValueError("uncaught")

    inner()


def killed():
    os.kill(os.getpid(), signal.SIGTERM)


def environment():
    """What the program can see of its own start."""
    print(sys.argv, sys.flags, sys.path[1:], sorted(sys.modules))
    print(signal.getsignal(signal.SIGINT), sys.getrecursionlimit(), os.getcwd())
    print(sorted(name for name in os.environ if not name.startswith(("LD_", "PYPERF"))))


def children():
    import subprocess

    argv = [sys.executable, "-c", "import sys; print(sys.argv); sys.exit(4)", "x"]
    print(subprocess.call(argv), flush=True)
    child = os.fork()
    if child == 0:
        os._exit(5)
    print(os.waitpid(child, 0)[1])


def depth():
    """How deep a Python function may call itself below the default limit."""

    def dive(n):
        try:
            return dive(n + 1)
        except RecursionError:
            return n

    print(dive(0))


def deep():
    """Far deeper than a C stack allows, where Python calls need no C stack."""
    sys.setrecursionlimit(1000000)
    # Before 3.11 each call takes C stack; at 5,000 there is plenty left without the library.
    most = 50000 if sys.version_info >= (3, 11) else 5000

    def dive(n):
        return n if n == most else dive(n + 1)

    print(dive(0))


def closed_streams():
    """Run with 0, 1 and 2 closed; tells a file which of them the program finds taken."""
    taken = []
    for number in range(3):
        try:
            os.fstat(number)
            taken.append(number)
        except OSError:
            pass
    first = os.open("/dev/null", os.O_RDONLY)
    with open(sys.argv[2], "w") as file:
        print(taken, first, sys.stdout is None, file=file)



globals()[sys.argv[1]]()
