"""Reads what the library writes, with other people's readers: elfutils, readelf, plain text."""

import collections
import os
import re
import subprocess

Symbol = collections.namedtuple("Symbol", "address size name")


def tool(*argv):
    """A tool's output; AssertionError with what it said when it complains."""
    done = subprocess.run(argv, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    text = done.stdout.decode("utf-8", "surrogateescape")
    assert done.returncode == 0, "%s: exit code %d\n%s" % (" ".join(argv), done.returncode, text[:4000])
    return text


def lint(path):
    """elflint finds nothing to say about the file."""
    text = tool("eu-elflint", "--gnu-ld", path)
    assert text.strip() == "No errors", "eu-elflint on %s: %s" % (path, text[:4000])


def symbols(path):
    """The image's functions, as libelf sees them."""
    found = []
    for line in tool("eu-readelf", "--symbols=.symtab", path).split("\n"):
        # Num: Value Size Type Bind Vis Ndx Name
        fields = line.split(None, 7)
        if len(fields) == 8 and fields[3] == "FUNC" and fields[6] != "UNDEF":
            found.append(Symbol(int(fields[1], 16), int(fields[2]), fields[7]))
    return found


def build_id(path):
    found = re.findall(r"Build ID: ([0-9a-f]+)", tool("readelf", "-nW", path))
    assert len(found) == 1, "%s has %d build-ids" % (path, len(found))
    return found[0]


def overlap(symbols_):
    """Two functions that share an address, or None."""
    ordered = sorted(symbols_)
    for one, two in zip(ordered, ordered[1:]):
        if one.address + one.size > two.address:
            return "%s and %s share address %x" % (one.name, two.name, two.address)
    return None


def read_map(path):
    """The entries of a perf map.  AssertionError for whatever is not one clean line each."""
    assert os.path.exists(path), "there is no map " + path
    with open(path, "rb") as file:
        data = file.read()
    assert data.endswith(b"\n"), "the last line of %s is not whole: %r" % (path, data[-80:])
    entries = []
    for raw in data[:-1].split(b"\n"):
        try:
            line = raw.decode("utf-8")
        except UnicodeDecodeError as error:
            raise AssertionError("not UTF-8: %r (%s)" % (raw[:200], error))
        entry = re.match(r"([0-9a-f]+) ([0-9a-f]+) (\S.*)$", line)
        assert entry, "not a map line: %r" % line[:200]
        bad = re.search("[\x00-\x1f\x7f]", line)
        assert not bad, "control character %r in %r" % (bad.group(), line[:200])
        entries.append(Symbol(int(entry.group(1), 16), int(entry.group(2), 16), entry.group(3)))
    return entries


Mapping = collections.namedtuple("Mapping", "start end protection offset path")


def mappings(pid):
    """The memory map of a living process."""
    found = []
    with open("/proc/%d/maps" % pid) as file:
        for line in file:
            fields = line.rstrip("\n").split(None, 5)
            start, end = (int(n, 16) for n in fields[0].split("-"))
            path = fields[5] if len(fields) > 5 else ""
            found.append(Mapping(start, end, fields[1], int(fields[2], 16), path))
    return found
