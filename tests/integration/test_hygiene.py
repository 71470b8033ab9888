"""The shared object itself: what it exports, needs and asks of the loader."""

import glob
import os
import re

import image
import roots
from harness import case

EXPORTS = os.path.join(roots.REPO, "tests/exports.txt")


@case("hygiene")
def exports_equal_the_list(t):
    with open(EXPORTS) as file:
        listed = {line.split()[0] for line in file if line.strip() and line[0] != "#"}
    text = image.tool("nm", "--dynamic", "--defined-only", t.world.library)
    exported = set()
    for line in text.splitlines():
        kind, name = line.split()[-2:]
        if kind != "A":  # the version itself is an absolute symbol
            exported.add(name.split("@")[0])
    assert exported == listed, "exported but not listed: %s; listed but not exported: %s" % (
        sorted(exported - listed),
        sorted(listed - exported),
    )


@case("hygiene")
def needs_libc_only(t):
    dynamic = image.tool("readelf", "-dW", t.world.library)
    needed = set(re.findall(r"\(NEEDED\).*\[(.*)\]", dynamic))
    extra = {n for n in needed if n != "libc.so.6" and not n.startswith("ld-linux")}
    assert "libc.so.6" in needed and not extra, "needs %s" % sorted(needed)


@case("hygiene")
def has_no_text_relocation(t):
    assert "TEXTREL" not in image.tool("readelf", "-dW", t.world.library)


@case("hygiene")
def has_no_executable_stack(t):
    headers = image.tool("readelf", "-lW", t.world.library)
    stack = re.search(r"GNU_STACK.* (\S+) +0x\S+$", headers, re.M)
    assert stack and "E" not in stack.group(1), "GNU_STACK: %s" % (stack and stack.group(0))
    both = re.findall(r"LOAD.* RWE ", headers)
    assert not both, "a segment is writable and executable"


@case("hygiene")
def keeps_branch_protection(t):
    """The property that the loader asks for: of an input without it the linker drops it."""
    wanted = {"X86-64": ("IBT", "SHSTK"), "AArch64": ("BTI",)}
    header = image.tool("readelf", "-hW", t.world.library)
    machine = next(name for name in wanted if name in header)
    notes = image.tool("readelf", "-nW", t.world.library)
    assert all(word in notes for word in wanted[machine]), "the property is lost:\n" + notes


@case("hygiene")
def includes_no_python_header(t):
    pattern = re.compile(
        r"^\s*#\s*include\s*[<\"](Python\.h|pyconfig|patchlevel|frameobject|internal/pycore|cpython/)",
        re.M,
    )
    files = glob.glob(os.path.join(roots.REPO, "preload/**/*.[chS]"), recursive=True)
    assert files, "no sources under preload/"
    for path in files:
        with open(path) as file:
            found = pattern.search(file.read())
        assert not found, "%s: %s" % (path, found.group().strip())


# What has to differ between architectures (docs/porting.md).
PER_ARCHITECTURE = re.compile(
    r"preload/arch\.h|preload/trampoline_\w+\.S|preload/CMakeLists\.txt|cmake/.*|"
    r"exec/exec_\w+\.S|run/python/(elfinfo\.[ch]|prologue\.c)"
)
ARCHITECTURE = re.compile(
    r"x86|i[3-6]86|amd64|aarch64|arm64|\barm\b|riscv|ppc64|s390|loongarch|\bEM_[A-Z0-9]", re.I
)


@case("hygiene")
def architectures_are_named_in_few_places(t):
    patterns = ("CMakeLists.txt", "cmake/*", "include/**", "preload/**", "run/**", "exec/**")
    paths = {p for g in patterns for p in glob.glob(os.path.join(roots.REPO, g), recursive=True)}
    known = 0
    wrong = []
    for path in sorted(filter(os.path.isfile, paths)):
        name = os.path.relpath(path, roots.REPO)
        with open(path, encoding="utf-8", errors="replace") as file:
            for number, line in enumerate(file, 1):
                if not ARCHITECTURE.search(line):
                    continue
                if PER_ARCHITECTURE.fullmatch(name):
                    known += 1
                else:
                    wrong.append("%s:%d: %s" % (name, number, line.strip()))
    assert known > 10, "the test finds nothing: it is broken"
    assert not wrong, "\n".join(wrong)
