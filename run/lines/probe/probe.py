# Runs the lines of lines.py so that a profile of it tells where this interpreter keeps the position
# of the instruction that runs: each "@" there is a function named after its line, "L0042", or is
# part of the name of an object whose methods are such functions.  What calls L0042 is at line 42.
#
# "@>" is called at the next line, and so is "w@" before 3.10.
#
# "R@" is a function's name after the line in it that raises.
#
# Arguments: lines.py, seconds of processor time, a file for the bytecode of S1 to S5.
import _thread
import functools
import io
import marshal
import re
import signal
import sys
import time
import types

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


class Ready:
    def __await__(self):
        return iter(())


kept = []  # code, so that no address means two lines
GLOBALS = {"__builtins__": __builtins__, "spin": spin, "Ready": Ready}
templates = {}


def define(text, name):
    """The function in the text, under this name.  To compile each would take most of the time, and
    on an emulated processor a minute."""
    if not hasattr(templates.get(text), "replace"):  # always on 3.6 and 3.7
        made = {}
        exec(compile(text % name, "<probe>", "exec"), made)
        templates[text] = made[name].__code__
    code = templates[text]
    if code.co_name != name:
        names = ("co_name", "co_qualname")
        code = code.replace(**{key: name for key in names if hasattr(code, key)})
    return types.FunctionType(code, GLOBALS)


def function(name, value, first="*a"):
    return define("def %%s(%s, **k):\n    spin()\n    return %s\n" % (first, value), name)


def generator(name):
    return define("def %s():\n    spin()\n    yield 1, 2\n    spin()\n    yield 3, 4\n    spin()\n", name)


def methods(name):
    made = {value: function(name, value, "self, *a") for value in set(METHODS.values())}
    return {m: made[value] for m, value in METHODS.items()}


class Stop(Exception):
    pass


def universal(name):
    """An object with every method."""
    plain = function(name, "0")
    body = methods(name)
    body.pop("__init__")
    body["property"] = property(plain, plain, plain)
    body["static"] = staticmethod(plain)
    body["class_"] = classmethod(plain)
    made = type("O", (), body)
    made.__aenter__ = made.__aexit__ = made.__anext__ = function(name, "Ready()")
    return made()


def a_class(name):
    return type("C", (Error,), {"__init__": function(name, "None")})


def of_metaclass(name):
    asked = function(name, "True")
    return type("M", (type,), {"__instancecheck__": asked, "__subclasscheck__": asked})("T", (), {})


def iterator(name):
    return type("I", (), {"__iter__": lambda self: self, "__next__": function(name, "1")})()


def leaving(name):
    """3.10 and later call __exit__ at the line of the `with` statement, earlier ones at its body's last."""
    return type("W", (), {"__enter__": lambda self: self, "__exit__": function(name, "None")})()


def mortal(name):
    return type("D", (), {"__del__": function(name, "None")})


# What a line may mention, by the letter before "@".
KINDS = {"": lambda name: function(name, "0"), "o": universal, "b": universal, "c": a_class,
         "m": of_metaclass, "i": iterator, "d": mortal, "g": generator, "w": leaving}


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
             "Error": Error, "context": context, "allocate_lock": _thread.allocate_lock}
    lines = text.split("\n")
    for number, line in enumerate(lines, 1):
        if line.startswith("def R@"):
            raises = next(n for n in range(number, len(lines)) if "# raises" in lines[n])
            lines[number - 1] = line = line.replace("@", "%04d" % (raises + 1))
        if "@" in line:
            later = "@>" in line or ("w@" in line and sys.version_info < (3, 10))
            name = "L%04d" % (number + later)
            lines[number - 1] = re.sub(r"(?<! )@>?|@(?! )", name, line)  # " @ " is the operator
            for kind in set(re.findall(r"([a-z]?)(?:(?<! )@|@(?! ))", line)):
                names[kind + name] = KINDS[kind](name)
                if "import" in line:  # asks it for its __spec__
                    sys.modules[kind + name] = names[kind + name]
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
            kept.append(code)
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
    signal.alarm(120 + int(sys.argv[2]))  # it takes 3 seconds, emulated 15
    arguments = ([1, 2], (1, 2), {"a": 1})
    text = open(sys.argv[1]).read()
    lines, names = prepare(text + in_lists(text[:text.index("def S1")]))
    fresh = marshal.dumps(without_failing(lines, names, arguments))
    end = time.process_time() + int(sys.argv[2])
    warm = dict(names)
    exec(marshal.loads(fresh), warm)
    raising = [name for name in warm if re.match("R[0-9]", name)]
    with open(sys.argv[3], "w") as out:
        for name in ("S1", "S2", "S3", "S4", "S5"):
            out.write("%s %s\n" % (name, warm[name].__code__.co_code.hex()))
    while time.process_time() < end:
        cold = dict(names)
        kept.append(marshal.loads(fresh))
        exec(kept[-1], cold)  # CPython rewrites what it has run a few times
        drive(cold, arguments)
        for _ in range(3):
            drive(warm, arguments)
        for _ in range(8):
            warm["S1"](20000)
            warm["S2"](20000)
            warm["S3"](2000)
            warm["S4"](2000)
            warm["S5"](2000)
            for name in raising:
                warm[name](300)


if __name__ == "__main__":
    main()
