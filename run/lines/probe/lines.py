def calls(seq, args, words):
    @(1)
    @(1)
    @(1)
    @(1, 2)
    @(1, 2)
    @(a=1)
    @(a=2)
    @(1, a=2)
    @(1, a=2)
    @(*args)
    @(*args)
    @(1, *args)
    @(**words)
    @(**words)
    @(*args, **words)
    @(*args, **words)
    @(@(1), @(2))
    @(@(1), @(2))


def methods(seq, args, words):
    o@.method(1)
    o@.method(1)
    o@.method(1, 2)
    o@.method(a=1)
    o@.method(a=1)
    o@.static(1)
    o@.static(1)
    o@.class_(1)
    o@.class_(1)
    o@(1)
    o@(1)
    o@(a=1)
    o@(*args)
    c@(1)
    c@(1)
    c@(a=1)
    c@(*args)


def attributes(seq, args, words):
    o@.property
    o@.property
    o@.property = 1
    o@.property = 2
    del o@.property
    del o@.property
    o@.missing
    o@.missing
    getattr(o@, "missing")
    getattr(o@, "missing")
    getattr(o@, "missing", 0)
    hasattr(o@, "missing")
    hasattr(o@, "missing")
    setattr(o@, "property", 1)
    setattr(o@, "property", 1)


def builtins(seq, args, words):
    sorted(seq, key=@)
    sorted(seq, key=@)
    max(seq, key=@)
    max(seq, key=@)
    min(seq, key=@)
    list(map(@, seq))
    list(map(@, seq))
    tuple(map(@, seq))
    tuple(map(@, seq))
    set(map(@, seq))
    sum(map(@, seq))
    sum(map(@, seq))
    any(map(@, seq))
    all(map(@, seq))
    next(map(@, seq))
    next(map(@, seq))
    next(map(@, seq), None)
    max(*seq, key=@)
    context.run(@)
    context.run(@)
    context.run(@, 1)
    context.run(@, *args)
    context.run(@, a=1)
    context.run(@, *args, **words)
    next(*[map(@, seq)])
    partial(@, 1)(*args)
    partial(@, 1)(*args, **words)
    reduce(@, seq)
    reduce(@, seq)
    partial(@, 1)()
    partial(@, 1)()
    partial(@, 1)(2)
    len(o@)
    len(o@)
    hash(o@)
    hash(o@)
    abs(o@)
    abs(o@)
    repr(o@)
    repr(o@)
    str(o@)
    str(o@)
    int(o@)
    int(o@)
    float(o@)
    bool(o@)
    bool(o@)
    iter(o@)
    iter(o@)
    list(o@)
    list(o@)
    tuple(o@)
    tuple(o@)
    dict(o@)
    bytes(o@)
    isinstance(1, m@)
    isinstance(1, m@)
    issubclass(int, m@)
    round(o@)
    round(o@, 1)
    divmod(o@, 1)
    pow(o@, 1)
    format(o@)
    format(o@, "x")
    print(o@, file=sink)
    print(o@, file=sink)
    range(o@)
    range(0, o@)
    slice(1).indices(o@)
    enumerate(o@)
    zip(o@)
    filter(@, seq).__next__()
    filter(@, seq).__next__()


def containers(seq, args, words):
    seq.index(o@)
    seq.index(o@)
    seq.count(o@)
    list(seq).sort(key=@)
    list(seq).sort(key=@)
    [].extend(o@)
    [].extend(o@)
    {}.get(o@)
    {}.get(o@)
    {}.setdefault(o@, 1)
    {}.pop(o@, 1)
    {}.update(o@)
    set().add(o@)
    set().add(o@)
    set().update(o@)
    "{}".format(o@)
    "{}".format(o@)
    "%s" % o@
    "%s" % o@
    f"{o@}"
    f"{o@}"
    f"{o@:x}"
    f"{o@!r}"
    {o@: 1}
    {o@: 1}
    {o@}
    {o@}
    [*o@]
    [*o@]
    (*o@,)
    {*o@}
    {**o@}
    o@ in seq
    o@ in seq
    1 in o@
    1 in o@
    1 not in o@
    seq[o@]
    seq[o@]
    seq[o@:]
    seq[o@:]
    seq[0:o@]
    words.get(o@)
    o@[1]
    o@[1]
    o@[1:2]
    o@[1] = 2
    o@[1] = 2
    del o@[1]
    del o@[1]
    o@[1] += 2
    o@[1] += 2


def operators(seq, args, words):
    o@ + 1
    o@ + 1
    1 + o@
    1 + o@
    o@ - 1
    o@ - 1
    o@ * 2
    o@ / 2
    o@ // 2
    o@ % 2
    o@ ** 2
    o@ @ 2
    o@ & 2
    o@ | 2
    o@ ^ 2
    o@ << 2
    o@ >> 2
    x = o@; x += 1
    x = o@; x += 1
    x = o@; x -= 1
    -o@
    -o@
    +o@
    ~o@
    ~o@
    not o@
    not o@
    o@ < 1
    o@ < 1
    o@ == 1
    o@ == 1
    o@ != 1
    o@ >= 1
    1 < o@ < 3
    o@ and 1
    o@ and 1
    o@ or 1
    1 if o@ else 2
    1 if o@ else 2
    if o@: pass
    if o@: pass
    while o@: break
    while not o@: break
    assert o@
    assert o@


def statements(seq, args, words):
    with o@: pass
    with o@: pass
    with o@: pass
    for x in o@: pass
    for x in o@: pass
    for x in map(@, seq): pass
    for x in map(@, seq): pass
    for x in i@: break
    for x in i@: break
    a, b = o@
    a, b = o@
    a, *b = o@
    x = d@(); del x
    x = d@(); del x
    x = d@(); x = None
    x = d@(); x = None
    x = d@(); y = x; x = y = None
    d@()
    d@()
    class X(b@): pass
    class X(b@): pass
    try: raise c@
    except Error: pass
    try: raise c@(1)
    except Error: pass
    try: raise c@
    except Error: pass
    [@(x) for x in seq]
    [@(x) for x in seq]
    {@(x) for x in seq}
    {x: @(x) for x in seq}
    list(@(x) for x in seq)
    list(@(x) for x in seq)
    for x in (@(x) for x in seq): pass
    for x in (@(x) for x in seq): pass
    (lambda: @(1))()
    (lambda: @(1))()
    import o@
    import o@
    from o@ import method
    from o@ import method


def blocks(seq, args, words):
    for x in o@:
        pass
    for x in map(@, seq):
        x = 1
    for x in (@(x) for x in seq):
        x = 1
    for x in g@():
        x = 1
    for x in g@():
        @(x)
    for x, y in g@(): x = 1
    x = [y for y in g@()]
    x = {y for y in g@()}
    list(y for y in g@())
    a, b = g@()
    list(g@())
    next(g@())
    g@().send(None)
    try:
        with o@: raise Error
    except Error:
        x = 1
    try:
        with o@: o.absent
    except NameError:
        x = 1
    with w@:
        x = 1
    with w@:
        x = 1
    try:
        with w@:
            raise Error
    except Error:
        x = 1
    try:
        with w@:
            raise Error
    except Error:
        x = 1
    while @(1):
        break
    if @(1):
        x = 1
    if not @(1):
        x = 1
    elif @(2):
        x = 1
    x = (
        @(1) and
        @(2)
    )
    x = -o@
    y = o@ + 1
    x = o@[1]
    y = o@.property
    o@.property = y
    o@[1] = x
    del o@[1]
    del o@.property
    x = o@ < 1
    y = 1 in o@
    x = len(o@)
    x = 1
    try:
        raise c@
    except Error:
        @(1)
    finally:
        @(2)
    exec("f()", {"f": @})
    x = d@>()
    x = None
    x = d@>()
    x = 1
    x = d@>()
    del x
    x = d@>()
    x = args
    args[0]
    x = [d@>()]
    del x[0]
    x = [d@>()]
    x[0] = 1
    x = [d@>()]
    x.pop()
    x = [d@>()]
    x.clear()
    d@()
    x = 1
    eval("f()", {"f": @})
    x = 1
    return @(1)


def delegate(seq, args, words):
    yield from o@
    yield from o@
    yield @(1)
    yield @(1)
    x = yield @(2)
    @(x)
    yield from (@(x) for x in seq)
    yield from (@(x) for x in seq)
    yield from g@()
    x = yield from g@()
    x = 1
    yield from o@
    x = 1


async def wait(seq, args, words):
    await o@
    await o@
    await o@
    async with o@: pass
    async with o@: pass
    async for x in o@: break
    async for x in o@: break
    @(1)
    @(1)


def S1(n):
    a = 1
    b = 2.5
    c = [1, 2, 3]
    d = {"a": 1}
    while n > 0:
        n -= 1
        a = a + n
        b = b * 0.5
        x = c[1]
        y = c[n & 1]
        a = a & 255
        t = (a, x)
        a, x = x, a
        if x > y:
            z = d["a"]
        else:
            z = t
        c[0] = a
        if z is None or a == 3:
            b = b + 1.0
        x = y
        y = x
    return b


def S2(n):
    i = 0
    found = []
    for i in range(n):
        if i & 3:
            continue
        if i in (1, 5, 9):
            j = i - 1
        j = i + 1
        k = -j
        if not k:
            k = i
        while j > i:
            j -= 1
    return i


def S3(n):
    s = "abc"
    d = {}
    l = [3, 1, 2]
    t = (1, 2, 3)
    big = 12345678901234567890
    f = 1.5
    while n > 0:
        n = n - 1
        u = s + "d"
        v = u + s
        u = s[1]
        v = "%s %d" % (s, n)
        u = s == v
        d["a"] = n
        v = d["a"] + n
        d[n & 7] = v + big
        x = big + n
        y = big * 3 - x
        x = y // 7 + x % 5
        f = f * x + 1.0
        f = 1.0 / f - f
        l.append(n)
        x = l.pop() + 1
        l[1] = x
        y = l[1:] + l
        x, y = t[0], y
        a, b, c = t
        a, *b = y
        y = [a, n, x]
        x = {"a": a, "b": n}
        y = {a, n}
        z = (a, x)
        z = (n, z)
        x = n in l
        y = s in "abcd"
        z = "a" in d
        x = len(l)
        y = len(s) + len(d)
        z = isinstance(x, int)
        x = str(n)
        y = int(x)
        z = abs(y)
        x = max(y, 2)
        x = sum(l)
        y = x < big
        z = big == y
        x = -big
        y = -x
        z = f"{x}{n}"
        try:
            x = n + 1
            d["missing"]
        except KeyError:
            y = x + 1
        try:
            if n & 1:
                raise ValueError(n)
            x = y + n
        except ValueError as error:
            z = error.args
        finally:
            y = n
        x = [i for i in l]
        for i, j in zip(l, t):
            x = i + j
        for i in d:
            x = i
        for i in s:
            y = i
        for i in t:
            z = i
        x = l.copy()
        y = d.get("a")
        z = s.upper()
        x = lambda: n
        y = type(n)
        z = slice(1, n)
        d.clear()
    return x


def boom():
    raise KeyError


class Hides:
    def __enter__(self):
        return self

    def __exit__(self, *args):
        return True


def stops():
    try:
        while True:
            yield 1
    except ValueError:
        pass


def S4(n):
    a = 1
    d = {}
    w = Hides()
    while n > 0:
        n -= 1
        try:
            a += 1
            raise KeyError
        except KeyError:
            a = 2
        finally:
            b = a
        try:
            b = 3
            d["missing"]
        except KeyError as error:
            a = 3
        try:
            a = 3
            boom()
        except (ValueError, KeyError):
            a = 4
        with w:
            b = 1
            raise ValueError
        try:
            try:
                a = 4
                raise KeyError
            except ValueError:
                b = 4
        except KeyError:
            b = 5
        try:
            try:
                a = 1
                int("x")
            except ValueError:
                raise
        except ValueError:
            a = 2
        g = stops()
        next(g)
        try:
            g.throw(ValueError())
        except StopIteration:
            a = 3
        try:
            a.missing
        except AttributeError:
            a = 5
    return a, b


def S5(n):
    s = "xyz"
    data = b"abc"
    d = {}
    l = [3, 1, 2]
    t = (1, 2, 3)
    big = 12345678901234567890
    f = 2.5
    y = 7
    lock = allocate_lock()
    while n > 0:
        n -= 1
        with lock:
            x = n
        y = big + n
        y = big * n
        x = y - big
        x = big * x // 3
        y = (x << 2) >> 1 & 255
        with lock: x = s
        a = f - 1.0
        a = a * f / 2.0
        u = x + s
        u = s + u
        x = u[2]
        y = [s[0], "%s" % s, u == s, u in s]
        x = data + data
        x = data[1] + data[n & 1]
        y = data[0:2] + data[1:]
        x = f"{s}{u}" + f"{n}{y}"
        y = l[n & 1] + l[0]
        l[0] = l[2] = y
        x = l[0:2] + l[:2]
        y = [*l, *t]
        x = [*t, n]
        y = (*x, n), {*t}
        x = {**d, "a": n}
        y = {**x, **d}
        d["b"] = x["a"]
        x = d["b"], d.get("c")
        a, *b = x
        (a, b), c = x, y
        del c
        x = [i for i in t] + [i for i in l if i]
        y = {i: i for i in t}, {i for i in l}
        x = list(i for i in t)
        l.append(a)
        y = l.pop(), len(l), len(t)
        x = isinstance(y, list), isinstance(n, int)
        y = str(a), type(x)
        x = tuple(l), str(n), int(f)
        y = n in t, 2 in l, s not in d
        x = max(a, n), abs(-n), hash(s)
        y = n > a, big > n, f < n, x == y
        x = -f, ~n, -big, not y
        y = slice(n, 2), getattr(s, "upper")
        x = s.upper(), s.split("y"), s.replace("x", "y")
        y = x[1:], t[1:], l[::2]
        for i in range(3): x = i
        for a, b in zip(t, l): y = a
        for a in d.items(): y = a
        for i in map(abs, t): x = i
        x = next(iter(t)), sum(t)
    return x


def R@(n):
    d = {}
    while n > 0:
        n -= 1
        x = d
        try:
            x = n, x
            d["missing"]  # raises
        except KeyError:
            x = n


def R@(n):
    while n > 0:
        n -= 1
        try:
            x = [n]
            x = x[0] + 1
            raise KeyError(n)  # raises
        except KeyError as error:
            x = error


def R@(n):
    while n > 0:
        n -= 1
        x = n
        try:
            if x & 1:
                x = 3
            boom()  # raises
        except KeyError:
            x = 2
        finally:
            y = x


def R@(n):
    w = Hides()
    while n > 0:
        n -= 1
        x = n, n
        with w:
            y = x
            x = y[0]
            raise KeyError  # raises


def R@(n):
    while n > 0:
        n -= 1
        try:
            x = -n
            x = x.missing  # raises
        except AttributeError:
            x = 1


def R@(n):
    while n > 0:
        n -= 1
        x = str(n)
        try:
            y = x + x
            int("x")  # raises
        except ValueError:
            y = x
