"""Finds the CPythons of this machine, and tells what matters about each to a profiler.

Looks in PATH, /usr/bin, pyenv's versions, the sid tree and what scripts/nogil-python built.  Nothing is taken from a file's name:
version, build and implementation are asked of the interpreter, and whether it keeps frame
pointers is read from its machine code.
"""

import glob
import json
import os
import re
import struct
import subprocess

import elf
import roots

NAME = re.compile(r"(python|pypy)[0-9.]*t?$")

# Runs on every Python since 2.7.
PROBE = r"""
import json, re, sys, sysconfig
maps = open("/proc/self/maps").read()
library = re.search(r"(/\S*/libpython[^/\s]*\.so\S*)", maps)
print(json.dumps({
    "implementation": getattr(getattr(sys, "implementation", None), "name", None)
        or ("pypy" if "PyPy" in sys.version else "cpython"),
    "version": "%d.%d.%d" % sys.version_info[:3],
    "library": library and library.group(1),
    "free_threaded": bool(sysconfig.get_config_var("Py_GIL_DISABLED")),
}))
"""

# Functions that call others, so that a compiler told to keep frame pointers sets one up in them.
# Some may still begin with a test before the prologue; the majority decides.
WELL_KNOWN = (
    "PyObject_Call PyObject_GetAttr PyObject_Repr PyObject_RichCompare PyEval_EvalCode "
    "PyList_Append PyDict_Copy PyUnicode_Join PyImport_ImportModuleLevelObject "
    "PyTuple_Pack PyErr_Format PyLong_FromString PySequence_List Py_BytesMain "
    "_PyEval_EvalFrameDefault"
).split()
PROLOGUE = 64  # bytes


def _framed_x86_64(code):
    """push %rbp ... mov %rsp,%rbp"""
    return b"\x55" in code.partition(b"\x48\x89\xe5")[0] and b"\x48\x89\xe5" in code


def _framed_aarch64(code):
    """stp x29, x30, [sp, ...] ... add x29, sp, #...; mov x29, sp is one of these."""
    words = struct.unpack("<%dI" % (len(code) // 4), code[: len(code) // 4 * 4])
    stored = [i for i, w in enumerate(words) if w & 0xFE407FFF == 0xA8007BFD]
    moved = [i for i, w in enumerate(words) if w & 0xFFC003FF == 0x910003FD]
    return bool(stored and moved) and stored[0] < moved[0]


FRAMED = {62: _framed_x86_64, 183: _framed_aarch64}  # by e_machine


class Interpreter:
    """One interpreter: where it is, how to run it, what it is."""

    def __init__(self, root, path, facts):
        self.root = root
        self.path = path
        self.implementation = facts["implementation"]
        self.version = facts["version"]
        self.library = facts["library"]
        self.free_threaded = facts["free_threaded"]
        self._runs = {}
        self.frame_pointers = _keeps_frame_pointers(root.file(self.library or path))

    @property
    def minor(self):
        """(major, minor), for comparing."""
        return tuple(int(part) for part in self.version.split(".")[:2])

    @property
    def supported(self):
        return self.implementation == "cpython" and (3, 6) <= self.minor <= (3, 15)

    @property
    def label(self):
        """Short name that is unique among the interpreters of one machine, in practice."""
        kind = "" if self.implementation == "cpython" else self.implementation + "-"
        threads = "t" if self.free_threaded else ""
        where = "" if self.root.is_host else "-" + self.root.name
        if self.root.is_host and self.path.startswith("/usr/bin/"):
            where = "-usr"
        return kind + self.version + threads + where

    def runs(self, code):
        """Whether it runs this code without an error.  Asked once."""
        if code not in self._runs:
            done = subprocess.run(
                self.root.command([self.path, "-c", code]),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
            )
            self._runs[code] = done.returncode == 0
        return self._runs[code]

    def row(self):
        return {
            "path": self.path,
            "root": self.root.path,
            "implementation": self.implementation,
            "version": self.version,
            "build": "shared" if self.library else "static",
            "frame_pointers": self.frame_pointers,
            "free_threaded": self.free_threaded,
            "supported": self.supported,
        }


def _keeps_frame_pointers(path):
    """True or False; None where the code is not one we can read."""
    try:
        image = elf.Elf(path)
    except (OSError, ValueError):
        return None
    functions = image.dynamic_functions()
    starts = [image.bytes_at(functions[f][0], PROLOGUE) for f in WELL_KNOWN if f in functions]
    framed = FRAMED.get(image.machine)
    if framed is None or not starts:
        return None
    return 2 * sum(framed(code) for code in starts) > len(starts)


def _candidates(root):
    if not root.is_host:
        return sorted(glob.glob(root.path + "/usr/bin/*"))
    folders = os.environ.get("PATH", "").split(":") + ["/usr/bin", "/usr/local/bin"]
    pyenv = os.environ.get("PYENV_ROOT") or os.path.expanduser("~/.pyenv")
    folders += sorted(glob.glob(os.path.join(pyenv, "versions", "*", "bin")))
    folders.append(os.path.join(roots.cache_folder(), "nogil", "bin"))
    return [path for folder in folders if folder for path in sorted(glob.glob(folder + "/*"))]


def _ask(root, path):
    """The interpreter's own words about itself; None if it does not answer."""
    try:
        done = subprocess.run(
            root.command([path, "-c", PROBE]),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            timeout=60,
        )
        return json.loads(done.stdout.decode()) if done.returncode == 0 else None
    except (OSError, ValueError, subprocess.TimeoutExpired):
        return None


def discover(where=None):
    """Every interpreter found, oldest first; each real file once."""
    found = {}
    for root in where or roots.all_roots():
        for path in _candidates(root):
            if not NAME.match(os.path.basename(path)):
                continue
            inside = path if root.is_host else path[len(root.path) :]
            real = root.file(inside)
            if real in found or not elf.is_elf(real):
                continue
            inside = real if root.is_host else real[len(root.path) :]
            facts = _ask(root, inside)
            if facts:
                found[real] = Interpreter(root, inside, facts)
    return sorted(found.values(), key=lambda i: [int(n) for n in i.version.split(".")])
