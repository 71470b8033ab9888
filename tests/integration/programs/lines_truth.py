"""Works on known lines, in code of many shapes.  For Python 3.6 to 3.15.

    lines_truth.py REPORT SCALE

Two things are known of a sample.  Each function w01, w02... is called from one line only, and notes
by the interpreter's own frames which lines its callers are at: below a w17 all frames have the lines
of w17's note.  And a line that loops alone notes when: between the two moments the frame is there.
What was noted goes to the file REPORT.
"""

import asyncio
import contextlib
import functools
import gc
import json
import os
import re
import sys
import threading
import time
import zlib

SCALE = float(sys.argv[2])
DATA = b"x" * int(200000 * SCALE)
chains = {}  # name of a w -> set of chains: ((name, file, line), ...), leaf first
windows = []  # (from, to, how many lines, chain of the line behind them), of the main thread
now = time.monotonic


def chain_of(frame):
    chain = []
    while frame is not None:
        code = frame.f_code
        chain.append((code.co_name, os.path.basename(code.co_filename), frame.f_lineno))
        frame = frame.f_back
    return tuple(chain)


def note():
    frame = sys._getframe(1)
    chains.setdefault(frame.f_code.co_name, set()).add(chain_of(frame))


def looped(since, lines=1):
    """Since then the lines above the caller's looped."""
    until = now()
    windows.append((since, until, lines, chain_of(sys._getframe(1))))


def make(name, value="1"):
    """A function that works on known lines in C."""
    text = "def %s(*a, **k):\n    note()\n    crc32(DATA)\n    adler32(\n        DATA\n    )\n    return %s\n"
    made = {"note": note, "crc32": zlib.crc32, "adler32": zlib.adler32, "DATA": DATA}
    exec(compile(text % (name, value), "works.py", "exec"), made)
    return made[name]


with open(__file__) as source:
    for name in set(re.findall("w[0-9]{3}", source.read())):
        globals()[name] = make(name)

TIMES = range(int(2500 * SCALE))
FEW = range(int(25 * SCALE) + 1)
RAISES = range(int(400 * SCALE))


# -- Calls -----------------------------------------------------------------------------------


def plain(a, b=2, *rest, **words):
    w001()
    x = w002(
        a,
        b,
    )
    y = [
        w003(1),
        w004(2), w005(
            w006(3)
        ),
    ]
    z = {"a": w007(), "b": w008(*rest), "c": w009(**words),
         "d": w010(1, *rest, **words)}
    w011(); w012()
    assert w013(), w014()
    if (w015()
            and w016()
            and not w017()):
        w018()
    elif w019():
        w020(x, y, z)
    return (
        w021()
        if w022()
        else 0
    ) + w023()


def finals():
    try:
        w024()
        try:
            raise KeyError(w025())
        except (ValueError, TypeError):
            w026()
        finally:
            w027()
    except KeyError as error:
        w028(error)
    else:
        w029()
    finally:
        w030()
    for i in (1, 2):
        try:
            if i == 1:
                continue
            w031()
            break
        finally:
            w032()
    number = 0
    while number < 2:
        number += 1
        w033()
    else:
        w034()
    return w035()


def inner(depth):
    yield w036()
    if depth:
        yield from inner_too(depth - 1)
    w037()


def inner_too(depth):
    for x in inner(depth):
        w038()
        yield x
    try:
        yield w039()
    finally:
        w040()


def consumer():
    for x in inner(3):
        w041()
    a, b, *rest = three()
    total = sum(x for x in closing())
    total += sum([x * w042() for x in (1, 2)])
    found = {w043(): w044() for _ in (1, 2)}
    nested = [[w045() for _ in (1,)] for _ in range(w046())]
    generator = sender()
    next(generator)
    generator.send(w047())
    try:
        generator.throw(ValueError())
    except StopIteration:
        w048()
    half = sender()
    next(half)
    del half
    return w049(a, b, rest, total, found, nested)


def three():
    yield w050()
    yield w051()
    yield w052()


def closing():
    w053()
    yield 1
    w054()
    yield 2


def sender():
    got = 1
    try:
        got = yield w055()
        w056(got)
        yield got
    except ValueError:
        w057()
    finally:
        w058()


def decorate(function):
    @functools.wraps(function)
    def wrapper(*args, **words):
        w059()
        return function(*args, **words)
    return wrapper


def with_argument(*_):
    return decorate


@decorate
@with_argument(1)
def decorated(n):
    return w060(n)


@functools.lru_cache(maxsize=None)
def cached(n):
    return w061(n)


@contextlib.contextmanager
def manager():
    w062()
    try:
        yield w063()
    finally:
        w064()


def managers():
    decorated(1)
    cached(time.time())
    with manager() as one, \
            manager_too():
        w065()
    with Enters():
        w066()
    try:
        with Enters():
            raise KeyError
    except KeyError:
        w067()
    with contextlib.ExitStack() as stack:
        stack.callback(w068)
        w069()


@contextlib.contextmanager
def manager_too():
    w070()
    yield
    w071()


class Enters:
    def __enter__(self):
        w072()

    def __exit__(self, kind, value, trace):
        if kind is None:
            w073()
        else:
            w074()


class Base:
    def __init__(self, a):
        self.a = w075(a)

    def method(self):
        return w076()


class Number(Base):
    def __init__(self):
        super().__init__(w077())
        w078()

    def method(self):
        return super().method() + \
            w079()

    @property
    def value(self):
        return w080()

    @value.setter
    def value(self, given):
        w081()

    @staticmethod
    def static():
        return w082()

    @classmethod
    def of_class(cls, *args):
        return w083()

    def __add__(self, other):
        return w084()

    def __radd__(self, other):
        return w085()

    def __iadd__(self, other):
        w086()
        return self

    def __lt__(self, other):
        return w087()

    def __eq__(self, other):
        return w088()

    def __hash__(self):
        return w089()

    def __getitem__(self, key):
        return w090()

    def __setitem__(self, key, value):
        w091()

    def __delitem__(self, key):
        w092()

    def __contains__(self, key):
        return w093()

    def __iter__(self):
        w094()
        return iter((1, 2))

    def __len__(self):
        return w095()

    def __call__(self, *args, **words):
        return w096()

    def __getattr__(self, name):
        return w097()

    def __format__(self, spec):
        return str(w098())

    def __str__(self):
        return str(w099())

    def __bool__(self):
        return bool(w100())

    def __neg__(self):
        return w101()

    def __index__(self):
        return w102()

    def __del__(self):
        w103()

    def __instancecheck__(self, other):
        return w104()

    def __missing__(self, key):
        return w105()


def operators():
    n = Number()
    n.method()
    n.value
    n.value = 3
    n.static()
    n.of_class(
        1,
        2,
    )
    n + 1
    1 + n
    n += 1
    n < 1
    n == 1
    {n: 1}
    n[1]
    n[1] = 2
    del n[1]
    1 in n
    list(n)
    len(n)
    n(1)
    n.absent
    f"a {n:x}"
    str(n)
    not n
    -n
    (1, 2, 3)[n]
    try:
        isinstance(1, n)
    except TypeError:
        pass
    del n


def last():
    x = Number.__new__(Number)
    x = None
    for x in Falling():
        w106()


class Falling:
    def __iter__(self):
        self.n = 0
        return self

    def __next__(self):
        self.n += 1
        if self.n > 2:
            raise StopIteration(w107())
        return w108()


def callbacks():
    sorted([3, 1, 2], key=key)
    [3, 1, 2].sort(key=lambda n: w109(n))
    list(map(mapped, [1, 2]))
    list(filter(lambda n: w110(n), [1, 2]))
    re.sub("a", replace, "banana")
    max([1, 2], key=lambda n: -w111(n))
    functools.reduce(lambda a, b: a + w112(b), [1, 2, 3])
    next(iter(iterated, None), None)
    {}.setdefault("a", w113())
    print(Printed(), file=Sink())
    (lambda: w114())(); (lambda: w115())()
    for function in [lambda: w116(), lambda: w117(), lambda: (
            w118())]:
        function()
    json.loads('{"a": 1}', object_hook=hook)
    json.dumps(object(), default=simple)
    functools.partial(functools.partial(w119, 1), 2)()
    eval("w120()")
    exec("\n\nw121()\nw122()")
    type("Made", (), {"__init_subclass__": classmethod(made)})
    return sum(w123() for _ in (1, 2))


def key(n):
    return w124()


def mapped(n):
    return w125()


def replace(match):
    return str(w126())


def iterated():
    return w127()


class Printed:
    def __repr__(self):
        return str(w128())


class Sink:
    def write(self, text):
        w129()


def hook(thing):
    return w130()


def simple(thing):
    return w131()


def made(*args):
    return w132()


def bodies():
    class Outer(made_base()):
        w133()

        class Inner:
            x = w134()
            y = [w135() for _ in (1,)]

        def method(self, default=w136()):
            pass

        z = w137()
    return Outer


def made_base():
    w138()
    return object


# -- Deep, threads, asyncio ------------------------------------------------------------------


def odd(n):
    if n:
        return even(n - 1)
    return w139()


def even(n):
    if n % 4:
        return odd(n - 1)
    elif n:
        x = third(n - 1)
        return x
    return w140()


def third(n):
    return odd(n)


def deep():
    odd(200)
    odd(31)


def threads():
    started = [
        threading.Thread(target=in_thread, args=(n,)) for n in range(3)
    ]
    for thread in started:
        thread.start()
    for thread in started:
        thread.join()


def in_thread(n):
    if n == 0:
        w141()
    elif n == 1:
        w142()
        w143()
    else:
        for _ in (1, 2):
            w144()
    plain(1, 2, 3, word=4)


class Gate:
    async def __aenter__(self):
        w145()
        await asyncio.sleep(0)
        w146()

    async def __aexit__(self, *args):
        await asyncio.sleep(0)
        w147()


async def numbers():
    for n in range(2):
        w148()
        await asyncio.sleep(0)
        yield n
        w149()


async def child(n):
    w150()
    await asyncio.sleep(0)
    try:
        w151()
        return w152()
    finally:
        w153()


async def parent():
    async with Gate():
        w154()
        x = await child(
            w155()
        )
    async for x in numbers():
        w156()
    await asyncio.gather(*[child(n) for n in range(2)])
    y = [x async for x in numbers()]
    task = asyncio.ensure_future(child(3))
    await asyncio.sleep(0)
    w157()
    await task
    asyncio.get_event_loop().call_soon(w158)
    await asyncio.sleep(0)
    return w159(x, y)


def event_loop():
    loop = asyncio.new_event_loop()
    asyncio.set_event_loop(loop)
    try:
        loop.run_until_complete(parent())
    finally:
        w160()
        loop.close()


# -- Code of its own -------------------------------------------------------------------------

AGAIN = """{pad}
def again():
    {first}()
    {second}()


again()
"""


def redefined():
    """The same few addresses hold code after code."""
    for number in range(12):
        names = {}
        for name in ("w3%02d" % (number * 2), "w3%02d" % (number * 2 + 1)):
            names[name] = make(name)
        text = AGAIN.format(pad="\n" * (number * 7 % 5), first=sorted(names)[0], second=sorted(names)[1])
        code = compile(text, "again_%d.py" % number, "exec")
        exec(code, names)
        del code, names
        gc.collect()


NEWER = {
    (3, 8): """
def newer():
    if (n := w400()) \\
            and w401():
        print(f"{w402()=}", file=open("/dev/null", "w"))
    return [m := w403(), m]
newer()
""",
    (3, 10): """
def newer():
    match (w410(), 2):
        case (1, 3):
            w411()
        case (1, x) if w412():
            w413()
    with (manager() as a, manager_too()):
        w414()
newer()
""",
    (3, 11): """
def newer():
    try:
        raise ExceptionGroup("a", [ValueError(w420()), KeyError()])
    except* ValueError:
        w421()
    except* KeyError:
        w422()
    finally:
        w423()
newer()
""",
    (3, 12): """
def newer[T: (int, str)](x: T) -> T:
    type A = w430()
    A.__value__
    print(f"{
        w431()
    } {w432()}", file=open("/dev/null", "w"))
newer(1)
""",
    (3, 14): """
def newer():
    x = t"{w440()} {w441():x}"
    def annotated(a: w442()): pass
    annotated.__annotations__
newer()
""",
}


def newer():
    for version, text in sorted(NEWER.items()):
        if sys.version_info >= version:
            names = dict(globals())
            for name in re.findall("w4..", text):
                names[name] = make(name)
            exec(compile(text, "newer_%d_%d.py" % version, "exec"), names)


# -- Bytecode --------------------------------------------------------------------------------


class Slots:
    __slots__ = ("a", "b")


class Plain:
    one = 1

    def __init__(self):
        self.a = 1
        self.b = 2

    def method(self):
        return self.a


def integers():
    a, b, c = 3, 5, 7
    big = 3 ** 2000
    t = now()
    for _ in TIMES: a = b + c - a; b = a * 3 & 255; c = (a | b) ^ 1
    looped(t)
    for _ in FEW: pass
    t = now()
    for _ in TIMES: x = -a; y = ~x; z = not y; x = +z; x = a << 2 >> 1; y = a // 3 % 7
    looped(t)
    t = now()
    for _ in FEW: big * big; big + big; big // 12345678912345678
    looped(t)
    t = now()
    for _ in TIMES: a += 1; a -= 1; a *= 1; a |= 1; b = a if a > b else c
    looped(t)
    t = now()
    while a < len(TIMES): a += 1; b = a
    looped(t)


def others():
    a, b, s, data = 2.5, 0.5, "abc", b"abc"
    t = now()
    for _ in TIMES: a = a * b + 1.0 - b / 2.0; b = a ** 0.5
    looped(t)
    t = now()
    for _ in TIMES: x = s + "d"; y = s[1]; z = s == x; v = s in x; w = "%s" % s; u = f"{s}{x}"
    looped(t)
    t = now()
    for _ in TIMES: x = data + b"d"; y = data[1]; z = data == x; v = data[0:2]
    looped(t)
    t = now()
    for _ in TIMES: x = None; y = x is None; z = x is not y; v = True and y or z; u = (1, x, y)
    looped(t)


def containers():
    l, d, s, t2 = [1, 2, 3] * 3, {"a": 1, 2: 3}, {1, 2}, (4, 5, 6)
    long = list(range(3000, 0, -1))
    t = now()
    for _ in TIMES: x = l[2]; l[1] = x; y = t2[1]; z = d["a"]; d[2] = z; v = l[-1]
    looped(t)
    t = now()
    for _ in TIMES: x, y = y, x; x, y, z = t2; a, *b = l; [x, y, z] = [z, y, x]
    looped(t)
    t = now()
    for _ in TIMES: x = [a, 1]; y = {a: 1}; z = {a, 1}; v = [*x, *t2]; w = {**y}; u = l[1:3]
    looped(t)
    t = now()
    for _ in TIMES: l.append(1); l.pop(); len(l); d.get("a"); isinstance(l, list); 2 in l; 2 in s
    looped(t)
    t = now()
    for _ in FEW: sorted(long); list(long); long + long; sum(long)
    looped(t)
    t = now()
    for _ in FEW: x = [a for a in long if a]; y = {a for a in l}; z = {a: 1 for a in l}; v = sum(a for a in long)
    looped(t)


def attributes():
    global shared
    p, s, cell = Plain(), Slots(), 1
    s.a = s.b = 1

    def inside():
        nonlocal cell
        cell = cell + 1
        return cell
    t = now()
    for _ in TIMES: x = p.a; p.b = x; y = p.one; z = s.a; s.b = z; v = cell; cell = v
    looped(t)
    t = now()
    for _ in TIMES: x = TIMES; y = len; shared = x; z = Plain.one; v = sys.argv; w = time.time
    looped(t)
    t = now()
    for _ in TIMES: p.method(); inside(); short(1); short(a=2); (lambda: 1)()
    looped(t)
    t = now()
    for _ in TIMES: Plain(); str(1); type(p); tuple(sys.argv); int(); p.__class__
    looped(t)
    t = now()
    for _ in TIMES: len(sys.argv); abs(-1); max(1, 2); getattr(p, "a"); print; id(p); hash(1)
    looped(t)


def short(a):
    return a


def flow():
    x = 1
    t = now()
    for i in TIMES:
        if i & 3:
            continue
        elif i % 5 == 2:
            x = i
        else:
            x += 1
    looped(t, 7)
    t = now()
    for _ in RAISES:
        try:
            x += 1
            if x & 1:
                raise KeyError
        except KeyError:
            x = 2
        finally:
            y = x
    looped(t, 9)
    found = {}
    t = now()
    for _ in RAISES:
        try: found["missing"]
        except KeyError: pass
    looped(t, 3)
    t = now()
    for _ in RAISES:
        with swallowing: raise KeyError
    looped(t, 2)
    t = now()
    for _ in RAISES:
        try:
            try: failing()
            except ValueError: x = 1
        except (TypeError, KeyError) as error: y = error
    looped(t, 5)
    t = now()
    for _ in TIMES: x = next(iter(FEW)); any(FEW); zip(FEW)
    looped(t)
    t = now()
    for y in counting(len(TIMES)): x = y; y = x + 1
    looped(t)
    t = now()
    for _ in FEW: x = list(counting(50)); z = sum(y for y in counting(50)); v = [*counting(9)]
    looped(t)
    t = now()
    for _ in TIMES:
        with nothing:
            x = 1
    looped(t, 3)
    lock = threading.Lock()
    t = now()
    for _ in TIMES:
        with lock: x = 2; y = x
    looped(t, 2)
    t = now()
    for _ in FEW: zlib.crc32(DATA); zlib.adler32(DATA)
    looped(t)
    t = now()
    for _ in FEW: zlib.compress(DATA[:2000]); re.sub("a", "b", "banana"); json.dumps({"a": [1, 2, 3]})
    looped(t)


def counting(n):
    while n:
        n -= 1
        yield n


class Nothing:
    def __enter__(self):
        return self

    def __exit__(self, *args):
        return None


class Swallowing(Nothing):
    def __exit__(self, *args):
        return True


def failing():
    raise KeyError


nothing, swallowing = Nothing(), Swallowing()
ONE = "x = x + y & z;"


def shares():
    """Lines with one, two and three times the same bytecode, under line numbers of their own."""
    text = "def shared(n):\n    x, y, z = 1, 3, 255\n    while n:\n        n -= 1\n"
    for times in (40, 80, 120):
        text += "        " + ONE * times + "\n"
    names = {}
    exec(compile(text, "shares.py", "exec"), names)
    names["shared"](int(5000 * SCALE))


def main():
    for _ in range(2):
        plain(1, 2, 3, word=4)
        finals()
        consumer()
        managers()
        operators()
        last()
        callbacks()
        bodies()
        for work in (integers, others, containers, attributes, flow):
            work()
    deep()
    threads()
    event_loop()
    redefined()
    newer()
    shares()


began, cpu = now(), time.process_time()
main()
cpu, ended = time.process_time() - cpu, now()
print("%.1f s of processor time" % cpu)
with open(sys.argv[1], "w") as report:
    json.dump(
        {
            "pid": os.getpid(),
            "version": sys.version_info[:2],
            "began": began,
            "ended": ended,
            "cpu": cpu,
            "windows": windows,
            "chains": {name: sorted(found) for name, found in chains.items()},
        },
        report,
    )
