"""Whatever depth a program reaches without the library it reaches with it.

Each case prints its table: shape, recursion limit, stack, the plain depth and ours.  By default on
the main thread and three sizes of thread; PYPERF_TEST_ALL=1 takes all sizes.
"""

import collections
import os

import harness
from harness import case

SHAPES = "plain coroutines callback exception descend hovering".split()
# CPython inlines these once they are specialised.  warm_: in a program that has long been running.
INLINED = "generators init properties subscript".split()
SHAPES += INLINED + ["warm_" + shape for shape in INLINED]
# What calls itself through C: CPython limits that.
THROUGH_C = """callback descend c_repr c_equal c_sorted c_getattr c_missed c_json c_pickle c_enumerate
    c_exec c_and_python python_above_c""".split()
SHAPES += "star keyword yield_from method".split()
LIMITS = ((0, 2000), (200000, 100000))  # Python's own limit, and one far above
# 1 MiB is far more than the 1,000 calls of Python's own limit need; with one far above it is the
# stack that ends them, and the smallest and a large one show whether its end is seen.
STACKS = {0: (0, 128, 256), 200000: (0, 128, 1024)}
JIT_STACKS = (0, 128, 192, 256, 1024)
ALL_STACKS = (0, 64, 128, 256, 512, 1024, 8192)  # KiB; 0: the main thread

Depth = collections.namedtuple("Depth", "depth how")

def dive(t, env, shape, limit, most, stack, library):
    """How deep the program got; how: its own words, or that it died."""
    argv = [t.python.path, "-S", t.program("recursion.py"), shape, str(limit), str(most)]
    if library:
        env = t.preload(**env)
    done = t.run(argv + [str(stack)], env)
    images = t.image_paths()
    assert bool(images) == library, "the library did not run"
    for path in images:
        os.remove(path)
    words = done.stdout.decode().split(None, 1)
    if done.code == 0:
        return Depth(int(words[0]), words[1].strip())
    told = [line for line in done.stderr.split(b"\n") if line.isdigit()]
    depth = int(words[0]) if words else int(told[-1]) if told else 0
    return Depth(depth, "died of %d%s" % (-done.code, " afterwards" if words else ""))


def worse(plain, ours):
    """Why ours is no parity, or None.  A tenth of the depth may go where stack is what ends it."""
    if plain.how.startswith("died"):
        return None if ours.depth >= 0.9 * plain.depth - 100 else "dies earlier"
    if ours.how.startswith("died"):
        return "dies where the plain one lives"
    if plain.how != ours.how and not (
        plain.how.startswith("Recursion") and ours.how.startswith("Recursion")
    ):
        return None if ours.depth > plain.depth else "ends otherwise"
    return None if ours.depth >= 0.9 * plain.depth - 5 else "is less deep"


def unlike(plain, ours):
    """The same where the program may not get deeper either."""
    if plain.how.startswith("Recursion") and ours.depth > 1.1 * plain.depth + 5:
        return "is deeper"
    return worse(plain, ours)


def compare(t, shapes, env=None, stacks=None, limits=LIMITS, judge=worse):
    if os.environ.get("PYPERF_TEST_ALL"):
        stacks = ALL_STACKS
    lines, bad = [], []
    for shape in shapes:
        for limit, most in limits:
            for stack in stacks or STACKS[limit]:
                key = (shape, limit, most, stack)
                plain = dive(t, dict(env or {}), *key, library=False)
                ours = dive(t, dict(env or {}), *key, library=True)
                why = judge(plain, ours)
                if why and stack and ours.how.startswith("died"):
                    # Within a tenth of the end of this stack, the plain one lives by luck.
                    less = dive(t, dict(env or {}), *key[:3], stack * 9 // 10, library=False)
                    why = why if not less.how.startswith("died") else None
                line = "%-15s limit %6s stack %6s: %6d %-32.32s ours %6d %-32.32s%s" % (
                    shape,
                    limit or "default",
                    "%d KiB" % stack if stack else "main",
                    plain.depth,
                    plain.how,
                    ours.depth,
                    ours.how,
                    " " + why if why else "",
                )
                lines.append(line)
                if why:
                    bad.append(line)
    assert not bad, "\n".join(bad)
    return "\n" + "\n".join(lines)


@case("recursion", each=harness.supported)
def every_depth_is_reached(t):
    return compare(t, SHAPES)


@case("recursion", each=harness.since(3, 11))
def through_c_it_goes_as_deep_and_no_deeper(t):
    return compare(t, THROUGH_C, stacks=(0, 1024), limits=LIMITS[1:], judge=unlike)


JIT = "import sys; assert sys._jit.is_available()"


@case("recursion", each=harness.where(JIT, "no interpreter here has a JIT"))
def with_the_jit(t):
    # Its optimizer needs 123 KB of stack in 3.14.
    return compare(t, ["plain", "hovering"] + INLINED, {"PYTHON_JIT": "1"}, JIT_STACKS)


@case("recursion", each=harness.supported)
def a_raised_stack_limit(t):
    """A thread next to a main stack that claims 512 MiB: its end must still be seen."""
    code = """
import resource, sys, threading
hard = resource.getrlimit(resource.RLIMIT_STACK)[1]
resource.setrlimit(resource.RLIMIT_STACK, (1 << 29, hard))
sys.setrecursionlimit(100000)
threading.stack_size(1 << 20)
most = 50000 if sys.version_info >= (3, 11) else 1000
def dive(n):
    return n if n == most else dive(n + 1)
thread = threading.Thread(target=lambda: print(dive(0)))
thread.start()
thread.join()
print(dive(0))
"""
    plain = t.run([t.python.path, "-c", code], {})
    ours = t.py("-c", code)
    assert ours[:3] == plain[:3] and plain.code == 0, "plain %s\nours %s" % (plain, ours)


@case("recursion", each=harness.having("greenlet"))
def greenlets(t):
    argv = [t.python.path, t.program("recursion.py"), "greenlets", "100000", "4000", "0"]
    plain, ours = t.run(argv, None), t.run(argv, t.preload())
    assert (plain.stdout, plain.code) == (ours.stdout, ours.code), "%s\n%s" % (plain[:3], ours[:3])


@case("recursion", each=harness.supported)
def an_interrupt_at_the_limit(t):
    """Comes, or is lost, as without the library.  With 3.12.1's -X perf it is lost, and
    test_print_exception_gh_102056 hangs (docs/differences.md)."""
    argv = [t.python.path, t.program("interrupt.py")]
    plain, ours = t.run(argv, None), harness.check_ok(t.run(argv, t.preload()))
    assert ours.stdout == plain.stdout, "%s, plain %s" % (ours.stdout, plain.stdout)
    return plain.stdout.decode().strip()
