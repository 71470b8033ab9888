"""Lives in narrow circumstances, by name, and says what it saw."""

import os
import resource
import signal
import sys
import time


def define(name):
    space = {}
    exec(compile("def %s(): return 42" % name, "<new>", "exec"), space)
    return space[name]


def many(count=6000):
    return sum(define("f%d" % n)() for n in range(count))


def limit(name, value):
    kind = getattr(resource, "RLIMIT_" + name)
    resource.setrlimit(kind, (value, resource.getrlimit(kind)[1]))


def file_size(when):
    """The kernel kills with SIGXFSZ who ignores RLIMIT_FSIZE; Python itself ignores that signal,
    which an embedder or a user need not."""
    signal.signal(signal.SIGXFSZ, signal.SIG_DFL)
    if when == "late":
        many(10)
        limit("FSIZE", 4096)
    print(many())


def memory():
    limit("AS", 200 << 20)
    print(many())
    kept = []
    try:
        while True:
            kept.append(bytearray(1 << 20))
    except MemoryError:
        pass
    more = define("in_need")()  # first seen where there is no memory at all
    del kept
    print(more, many(100))


def descriptors():
    limit("NOFILE", 32)
    print(many())
    kept = []
    try:
        while True:
            kept.append(os.open("/dev/null", os.O_RDONLY))
    except OSError as error:
        print(error.errno, len(kept))
    print(define("no_descriptor_left")())
    child = os.fork()
    if child == 0:
        os._exit(define("nor_in_child")())
    print(os.waitpid(child, 0)[1])


def processes():
    limit("NPROC", 1)
    print(many(100))


def removed():
    """Somebody tidies up /tmp meanwhile, and truncates what they find."""
    many(10)
    folder = os.environ.get("PYPERF_DIR", "/nonexistent")
    ours = ["/tmp/perf-%d.map" % os.getpid()]
    if os.path.isdir(folder):
        ours += [os.path.join(folder, name) for name in os.listdir(folder)]
    for number, path in enumerate(ours):
        if os.path.exists(path):
            os.remove(path)
    print(many())


def changed_root():
    """chroot to an empty folder: no /tmp, no /proc."""
    many(10)
    os.chroot(sys.argv[2])
    os.chdir("/")
    print(many())
    child = os.fork()
    if child == 0:
        os._exit(define("in_child")())
    print(os.waitpid(child, 0)[1])


def strict():
    """seccomp's strict mode: nothing but read, write and exit, or SIGKILL."""
    import ctypes

    prctl = ctypes.CDLL(None).prctl
    familiar = define("familiar")
    print(familiar(), flush=True)
    prctl(22, 1, 0, 0, 0)  # PR_SET_SECCOMP, SECCOMP_MODE_STRICT
    result = familiar()
    os.write(1, b"%d\n" % result)
    while True:  # _exit() asks for exit_group, which strict mode forbids
        os.write(1, b"")
        ctypes.CDLL(None).syscall(60, 0)


def filtered():
    """A filter that answers whatever is needed to open or remove a file with SIGKILL."""
    import ctypes
    import platform
    import struct

    forbidden = {  # open, openat, unlink, chmod, prctl; asm/unistd.h
        "x86_64": (2, 257, 87, 90, 157),
        "aarch64": (56, 35, 53, 167),
    }[platform.machine()]
    code = [struct.pack("HBBI", 0x20, 0, 0, 0)]  # load the call's number; linux/filter.h
    for number in forbidden:
        code.append(struct.pack("HBBI", 0x15, 0, 1, number))  # equal? else skip
        code.append(struct.pack("HBBI", 0x06, 0, 0, 0x80000000))  # SECCOMP_RET_KILL_PROCESS
    code.append(struct.pack("HBBI", 0x06, 0, 0, 0x7FFF0000))  # SECCOMP_RET_ALLOW
    text = ctypes.create_string_buffer(b"".join(code))
    program = struct.pack("HxxxxxxP", len(code), ctypes.addressof(text))
    prctl = ctypes.CDLL(None).prctl
    many(10)
    assert prctl(38, 1, 0, 0, 0) == 0  # PR_SET_NO_NEW_PRIVS
    assert prctl(22, 2, program, 0, 0) == 0  # PR_SET_SECCOMP, SECCOMP_MODE_FILTER
    names = many(100)
    begin = time.monotonic()
    while time.monotonic() - begin < 0.05:
        many(1)
    print(names)
    sys.stdout.flush()


def closed():
    """Standard streams closed: descriptors 0 to 2 must stay free for the program."""
    for number in range(3):
        os.close(number)
    many(3000)
    numbers = [os.open("/dev/null", os.O_RDWR) for _ in range(3)]
    with open(sys.argv[2], "w") as file:
        print(numbers, file=file)


if __name__ == "__main__":
    name = sys.argv[1]
    globals()[name](*([sys.argv[2]] if name == "file_size" else []))
