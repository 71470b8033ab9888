"""The program under test behaves the same with the library as without.

Each case runs a program both ways and compares exit code, stdout and stderr.
"""

import glob
import os
import re
import signal
import time
import urllib.request

import harness
import image
from harness import case

JSON = b'{"b": [1, 2, {"c": null}], "a": "\\u00e9"}'
UNITTEST = b"""
import unittest
class Tests(unittest.TestCase):
    def test_good(self): self.assertEqual(1, 1)
    def test_bad(self): self.assertEqual(1, 2)
    @unittest.skip("no")
    def test_skipped(self): pass
"""
# Times, process ids, ports and addresses differ from run to run anyway.
VARYING = re.compile(rb"\b0x[0-9a-f]+|[0-9]+(\.[0-9]+)?( ?[mun]?sec)?s?\b")


def plainly(outcome):
    return outcome[:3]


def without_numbers(outcome):
    return [VARYING.sub(b"N", text) for text in outcome[:2]] + [outcome.code]


def same(t, *arguments, **options):
    """Runs the interpreter both ways; the outcomes must be alike.  Returns the plain one."""
    return both(t, *arguments, **options)[0]


def both(t, *arguments, **options):
    """... Returns both: the plain one, and the one with the library."""
    alike = options.pop("alike", plainly)
    prepare = options.pop("prepare", lambda: None)
    argv = [t.python.path] + list(arguments)
    prepare()
    plain = t.run(argv, None, **options)
    prepare()
    ours = t.run(argv, t.preload(), **options)
    assert alike(ours) == alike(plain), "%s\nplain: %s\nours:  %s" % (
        " ".join(arguments),
        alike(plain),
        alike(ours),
    )
    return plain, ours


def write(t, name, data):
    with open(t.path(name), "wb") as file:
        file.write(data)
    return t.path(name)


@case("behaviour", each=harness.supported)
def command_lines(t):
    code = "import sys; print(__name__, sys.argv, __debug__)"
    for flags in ([], ["-I"], ["-S"], ["-E"], ["-O"], ["-s"], ["-u"], ["-B"], ["-b"], ["-q"]):
        assert same(t, *flags, "-c", code, "x").code == 0
    assert same(t, "-c", "print('é'); 1 +").code == 1
    assert same(t, "--version").code == 0
    assert same(t, "/nonexistent.py").code == 2
    assert same(t, "-", "x", stdin=code.encode()).code == 0
    assert same(t, "-i", stdin=b"print(6 * 7)\n1 / 0\n").code == 0


@case("behaviour", each=harness.supported)
def code_is_marshalled_as_before(t):
    """marshal tells whether anybody holds a reference to a code object's parts."""
    plain = same(t, t.program("marshalled.py"))
    assert plain.code == 0 and b"different" not in plain.stdout, plain


@case("behaviour", each=harness.supported)
def json_tool(t):
    assert same(t, "-m", "json.tool", stdin=JSON).code == 0
    assert same(t, "-m", "json.tool", stdin=JSON[:-1]).code == 1


@case("behaviour", each=harness.supported)
def timeit_module(t):
    argv = ["-m", "timeit", "-n", "3", "-r", "1", "sum(range(10))"]
    assert same(t, *argv, alike=without_numbers).code == 0


@case("behaviour", each=harness.supported)
def unittest_module(t):
    write(t, "tests_here.py", UNITTEST)
    done = same(t, "-m", "unittest", "-v", "tests_here", alike=without_numbers)
    assert done.code == 1 and b"FAILED (failures=1, skipped=1)" in done.stderr, done


@case("behaviour", each=harness.supported)
def compileall_module(t):
    os.mkdir(t.path("source"))
    write(t, "source/good.py", b"def f(x):\n    return [y for y in x]\n")
    write(t, "source/bad.py", b"def f(:\n")
    compiled = []

    def collect():
        for path in glob.glob(t.path("source/__pycache__/*.pyc")):
            compiled.append(t.path("compiled%d" % len(compiled)))
            os.rename(path, compiled[-1])

    same(t, "-m", "compileall", t.path("source"), prepare=collect)
    collect()
    # Not compared byte by byte: marshal marks objects by their reference counts (FLAG_REF), which
    # an evaluator changes on 3.15 just as native -X perf does.  The code must be equal.
    code = "import marshal, sys; size = 12 if sys.version_info < (3, 7) else 16\n"
    code += "a, b = [open(name, 'rb').read() for name in sys.argv[1:]]\n"
    code += "print(a[:size] == b[:size], marshal.loads(a[size:]) == marshal.loads(b[size:]))"
    done = t.run([t.python.path, "-c", code] + compiled, None)
    assert done.stdout == b"True True\n", done


@case("behaviour", each=harness.supported)
def http_server_module(t):
    os.mkdir(t.path("site"))
    write(t, "site/page.txt", b"hello from the page\n")

    def serve(env):
        argv = [t.python.path, "-u", "-m", "http.server", "0", "--bind", "127.0.0.1"]
        server = t.start(argv, env, cwd=t.path("site"))
        line = server.stdout.readline()
        port = int(re.search(rb"port (\d+)", line).group(1))
        answers = []
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        for page in ("page.txt", ""):
            with opener.open("http://127.0.0.1:%d/%s" % (port, page), timeout=20) as reply:
                answers.append((reply.status, reply.read()))
        time.sleep(0.1)  # lets the log line of the last request out
        server.send_signal(signal.SIGINT)
        out, err = server.communicate(timeout=harness.TIMEOUT)
        told = harness.Outcome(line + out, err, server.returncode, server.pid)
        return answers, without_numbers(told)

    plain, ours = serve(None), serve(t.preload())
    assert plain == ours, "plain: %s\nours:  %s" % (plain, ours)
    assert plain[0][0] == (200, b"hello from the page\n"), plain


@case("behaviour", each=harness.supported)
def zip_application(t):
    os.mkdir(t.path("app"))
    write(t, "app/__main__.py", b"import sys, helper\nprint(__name__, helper.help(), sys.argv[1:])\n")
    write(t, "app/helper.py", b"def help():\n    return __name__\n")
    archive = t.path("app.pyz")
    assert same(t, "-m", "zipapp", t.path("app"), "-o", archive).code == 0
    assert same(t, archive, "x").stdout == b"__main__ helper ['x']\n"


@case("behaviour", each=harness.supported)
def virtual_environment(t):
    for kind, flags in (("links", ["--symlinks"]), ("copies", ["--copies"])):
        place = t.path(kind)
        flags += ["--without-pip", "--clear"]
        assert same(t, "-m", "venv", *flags, place).code == 0
        argv = [os.path.join(place, "bin/python"), "-c"]
        argv += ["import sys; print(sys.prefix, sys.prefix != sys.base_prefix)"]
        plain, ours = t.run(argv, None), t.run(argv, t.preload())
        assert plain[:3] == ours[:3], "plain: %s\nours:  %s" % (plain, ours)
        assert plain.stdout.decode() == place + " True\n", plain
        assert t.image_paths(ours.pid), "nothing was profiled in a venv of " + kind


@case("behaviour", each=harness.supported)
def ends_of_programs(t):
    ends = {"exit_code": 3, "exit_message": 1, "os_exit": 7, "uncaught": 1, "killed": -signal.SIGTERM}
    for name, code in ends.items():
        assert same(t, t.program("manners.py"), name).code == code, name


@case("behaviour", each=harness.supported)
def surroundings(t):
    assert same(t, t.program("manners.py"), "environment").code == 0


@case("behaviour", each=harness.supported)
def child_processes(t):
    done = same(t, t.program("manners.py"), "children")
    assert done.stdout.splitlines()[-2:] == [b"4", b"%d" % (5 << 8)], done


@case("behaviour", each=harness.since(3, 12))
def native_perf_support(t):
    """CPython's own trampolines, which refuse to start where an evaluator is set already."""
    code = "import sys; print(sys.is_stack_trampoline_active())"
    assert same(t, "-X", "perf", "-c", code).stdout == b"True\n"


@case("behaviour", each=harness.since(3, 12))
def native_perf_support_at_run_time(t):
    code = """
import sys
def before(): pass
def during(): pass
def after(): pass
before()
try:
    sys.activate_stack_trampoline("nonsense")
except ValueError as error:
    print(error)
sys.activate_stack_trampoline("perf")
during()
print(sys.is_stack_trampoline_active())
sys.deactivate_stack_trampoline()
after()
print(sys.is_stack_trampoline_active())
"""
    done = same(t, "-c", code)
    assert done.stdout.endswith(b"True\nFalse\n"), done
    done = t.py("-c", code)
    names = [e.name for e in image.read_map(t.map_path(done.pid))]
    for function in ("before", "during", "after"):
        assert names.count("py::%s:<string>" % function) == 1, names



@case("behaviour", each=harness.supported)
def recursion_limit(t):
    done = same(t, t.program("manners.py"), "depth")
    assert int(done.stdout) > 900, done


@case("behaviour", each=harness.supported)
def deep_recursion(t):
    assert same(t, t.program("manners.py"), "deep").code == 0


@case("behaviour", each=harness.supported)
def closed_standard_streams(t):
    told = []
    for name, preload in (("plain", {}), ("ours", t.preload())):
        env = ["env"] + ["%s=%s" % item for item in preload.items()]
        argv = ["sh", "-c", 'exec "$@" <&- >&- 2>&-', "sh"] + env
        argv += [t.python.path, t.program("manners.py"), "closed_streams", t.path(name)]
        assert t.run(argv, None).code == 0, name
        with open(t.path(name)) as file:
            told.append(file.read())
    assert told[0] == told[1], "plain: %s, ours: %s" % tuple(told)


@case("behaviour", each=harness.supported)
def a_full_standard_error(t):
    """A log nobody can write to disturbs nobody."""
    argv = [t.python.path, "-c", "print(6 * 7)"]
    with open("/dev/full", "wb") as full:
        done = t.run(argv, t.preload(PYPERF_LOG="debug"), stderr=full)
    assert done.code == 0 and done.stdout == b"42\n", done
