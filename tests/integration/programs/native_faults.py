"""Programs in which CPython's own perf trampolines failed: native_faults.py NAME MODE [ARGUMENT]

MODE native: on() and off() are sys's functions.  MODE ours: they take libpyperf's evaluator away
and put it back, as another user of PEP 523 would.  Whoever prints `fine` has not failed.
"""

import gc
import os
import sys
import time

NATIVE = sys.argv[2:3] == ["native"]


def evaluator_switches():
    """on and off for an evaluator that is set now; CPython 3.6 to 3.8 has no functions for it."""
    python = ctypes.PyDLL(None)
    if not hasattr(python, "_PyInterpreterState_SetEvalFrameFunc"):
        return (lambda: None), (lambda: None)
    address = ctypes.c_void_p
    python.PyInterpreterState_Get.restype = address
    python._PyInterpreterState_GetEvalFrameFunc.restype = address
    python._PyInterpreterState_GetEvalFrameFunc.argtypes = [address]
    python._PyInterpreterState_SetEvalFrameFunc.argtypes = [address, address]
    default = ctypes.cast(python._PyEval_EvalFrameDefault, address)
    interpreter = python.PyInterpreterState_Get()
    present = python._PyInterpreterState_GetEvalFrameFunc(interpreter)
    switch = python._PyInterpreterState_SetEvalFrameFunc
    return (lambda: switch(interpreter, present)), (lambda: switch(interpreter, default))


if NATIVE:
    import ctypes

    def on():
        sys.activate_stack_trampoline("perf")

    off = sys.deactivate_stack_trampoline
elif sys.argv[1:2] != ["writes"]:
    import ctypes

    on, off = evaluator_switches()


def define(name, body="return 42"):
    space = {}
    exec(compile("def %s(n=0):\n    %s" % (name, body), "<new>", "exec"), space)
    return space[name]


def fork(work):
    """What work() returned in a child, which then leaves without cleaning up."""
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            os.write(writing, str(work()).encode())
        finally:
            remove_map()
            os._exit(0)
    os.close(writing)
    with os.fdopen(reading) as pipe:
        told = pipe.read()
    status = os.waitpid(child, 0)[1]
    return told or "child: status %d" % status


def remove_map():
    """Of a child, whose PID the test does not know."""
    try:
        os.remove("/tmp/perf-%d.map" % os.getpid())
    except OSError:
        pass


def expect(**wanted):
    wrong = ["%s: %s, not %s" % ((n,) + pair) for n, pair in wanted.items() if pair[0] != pair[1]]
    print("; ".join(wrong) or "fine", flush=True)


# -- Slots freed while on a stack ------------------------------------------------------------


def switched_off_beneath():
    """Frames return through trampolines that were switched off beneath them, and whose code
    objects nobody else holds."""
    source = """
def leaf(n):
    tidy = collect
    off()
    for i in range(200):
        define("f%d" % i)()
    space.clear()
    tidy()
    return 1
def middle(n):
    return sorted([1], key=leaf)[0] + 1
def numbers(n):
    yield middle(n)
    yield 5
def top(n):
    return list(numbers(n))
"""
    told = []
    for _ in range(3):
        on()
        space = {"off": off, "collect": gc.collect, "define": define}
        space["space"] = space
        exec(compile(source, "<new>", "exec"), space)
        top = space["top"]
        del space["top"]
        told.append(top(1))
        del top
    expect(told=(told, [[2, 5]] * 3))


def switched_while_threads_run():
    """... and daemon threads that still run when the interpreter ends."""
    import threading

    sys.setswitchinterval(0.0005)
    until = time.monotonic() + 0.7
    wrong = []

    def work(number):
        while True:
            source = "return n and 1 + f%d(n - 1)" % number
            function = define("f%d" % number, source)
            if function(20) != 20:
                wrong.append(number)

    for number in range(4):
        threading.Thread(target=work, args=(number,), daemon=True).start()
    times = 0
    while times < 20 or time.monotonic() < until:
        on()
        off()
        times += 1
    on()
    expect(wrong=(wrong, []))


# -- fork --------------------------------------------------------------------------------------


def child_drops_code():
    """A child makes and drops code objects, and those of its parent."""
    on()
    kept = [define("parents%d" % n) for n in range(100)]
    for function in kept:
        function()

    def work():
        for round_ in range(3):
            new = [define("childs%d_%d" % (round_, n)) for n in range(100)]
            total = sum(function() for function in new)
            del new[:], kept[:]
            gc.collect()
        return total

    told = fork(work)
    again = [work(), fork(work)]
    expect(told=(told, "4200"), again=(again, [4200, "4200"]))


def child_goes_on_beneath():
    """A child returns through its parent's trampolines, to the end of the interpreter."""
    on()
    source = "return [step(n - 1)] if n else fork()"
    space = {"fork": os.fork}
    exec(compile("def step(n):\n    " + source, "<new>", "exec"), space)
    told = space["step"](30)
    while isinstance(told, list):
        (told,) = told
    space.clear()
    for number in range(200):
        define("after%d" % number)()
    gc.collect()
    if told == 0:
        remove_map()
        return  # the child ends in good order
    expect(status=(os.waitpid(told, 0)[1], 0))


# -- Repeated activation --------------------------------------------------------------------


def watchers_left():
    """How many code watchers the program can have; CPython gives eight."""
    python = ctypes.PyDLL(None)
    if not hasattr(python, "PyCode_AddWatcher"):
        return 8
    callback = ctypes.PYFUNCTYPE(ctypes.c_int, ctypes.c_int, ctypes.c_void_p)(lambda event, code: 0)
    got = []
    try:
        while len(got) < 9:
            got.append(python.PyCode_AddWatcher(callback))
    except RuntimeError:
        pass
    for number in got:
        python.PyCode_ClearWatcher(number)
    return len(got)


def activated_over_and_over():
    for _ in range(12):
        on()
    for number in range(40):
        on()
        define("when_on%d" % number)()
        off()
        define("when_off%d" % number)()
    left = watchers_left()
    on()
    expect(watchers=(left, 8))


# -- Threads -----------------------------------------------------------------------------------


def threads_meet_the_same():
    """Without a GIL: threads call the same new functions at once.  Extra slots of code objects,
    where native trampolines are kept, are not for this: the program gets the first."""
    import threading

    on()
    python = ctypes.PyDLL(None)
    index = 0
    for name in ("PyUnstable_Eval_RequestCodeExtraIndex", "_PyEval_RequestCodeExtraIndex"):
        if hasattr(python, name) and not NATIVE:
            index = getattr(python, name)(None)
    count = 8
    functions = [define("of_all%d" % n) for n in range(1000)]
    barrier = threading.Barrier(count)
    totals = []

    def work(number):
        barrier.wait()
        totals.append(sum(function() for function in functions))
        totals.append(sum(define("of_%d_%d" % (number, n))() for n in range(1000)))

    threads = [threading.Thread(target=work, args=(n,)) for n in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    expect(totals=(totals, [42000] * 2 * count), index_of_extra_slot=(index, 0))


# -- Depth, writes ---------------------------------------------------------------------------


def depth():
    def recurse(n):
        return n and recurse(n - 1)

    on()
    told = []
    # Before 3.11 every call takes C stack without an evaluator, too.
    for limit in [999, 20000] if sys.version_info >= (3, 11) else [999, 5000]:
        sys.setrecursionlimit(limit)
        try:
            told.append(recurse(limit - 20))
        except RecursionError:
            told.append("RecursionError below a limit of %d" % limit)
    expect(told=(told, [0, 0]))


def write_calls():
    with open("/proc/self/io") as file:
        return int(file.read().split("syscw: ")[1].split()[0])


def executable_mappings():
    with open("/proc/self/maps") as file:
        return sorted(line.split()[0] for line in file if " r-xp " in line)


def has_map(since):
    """Not one that an earlier process of this PID left."""
    try:
        return os.stat("/tmp/perf-%d.map" % os.getpid()).st_mtime > since
    except OSError:
        return False


def writes():
    """2,000 new functions, and a child that calls them all again.  Not with ctypes imported, which
    may import threading: that runs a function in each child."""
    if NATIVE:
        on()
    began = time.time() - 0.1  # file times come from a clock that lags by a tick
    functions = [define("new%d" % n) for n in range(2000)]
    before = write_calls()
    for function in functions:
        function()
    calls = write_calls() - before
    mapped = executable_mappings()

    def work():
        before = write_calls()
        for function in functions:
            function()
        copied = len(executable_mappings()) - len(mapped)
        return [write_calls() - before, copied, has_map(began)]

    work()  # so that it is not new to the child
    told = fork(work)
    few = calls if calls > 200 else "few"
    expect(write_calls_for_2000_functions=(few, "few"), writes_copies_and_map_of_a_child=(told, "[0, 0, False]"))


# -- Maps ---------------------------------------------------------------------------------------


def in_another_pid_namespace():
    """A child for which its parent has no PID still has its parent's names.  It is the first
    process of its namespace; /tmp is a folder of its own, argument 3, in which the parent's map
    is the same file."""
    on()
    if NATIVE and hasattr(sys, "activate_stack_trampoline"):
        ctypes.PyDLL(None).PyUnstable_PerfTrampoline_SetPersistAfterFork(1)
    old = [define("inherited%d" % n) for n in range(500)]
    for function in old:
        function()
    os.link("/tmp/perf-%d.map" % os.getpid(), "%s/perf-%d.map" % (sys.argv[3], os.getpid()))
    libc = ctypes.CDLL(None, use_errno=True)
    mount_bind, clone_newpid = 4096, 0x20000000
    if libc.mount(sys.argv[3].encode(), b"/tmp", None, mount_bind, None) or libc.unshare(clone_newpid):
        print("no way", os.strerror(ctypes.get_errno()))
        return

    def work():
        define("of_child")()
        with open("/tmp/perf-%d.map" % os.getpid()) as file:
            text = file.read()
        missing = [n for n in range(500) if "py::inherited%d:" % n not in text]
        return [os.getppid(), len(missing), "py::of_child:" in text]

    expect(parent_missing_names_new_name=(fork(work), "[0, 0, True]"))


def orphan():
    """A grandchild whose parent is gone before it meets its first new function."""
    on()
    define("of_elder")()
    reading, writing = os.pipe()

    def middle():
        define("of_middle")()
        if os.fork():
            os._exit(0)
        while os.getppid() == parent:
            time.sleep(0.01)
        define("of_orphan")()
        with open("/tmp/perf-%d.map" % os.getpid()) as file:
            text = file.read()
        remove_map()
        who = "elder", "middle", "orphan"
        os.write(writing, repr(["py::of_%s:" % name in text for name in who]).encode())
        os._exit(0)

    child = os.fork()
    if child == 0:
        parent = os.getpid()
        middle()
    os.waitpid(child, 0)
    os.close(writing)
    with os.fdopen(reading) as pipe:
        told = pipe.read()
    try:
        os.remove("/tmp/perf-%d.map" % child)
    except OSError:
        pass
    expect(elder_middle_orphan=(told, "[True, True, True]"))


def another_evaluator():
    probe = ctypes.PyDLL(sys.argv[3])
    probe.install()
    if NATIVE:
        on()
    told = define("beneath_another")()
    expect(told=(told, 42), seen_by_the_other=(probe.restore() > 0, True))


if __name__ == "__main__":
    globals()[sys.argv[1]]()
