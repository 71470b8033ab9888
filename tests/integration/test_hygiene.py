"""The shared object itself: what it exports, needs and asks of the loader."""

import glob
import os
import re
import sys

import chance
import image
import roots
from harness import case

VERSION_SCRIPT = os.path.join(roots.REPO, "preload/exports.map")


@case("hygiene")
def exports_equal_the_version_script(t):
    """Neither more, as where the script is not used, nor less, as where a definition went."""
    with open(VERSION_SCRIPT) as file:
        script = re.sub(r"/\*.*?\*/", "", file.read(), flags=re.S)
    public = re.search(r"\bglobal:(.*?)\blocal:", script, re.S).group(1)
    listed = set(re.findall(r"[^\s;]+", public))
    assert listed and not any("*" in name for name in listed), "odd version script: %s" % listed
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
def the_documented_differences_are_those_the_tests_know(t):
    script = os.path.join(roots.REPO, "scripts/differences")
    done = t.run([sys.executable, script, "--check"], None)
    assert done.code == 0, done.stderr.decode()


@case("hygiene")
def the_changelog_tells_of_this_version(t):
    with open(os.path.join(roots.REPO, "include/pyperf.h")) as file:
        version = re.search(r'^#define PYPERF_VERSION "([\d.]+)"$', file.read(), re.M).group(1)
    with open(os.path.join(roots.REPO, "CHANGELOG.md"), encoding="utf-8") as file:
        newest = file.read().split("\n## ")[1]
    title = newest.split("\n")[0]
    assert title.startswith("[%s] - " % version) or (
        title == "[Unreleased]" and "To be %s," % version in newest
    ), "the newest section of CHANGELOG.md is not %s's" % version


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


@case("hygiene")
def pages_name_the_versions_that_the_library_knows(t):
    with open(os.path.join(roots.REPO, "include/pyperf.h")) as file:
        minor = dict(re.findall(r"#define PYPERF_(FIRST|LAST)_MINOR +(\d+)", file.read()))
    versions = "3.%s to 3.%s" % (minor["FIRST"], minor["LAST"])
    for page in ("README.md", "packaging/man/libpyperf.7", "packaging/CMakeLists.txt"):
        with open(os.path.join(roots.REPO, page)) as file:
            said = set(re.findall(r"CPython\W+(?:from )?(3\.\d+ to 3\.\d+)", file.read()))
        assert said == {versions}, "%s says %s, pyperf.h %s" % (page, sorted(said), versions)


@case("hygiene")
def chances_are_reckoned_right(t):
    # Of 10 throws of a coin 9 or 10 heads come 11 times in 1,024, 10 heads once.
    assert chance.most(10, 0.5, 11.1 / 1024) == 8 and chance.most(10, 0.5, 10.9 / 1024) == 9
    assert chance.least(10, 0.5, 11.1 / 1024) == 2 and chance.least(10, 0.5, 10.9 / 1024) == 1
    # Rare things in many samples: the tables of Poisson's distribution, of mean 2.
    assert chance.most(100000, 2e-5, 0.0166) == 5 and chance.most(100000, 2e-5, 0.0165) == 6
    assert chance.most(100, 0, 1e-7) == 0 and chance.least(100, 1, 1e-7) == 100
    needed = chance.enough(0.003, 0.005)
    assert chance.most(needed, 0.003) <= 0.005 * needed
    assert chance.most(needed // 2, 0.003) > 0.005 * needed // 2
    assert chance.JUDGEMENTS * chance.EACH <= 1e-4


# What has to differ between architectures (docs/porting.md).
PER_ARCHITECTURE = re.compile(
    r"preload/arch/.*|preload/trampoline_\w+\.S|cmake/.*|"
    r"exec/exec_\w+\.S|run/python/(elfinfo\.[ch]|prologue\.c)|"
    r"run/recording/processor_\w+\.c"
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
