# Runs the lines of lines.py so that a profile of it tells where this interpreter keeps the position
# of the instruction that runs: each "@" there is a function named after its line, "L0042", or is
# part of the name of an object whose methods are such functions.  What calls L0042 is at line 42.
#
# "@>" is called at the next line.
#
# Arguments: lines.py, seconds of processor time, a file for the bytecode of S1 to S4.
import functools
import io
import marshal
import re
import sys
import time

try:
    import contextvars
    context = contextvars.Context()
except ImportError:  # 3.6
    context = None
METHODS = {
    "__call__": "1", "__init__": "None", "__len__": "1", "__hash__": "1", "__abs__": "1",
    "__repr__": "''", "__str__": "''", "__int__": "1", "__float__": "1.0", "__bool__": "True",
    "__index__": "1", "__iter__": "iter([(1, 2), (3, 4)])", "__bytes__": "b''", "__contains__": "True",
    "__round__": "1", "__divmod__": "1", "__format__": "''", "__getitem__": "1",
    "__setitem__": "None", "__delitem__": "None", "__enter__": "1", "__exit__": "None",
    "__await__": "iter(())", "__aiter__": "self", "__getattr__": "1",
    "__mro_entries__": "(object,)", "method": "1", "keys": "['a']",
}
for operator in "add sub mul truediv floordiv mod pow matmul and or xor lshift rshift".split():
    METHODS["__%s__" % operator] = METHODS["__r%s__" % operator] = "1"
for operator in "neg pos invert lt le eq ne gt ge".split():
    METHODS["__%s__" % operator] = "True"
spin = functools.partial(sum, range(1500))
sink = io.StringIO()


class Error(Exception):
    pass


def function(name, value, first="*a"):
    made = {"spin": spin}
    text = "def %s(%s, **k):\n    spin()\n    return %s\n" % (name, first, value)
    exec(compile(text, "<probe>", "exec"), made)
    return made[name]


def generator(name):
    made = {"spin": spin}
    text = "def %s():\n    spin()\n    yield 1, 2\n    spin()\n    yield 3, 4\n    spin()\n"
    exec(compile(text % name, "<probe>", "exec"), made)
    return made[name]


def methods(name):
    return {m: function(name, value, "self, *a") for m, value in METHODS.items()}


class Stop(Exception):
    pass


def objects(name):
    """What a line may mention: o a object with every method, c a class, and so on."""
    plain = function(name, "0")
    body = methods(name)
    body.pop("__init__")
    body["property"] = property(plain, plain, plain)
    body["static"] = staticmethod(plain)
    body["class_"] = classmethod(plain)
    universal = type("O", (), body)
    aenter = function(name, "Ready()")
    aenter.__globals__["Ready"] = Ready
    universal.__aenter__ = universal.__aexit__ = aenter
    universal.__anext__ = aenter
    meta = type("M", (type,), {"__instancecheck__": function(name, "True"),
                               "__subclasscheck__": function(name, "True")})
    iterator = type("I", (), {"__iter__": lambda self: self, "__next__": function(name, "1")})
    mortal = type("D", (), {"__del__": function(name, "None")})
    made = type("C", (Error,), {"__init__": function(name, "None")})
    # keyed objects: hash and equality must not both be slow for ever
    return {"o": universal(), "c": made, "m": meta("T", (), {}), "i": iterator(), "d": mortal,
            "g": generator(name),
            "b": universal(), "": plain}


class Ready:
    def __await__(self):
        return iter(())


def is_expression(line):
    if "d@" in line:
        return False  # lives as long as the list
    try:
        compile(re.sub("(?<! )@|@(?! )", "x", line.strip()), "<line>", "eval")
    except SyntaxError:
        return False
    return True


def in_lists(text):
    """The same functions, but neighbouring expressions are items of one list.  So the instruction
    behind a call is of another line, which tells a position from the one after it."""
    lines, open_ = [], False
    for line in text.split("\n"):
        item = re.match(r"    \S", line) is not None and is_expression(line)
        item = item and not (lines and "@>" in lines[-1])  # that means this line
        if item != open_:
            lines.append("    [" if item else "    ]")
        lines.append(re.sub(r"^((async )?def )([a-z])", r"\1listed_\3", line) + "," * item)
        open_ = item
    return "\n".join(lines)


def prepare(text):
    """The lines without "@", and what they mention."""
    names = {"reduce": functools.reduce, "partial": functools.partial, "sink": sink,
             "Error": Error, "context": context}
    lines = text.split("\n")
    for number, line in enumerate(lines, 1):
        if "@" in line:
            name = "L%04d" % (number + line.count("@>"))
            lines[number - 1] = re.sub(r"(?<! )@>?|@(?! )", name, line)  # " @ " is the operator
            for kind, thing in objects(name).items():
                names[kind + name] = thing
    return lines, names


def attempt(what, arguments):
    """Generators and coroutines that are through say so by StopIteration."""
    try:
        what(*arguments)
    except StopIteration:
        pass


def drive(made, arguments):
    for name in ("calls", "methods", "attributes", "builtins", "containers", "operators",
                 "statements", "blocks"):
        attempt(made[name], arguments)
        attempt(made["listed_" + name], arguments)
    attempt(lambda *a: list(made["delegate"](*a)), arguments)
    attempt(lambda *a: made["wait"](*a).send(None), arguments)


def without_failing(lines, names, arguments):
    """Compiled, without the lines that this version of Python does not take."""
    while True:
        try:
            code = compile("\n".join(lines), "lines.py", "exec")
            made = dict(names)
            exec(code, made)
            drive(made, arguments)
            return code
        except Exception as error:
            number = getattr(error, "lineno", None)
            trace = error.__traceback__
            while trace is not None:
                if trace.tb_frame.f_code.co_filename == "lines.py":
                    number = trace.tb_lineno
                trace = trace.tb_next
            line = lines[number - 1]
            if line.strip() in ("pass", "None,"):
                raise
            if len(sys.argv) > 4:
                print(number, line.strip(), repr(error))
            nothing = "None," if line.endswith(",") else "pass"
            lines[number - 1] = line[:len(line) - len(line.lstrip())] + nothing


def main():
    arguments = ([1, 2], (1, 2), {"a": 1})
    text = open(sys.argv[1]).read()
    lines, names = prepare(text + in_lists(text[:text.index("def S1")]))
    fresh = marshal.dumps(without_failing(lines, names, arguments))
    end = time.process_time() + float(sys.argv[2])
    warm, code = dict(names), []
    exec(marshal.loads(fresh), warm)
    with open(sys.argv[3], "w") as out:
        for name in ("S1", "S2", "S3", "S4"):
            out.write("%s %s\n" % (name, warm[name].__code__.co_code.hex()))
    while time.process_time() < end:
        cold = dict(names)
        code.append(marshal.loads(fresh))  # kept: no address means two lines
        exec(code[-1], cold)  # CPython rewrites what it has run a few times
        drive(cold, arguments)
        for _ in range(3):
            drive(warm, arguments)
        for _ in range(8):
            warm["S1"](20000)
            warm["S2"](20000)
            warm["S3"](2000)
            warm["S4"](2000)


main()
