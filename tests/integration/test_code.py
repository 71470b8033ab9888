"""The code table: from an address in a function's bytecode to its line, as the interpreter has it."""

import json
import os
import re
import signal
import subprocess

import codetable
import harness
import image
import wrapper
from harness import case

KNOWN = {  # the table's format, by version
    (3, 6): 1, (3, 7): 1, (3, 8): 1, (3, 9): 1, (3, 10): 2, (3, 11): 3, (3, 12): 3, (3, 13): 3, (3, 14): 3, (3, 15): 3,
}  # fmt: skip


class Codes:
    """programs/codes.py at work."""

    def __init__(self, t, **env):
        self.t = t
        argv = [t.python.path, t.program("codes.py")]
        self.process = t.start(argv, t.preload(**env), stdin=subprocess.PIPE)
        self.pid = self.process.pid

    def ask(self, step):
        self.process.stdin.write(step.encode() + b"\n")
        self.process.stdin.flush()
        answer = self.process.stdout.readline()
        assert answer, "the program stopped: %s" % self.process.stderr.read().decode()
        return json.loads(answer.decode())

    def slots(self):
        """The name of each slot in the living process, by address."""
        found = {}
        for mapping in image.mappings(self.pid):
            for path in self.t.image_paths(self.pid):
                if os.path.basename(path) == os.path.basename(mapping.path) and mapping.offset == 0:
                    for symbol in image.symbols(path):
                        found[mapping.start + symbol.address] = symbol.name
        return found

    def rows(self, pid=None, slots=None):
        """Those of all images, the oldest first, with the names of slots in others."""
        slots = slots or self.slots()
        found = []
        for path in self.t.image_paths(pid or self.pid):
            image.lint(path)
            found += codetable.read(path)
        return [r._replace(symbol=slots.get(r.elsewhere, r.symbol)) for r in found]

    def kill(self):
        self.process.send_signal(signal.SIGKILL)
        self.process.wait(harness.TIMEOUT)

    def end(self):
        self.process.stdin.close()
        assert self.process.wait(harness.TIMEOUT) == 0, self.process.stderr.read()


def where(truth):
    return "%s, line %d of %s" % (truth["name"], truth["first_line"], truth["file"])


def check(t, rows, truth):
    """The newest row at a code object's address is its own, and decodes to the same lines."""
    row = codetable.covering(rows, truth["bytecode"], float("inf"))
    assert row, "no row at %x, %s" % (truth["bytecode"], where(truth))
    compare(t, row, truth)
    return row


def compare(t, row, truth):
    assert (row.bytecode, row.length) == (truth["bytecode"], truth["length"]), (where(truth), row)
    assert row.first_line == truth["first_line"], (where(truth), row)
    assert row.format == KNOWN[t.python.minor[:2]], row.format
    assert codetable.file_of(row) == truth["file"], (where(truth), row)
    name = "py::%s:%s" % (truth["name"], truth["file"])
    assert truth["name"] is None or row.symbol == name, (row.symbol, name)
    expected = {int(at): line for at, line in truth["lines"].items()}
    decoded = codetable.decode(row)
    wrong = {at: (line, decoded.get(at)) for at, line in expected.items() if decoded.get(at) != line}
    assert expected and not wrong, "%s: %d of %d lines, such as offset: (line, row's) %s" % (
        where(truth),
        len(wrong),
        len(expected),
        sorted(wrong.items())[:3],
    )


def decodes_to(row, truth):
    decoded = codetable.decode(row)
    return all(decoded.get(int(at)) == line for at, line in truth["lines"].items())


@case("code", each=harness.supported)
def a_rows_lines_are_the_interpreters(t):
    codes = Codes(t)
    told = codes.ask("lines")
    rows = codes.rows()
    for truth in told:
        check(t, rows, truth)
    codes.end()
    return "%d code objects, %d rows" % (len(told), len(rows))


@case("code", each=harness.supported)
def every_function_named_has_a_row(t):
    """And an image's rows are of its slots, in the order in which these were given."""
    codes = Codes(t)
    codes.ask("lines")
    for path in t.image_paths(codes.pid):
        slots = [row.slot for row in codetable.read(path) if row.slot is not None]
        first = [slot for at, slot in enumerate(slots) if slot not in slots[:at]]
        assert first == [symbol.address for symbol in image.symbols(path)], path
    times = [row.time for row in codes.rows()]
    back = [(a, b) for a, b in zip(times, times[1:]) if a > b]
    assert not back and times[0] > 0, "times go back: %s" % back[:3]
    codes.end()


@case("code", each=harness.supported)
def code_objects_that_share_a_slot_have_a_row_each(t):
    codes = Codes(t)
    told = codes.ask("shared")
    rows = codes.rows()
    found = [check(t, rows, truth) for truth in told]
    assert len({row.bytecode for row in found}) == 3 and len({row.symbol for row in found}) == 1
    assert len(rows) == len(set(rows)), "a row twice"
    codes.end()


@case("code", each=harness.supported)
def a_slot_and_an_address_tell_the_code_object(t):
    codes = Codes(t)
    told = codes.ask("twins")
    rows = codes.rows()
    found = [[r for r in rows if r.bytecode == c["bytecode"] and r.first_line == c["first_line"]] for c in told]
    matching = [[r for r in rs if decodes_to(r, c)] for rs, c in zip(found, told)]
    assert [len(rs) for rs in matching] == [1] * len(told), rows
    for (row,), truth in zip(matching, told):
        compare(t, row, truth)
    places = {(row.slot, row.elsewhere, row.bytecode) for row, in matching}
    # Before 3.11 code objects that differ only behind their first line are one.
    assert len(places) == len({json.dumps(c, sort_keys=True) for c in told}) >= 3, places
    codes.end()


@case("code", each=harness.supported)
def a_sigkill_loses_no_row(t):
    codes = Codes(t)
    told = codes.ask("lines") + codes.ask("shared")
    slots = codes.slots()
    codes.kill()
    rows = codes.rows(slots=slots)
    for truth in told:
        check(t, rows, truth)


@case("code", each=harness.supported)
def the_time_tells_whose_an_address_was(t):
    codes = Codes(t)
    history = codes.ask("again")
    rows = codes.rows()
    for truth in history:
        symbol = "py::%s:%s" % (truth["name"], truth["file"])
        of_slot = [row for row in rows if row.symbol == symbol]
        row = codetable.covering(of_slot, truth["bytecode"], truth["time"])
        assert row, "no row at that time: %s" % where(truth)
        compare(t, row, truth)
    addresses = {truth["bytecode"] for truth in history}
    assert len(addresses) < len(history), "no address was used again"
    codes.end()
    return "%d code objects at %d addresses" % (len(history), len(addresses))


def meets(row, other):
    """Whether a position in one's bytecode, or just behind it, may be in the other's."""
    return row.bytecode <= other.bytecode + other.length and other.bytecode <= row.bytecode + row.length


@case("code", each=harness.supported)
def a_code_object_over_a_part_of_another_is_told_again(t):
    """Wherever in its bytecode a sample was, the newest row of its slot is its own."""
    codes = Codes(t)
    history = codes.ask("over")
    rows = codes.rows()
    parts = set()
    for truth in history:
        own = codetable.Row(*[truth.get(field) for field in codetable.Row._fields])
        over = [row for row in rows if row.time <= own.time and meets(row, own)]
        of_slot = [row for row in over if row.symbol == "py::over:/srv/again.py"]
        assert of_slot, "no row at that time: %s" % where(truth)
        compare(t, of_slot[-1], truth)
        parts |= {(row.bytecode, own.bytecode) for row in of_slot if row.bytecode != own.bytecode}
    codes.end()
    # Without a GIL each size has pages of its own, and up to 3.10 most bytecode is that small.
    may_lack = t.python.free_threaded or t.python.minor < (3, 11)
    assert parts or may_lack, "no memory was used again in parts"
    return "%d code objects, %d over a part of another" % (len(history), len(parts))


@case("code", each=harness.supported)
def a_forked_child_describes_its_own(t):
    codes = Codes(t)
    told = codes.ask("fork")
    child = told["child"]
    t.forget(child)
    parents, childs = codes.rows(), codes.rows(child, slots=codes.slots())
    codes.end()
    check(t, parents, told["inherited"][0])
    here = told["inherited"][0]["bytecode"]
    assert not [row for row in childs if row.bytecode == here], "the child describes what it inherits"
    shared, fresh = told["mine"]
    told = [(truth["bytecode"], truth["first_line"], truth["length"]) for truth in told["mine"]]
    both = [r for r in parents if (r.bytecode, r.first_line, r.length) in told]
    assert not both, "the child's rows are in the parent's images"
    assert check(t, childs, shared).elsewhere, "the child took a slot of its own"
    check(t, childs, fresh)


@case("code", each=harness.supported)
def a_large_line_table_gets_an_image_of_its_size(t):
    codes = Codes(t)
    told = codes.ask("huge")
    rows = codes.rows()
    for truth in told:
        row = check(t, rows, truth)
    assert len(row.lines) > 8000, len(row.lines)
    codes.end()
    return "%d bytes" % len(row.lines)


@case("code", each=harness.supported)
def without_an_image_there_is_no_table_and_all_goes_on(t):
    codes = Codes(t, PYPERF_OUTPUT="map")
    codes.ask("lines")
    codes.ask("shared")
    codes.ask("fork")
    codes.end()
    assert not t.image_paths(codes.pid)


@case("code", each=wrapper.perfs)
def rows_survive_in_perfs_cache(t):
    """What `pyperf-run perf record` keeps of images is cut to what is used: with all rows.  Where
    it converts a recording, it keeps none."""
    run = wrapper.Wrapper(t, t.subject)
    app = t.path("app.py")
    with open(app, "w") as file:
        file.write("def work():\n    return sum(range(100000))\n\n\nfor i in range(300):\n    work()\n")
    options = ("-F", "499", "--call-graph", "dwarf", "--buildid-all")
    done = run.record(*options, t.world.newest_on_host().path, app, before=["--no-adapt"])
    assert done.code == 0, done
    rows = []
    for folder, _, files in os.walk(run.home + "/.debug"):
        if re.search(r"/pyperf-[^/]*\.so/[^/]*$", folder) and "elf" in files:
            rows += codetable.read(os.path.join(folder, "elf"))
    (row,) = [row for row in rows if row.symbol == "py::work:" + app]
    assert set(codetable.decode(row).values()) <= {1, 2} and codetable.file_of(row) == app, row
