"""Just enough of ELF64 little-endian to look at interpreters: dynamic symbols and their bytes.

What the tests assert about our own files is read with readelf and elfutils instead, so that a
mistake shared by writer and reader cannot hide.
"""

import struct

SHT_DYNSYM = 11
STT_FUNC = 2


class Elf:
    """An ELF file held in memory.  Raises ValueError when it is not one we can read."""

    def __init__(self, path):
        with open(path, "rb") as file:
            self.data = file.read()
        if self.data[:6] != b"\x7fELF\x02\x01":
            raise ValueError("%s: not a 64-bit little-endian ELF file" % path)
        (self.type, self.machine) = struct.unpack_from("<HH", self.data, 16)
        (offset,) = struct.unpack_from("<Q", self.data, 40)
        (size, count) = struct.unpack_from("<HH", self.data, 58)
        self.sections = [
            struct.unpack_from("<IIQQQQIIQQ", self.data, offset + i * size) for i in range(count)
        ]

    def dynamic_functions(self):
        """Name -> (address, size) of every function the dynamic symbol table defines."""
        functions = {}
        for _, kind, _, _, offset, size, link, _, _, entry in self.sections:
            if kind != SHT_DYNSYM:
                continue
            names = self.sections[link][4]
            for at in range(offset, offset + size, entry):
                name, info, _, section, address, length = struct.unpack_from(
                    "<IBBHQQ", self.data, at
                )
                if section and info & 15 == STT_FUNC:
                    end = self.data.index(b"\0", names + name)
                    functions[self.data[names + name : end].decode()] = (address, length)
        return functions

    def bytes_at(self, address, length):
        """File contents behind a virtual address."""
        for _, _, _, start, offset, size, _, _, _, _ in self.sections:
            if start and start <= address < start + size:
                return self.data[offset + address - start :][:length]
        return b""


def is_elf(path):
    try:
        with open(path, "rb") as file:
            return file.read(4) == b"\x7fELF"
    except OSError:
        return False
