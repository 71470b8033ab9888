"""Reads an image's code table as include/pyperf.h describes it, and the three formats of its lines."""

import collections
import re
import struct

import image

ROW = struct.Struct("=QIIIHH")
ELSEWHERE, CLOCK, END, CONTEXT = 0xFFFF, 0xFFFE, 0xFFFD, 0xFFFC
LNOTAB, LINETABLE, LOCATIONS = 1, 2, 3

# slot: its symbol's address in the image; elsewhere: or its address in the process.  name_at: where
# the file's name begins in the symbol's.
Row = collections.namedtuple(
    "Row", "time format bytecode length first_line slot elsewhere symbol name_at lines"
)


def file_of(row):
    return row.symbol.encode()[row.name_at :].decode() if row.name_at else None


def section(path):
    """The table's bytes."""
    text = image.tool("readelf", "-SW", path)
    found = re.findall(r" \.pyperf_code +PROGBITS +0+ ([0-9a-f]+) ([0-9a-f]+) ", text)
    assert len(found) == 1, "%s has %d code tables" % (path, len(found))
    offset, size = (int(n, 16) for n in found[0])
    with open(path, "rb") as file:
        file.seek(offset)
        return file.read(size)


def read(path):
    """The rows of an image but for contexts, oldest first, END ones too (their symbol is "").  AssertionError unless
    they fill the section."""
    data, symbols, at, undated, rows = section(path), image.symbols(path), 0, [], []
    while at < len(data):
        bytecode, length, first_line, size, slot, file = ROW.unpack_from(data, at)
        at += ROW.size
        if slot == CLOCK:
            rows += [row._replace(time=bytecode, format=length) for row in undated]
            undated = []
            continue
        elsewhere = None
        if slot == ELSEWHERE:
            (elsewhere,) = struct.unpack_from("=Q", data, at)
            at += 8
        if slot == CONTEXT:
            at += size
            continue
        own = slot < CONTEXT
        name = symbols[slot].name if own else ""
        assert at + size <= len(data), "a row beyond the section's end"
        undated.append(
            Row(
                None, None, bytecode, length, first_line, symbols[slot].address if own else None,
                elsewhere, name, file, data[at : at + size],
            )
        )  # fmt: skip
        at += size
    assert not undated, "the oldest row is not of the clock"
    return rows[::-1]


def covering(rows, address, time):
    """The newest of the rows that have this address in their bytecode and are not newer than `time`."""
    found = [r for r in rows if r.bytecode <= address < r.bytecode + r.length and r.time <= time]
    return found[-1] if found else None


def signed(byte):
    return byte - 256 if byte > 127 else byte


def lnotab(row):
    """Objects/lnotab_notes.txt of 3.6 to 3.9."""
    line, start, at = row.first_line, 0, 0
    for more, lines in zip(row.lines[::2], row.lines[1::2]):
        at += more
        if more:
            yield start, at, line
            start = at
        line += signed(lines)
    yield start, row.length, line


def linetable(row):
    """Objects/lnotab_notes.txt of 3.10."""
    line, end = row.first_line, 0
    for more, lines in zip(row.lines[::2], row.lines[1::2]):
        start, end = end, end + more
        if lines == 128:
            yield start, end, None
        else:
            line += signed(lines)
            yield start, end, line


def varint(data, at):
    value = shift = 0
    while True:
        value |= (data[at] & 63) << shift
        if not data[at] & 64:
            return value
        shift, at = shift + 6, at + 1


def locations(row):
    """InternalDocs/code_objects.md of 3.14: 3.11 and later."""
    line, end, data = row.first_line, 0, row.lines
    for at, byte in enumerate(data):
        if not byte & 128:
            continue
        kind = byte >> 3 & 15
        start, end = end, end + 2 * ((byte & 7) + 1)
        if kind in (13, 14):
            value = varint(data, at + 1)
            line += -(value >> 1) if value & 1 else value >> 1
        elif 10 <= kind <= 12:
            line += kind - 10
        yield start, end, None if kind == 15 else line


def decode(row):
    """The line of each instruction: {offset: line or None}."""
    ranges = {LNOTAB: lnotab, LINETABLE: linetable, LOCATIONS: locations}[row.format](row)
    return {at: line for start, end, line in ranges for at in range(start + start % 2, end, 2)}
