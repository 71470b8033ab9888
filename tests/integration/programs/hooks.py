"""Programs that use what an evaluator may disturb, by name: tracing, profiling, other hooks."""

import ctypes
import os
import sys


def define(name, body="return 42"):
    space = {}
    exec(compile("def %s():\n    %s" % (name, body), "<new>", "exec"), space)
    return space[name]


def evaluator(library):
    probe = ctypes.PyDLL(library)
    define("first")()
    probe.install()
    define("beneath_another")()
    for _ in range(100):
        define("f")()
    counted = probe.restore()
    define("after_another")()
    print(counted > 100)


def in_a_deep_thread(function):
    """Where hooked calls use up their part of the stack after 100 to 250 calls."""
    import threading

    sys.setrecursionlimit(3000)
    threading.stack_size(1 << 20)
    thread = threading.Thread(target=function)
    thread.start()
    thread.join()


def descend(depth, at_bottom=lambda: None):
    if depth:
        descend(depth - 1, at_bottom)
    else:
        at_bottom()


def deep_evaluator(library):
    """Above ours while the stack is short: it sees each call, and ours goes on below it."""
    probe = ctypes.PyDLL(library)

    def run():
        probe.install()
        descend(400)
        descend(400, define("deep_beneath_another"))
        print(probe.restore() >= 2 * 401)  # and what the main thread calls meanwhile
        descend(400)  # ours alone
        define("after_deep")()

    in_a_deep_thread(run)


def evaluator_comes_deep(library):
    """Comes where the stack is short, and goes there or further up."""
    probe = ctypes.PyDLL(library)

    def come_and_go():
        probe.install()
        descend(100)
        print(probe.restore() >= 101)

    def run():
        descend(400, come_and_go)
        define("after_it_went")()
        descend(400, probe.install)
        descend(100)
        print(probe.restore() >= 300)

    in_a_deep_thread(run)


def evaluator_goes_deep(library):
    """Is there before the stack is short, and goes where it is."""
    probe = ctypes.PyDLL(library)

    def run():
        probe.install()
        descend(400, lambda: print(probe.restore() >= 401))
        define("after_it_went")()

    in_a_deep_thread(run)


def called_often():
    def leaf(n):
        return n and leaf(n - 1)

    for _ in range(100):
        leaf(20)
    sys.modules.pop("marshal")
    import marshal  # must not install anything a second time

    print(marshal.loads(marshal.dumps(leaf(5))))


def rude_evaluator(library):
    probe = ctypes.PyDLL(library)
    probe.install_rudely()
    for _ in range(100):
        define("f")()
    print(probe.restore() > 100, define("g")())


def code_extra(library):
    import gc

    probe = ctypes.PyDLL(library)
    for name in "set_extra get_extra".split():
        getattr(probe, name).restype = ctypes.c_long
    probe.set_extra.argtypes = [ctypes.py_object, ctypes.c_long, ctypes.c_void_p]
    probe.get_extra.argtypes = [ctypes.py_object, ctypes.c_long]
    index = probe.request_index()
    function = define("marked")
    function()
    print(index, probe.set_extra(function.__code__, index, 7), probe.get_extra(function.__code__, index))
    others = [define("other%d" % n) for n in range(50)]
    print([f() for f in others][:3], [probe.get_extra(f.__code__, index) for f in others][:3])
    del others[:]
    gc.collect()
    function()
    print(probe.get_extra(function.__code__, index))
    del function
    gc.collect()
    print(probe.freed_count(), probe.freed_null_count())


def native_api():
    """sys.activate_stack_trampoline(), 3.12+."""
    told = [repr(sys.activate_stack_trampoline), sys.activate_stack_trampoline.__doc__]
    for backend in ("nonsense", 3):
        try:
            sys.activate_stack_trampoline(backend)
        except Exception as error:
            told.append(repr(error))
    define("before_native")()
    told.append(sys.is_stack_trampoline_active())
    sys.activate_stack_trampoline("perf")
    told.append(sys.is_stack_trampoline_active())
    define("during_native")()
    sys.activate_stack_trampoline("perf")
    sys.deactivate_stack_trampoline()
    told.append(sys.is_stack_trampoline_active())
    define("after_native")()
    sys.deactivate_stack_trampoline()
    sys.activate_stack_trampoline("perf")
    child = os.fork()
    if child == 0:
        define("in_child")()
        os._exit(0 if sys.is_stack_trampoline_active() else 1)
    told.append(os.waitpid(child, 0)[1])
    sys.deactivate_stack_trampoline()
    print(told)


def native_api_deep():
    """The same where the stack is short: activated there, deactivated further up."""
    if not hasattr(sys, "activate_stack_trampoline"):
        print("no way")
        return

    def run():
        descend(400, lambda: sys.activate_stack_trampoline("perf"))
        print(sys.is_stack_trampoline_active())
        sys.deactivate_stack_trampoline()
        define("after_native")()
        descend(400)
        print(sys.is_stack_trampoline_active())

    in_a_deep_thread(run)


# -- Tools ------------------------------------------------------------------------------------

SUBJECT = """
def fib(n):
    return n if n < 2 else fib(n - 1) + fib(n - 2)
def numbers(n):
    for i in range(n):
        yield fib(i)
class Thing:
    def __init__(self, x):
        self.x = x
    @property
    def double(self):
        return self.x * 2
    def __lt__(self, other):
        return self.x < other.x
def fails():
    try:
        [][1]
    except IndexError:
        raise ValueError("no")
async def waits(n):
    return n and 1 + await waits(n - 1)
def run():
    total = sum(numbers(8))
    things = sorted([Thing(i * 7 % 5) for i in range(5)])
    total += sum(t.double for t in things) + sum(map(lambda t: t.x, things))
    try:
        fails()
    except ValueError:
        total += 1
    try:
        waits(5).send(None)
    except StopIteration as stop:
        total += stop.value
    return total
"""


def subject():
    space = {"__name__": "subject"}
    exec(compile(SUBJECT, "<subject>", "exec"), space)
    return space["run"]


def settrace():
    events = []

    def trace(frame, event, argument):
        if frame.f_code.co_filename == "<subject>":
            events.append((event, frame.f_code.co_name, frame.f_lineno, repr(argument)[:40].split(" at ")[0]))
        return trace

    run = subject()
    sys.settrace(trace)
    total = run()
    sys.settrace(None)
    print(total, len(events))
    for event in events:
        print(event)


def setprofile():
    events = []

    def profile(frame, event, argument):
        if frame.f_code.co_filename == "<subject>":
            events.append((event, frame.f_code.co_name, getattr(argument, "__name__", type(argument).__name__)))

    run = subject()
    sys.setprofile(profile)
    total = run()
    sys.setprofile(None)
    print(total, len(events))
    for event in events:
        print(event)


def monitoring():
    """sys.monitoring, 3.12+."""
    # Not C_RETURN and C_RAISE: see docs/differences.md.
    names = "PY_START PY_RESUME PY_RETURN PY_YIELD CALL LINE RAISE PY_UNWIND PY_THROW RERAISE".split()
    events = []
    api = sys.monitoring
    api.use_tool_id(1, "guest")
    every = 0

    def note(name):
        def callback(code, *arguments):
            if code.co_filename == "<subject>":
                events.append((name, code.co_name, [a for a in arguments if type(a) is int]))

        return callback

    for name in names:
        event = getattr(api.events, name)
        api.register_callback(1, event, note(name))
        every |= event
    run = subject()
    api.set_events(1, every)
    total = run()
    api.set_events(1, 0)
    api.free_tool_id(1)
    print(total, len(events))
    for event in events:
        print(event)


def cprofile():
    import cProfile
    import pstats

    profiler = cProfile.Profile()
    total = profiler.runcall(subject())
    stats = pstats.Stats(profiler).stats
    print(total, sorted((f[2], f[1], s[0], s[1]) for f, s in stats.items() if f[0] == "<subject>"))


def tracemalloc():
    import tracemalloc

    space = {}
    exec(compile("def allocate():\n    return [bytes(1000) for _ in range(100)]", "<new>", "exec"), space)
    tracemalloc.start(5)
    kept = space["allocate"]()
    snapshot = tracemalloc.take_snapshot().filter_traces([tracemalloc.Filter(True, "<new>")])
    print(len(kept), [(s.count, s.size, str(s.traceback)) for s in snapshot.statistics("lineno")])


def faulthandler():
    import faulthandler

    def inner():
        faulthandler.dump_traceback(all_threads=False)

    sorted([1], key=lambda _: inner())
    faulthandler.enable()
    os.kill(os.getpid(), 11)


def frames():
    import inspect
    import traceback

    def inner():
        return [f.function for f in inspect.stack()], sys._getframe(1).f_code.co_name

    print(list(map(lambda _: inner(), [1])))
    try:
        subject().__globals__["fails"]()
    except ValueError:
        traceback.print_exc()


def tracing_module():
    import trace

    tracer = trace.Trace(count=True, trace=False, countcallers=True)
    total = tracer.runfunc(subject())
    counts = tracer.results().counts
    print(total, sorted((k[1], v) for k, v in counts.items() if k[0] == "<subject>"))


if __name__ == "__main__":
    globals()[sys.argv[1]](*sys.argv[2:])
