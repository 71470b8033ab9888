"""The words of docs/truth.md, around the tables."""

HEADER = """# The truth about profilers

What profilers say of Python programs whose truth is known, ours included. Written by `bench/run truth --docs`.

## What is true, and how it is known

Six small programs ([bench/subjects/truth](../bench/subjects/truth)) consist of *branches*. The work of a branch is
counted, not timed, so that it is the same in every run. The program reads the processor time of its thread before and
after each, some 50 times in all, in parts of 2 to 10 ms. **True is a branch's share by that clock in runs without any
profiler** (the median of all, taken between the others); the last row of each table says how far single runs without a
profiler are from it. That the clock tells the truth shows in `lines`: there one line calls a C function once, one
twice and one three times, and the clock says 1.0 : 2.0 : 3.0.

| Program | Branches |
| --- | --- |
| `c` | five C libraries (zlib, re, SHA-256, SQLite, json) and the kernel (`os.readv` of `/dev/zero`), each from a Python function |
| `calls` | calls of functions, methods, closures and builtins, a recursion, and a loop without a call |
| `generators` | a generator, `yield from` through three, an expression, coroutines through three, and a loop |
| `threads` | four threads at a time: bytecode, SHA-256 and zlib without the interpreter's lock, and one that waits (0 %) |
| `deep` | the same work at the bottom of recursions 20 to 900 deep |
| `lines` | 12 lines of one function: C, arithmetic, strings, calls, comprehensions; lines that call Python count with what they call |

A profiler says of a branch: the samples (or seconds) whose chain has the branch's function, of all that it has of the
program while it worked. What it attributes to no branch is missing, as it is for whoever reads its report. A profiler
that slows one branch down more than another shows other shares than the truth; that counts as its error, and the
second table tells it apart.

## How to read the tables

- *names*: are all functions there, as `Class.method` (qualified) or as `method`? Without `deep`.
- *chains*: of the samples, those with every Python caller from the module or the thread's start on: in the worst of
  the programs but `deep`, and in `deep`. `-`: it has none.
- *C*: what is seen of zlib at work: its functions, only that C was called, or nothing. *kernel*: its functions.
- *c* to *lines*: the largest difference from the truth over the branches, **in points of per cent**. `-`: it cannot say.
- *program ×*: processor time of the program itself, *all ×*: of it and the profiler with its start, both divided by
  those of the runs without a profiler before and after (geometric mean of the programs; user + system time, since that
  does not change with the load of the machine). *after*: further processor time until every chain can be read, in
  seconds. *MB*: what was recorded. Both are the median of the programs. These work for less than a second each, so what
  a profiler takes for its start and its end weighs more in *all ×* than in a long run.

Samplers that go by the clock on the wall (Austin, profiling.sampling, pyinstrument), or ask whether a thread could
run (`--mode cpu`, `--sleepless`), also count the time in which it waits for a processor. The busier the machine (its
load is named below), the worse their shares; perf's count processor time alone.

All were asked for 999 samples a second. perf records `cpu-clock` here: the machine has no hardware counters.
"""

FOOTER = """## Our own misses

- **By frame pointers (`--call-graph fp`, on 3.15) most of what C libraries do is missing.** Debian's zlib, SQLite,
  OpenSSL and libc are built without frame pointers: a sample in one of them has no callers. In `c` and `threads` the
  branches that work there all but vanish. So `pyperf-run perf record -g` copies stacks there, too. perf's `-g` with
  `-X perf` misses the same.
- **Deep stacks.** perf copies at most 64 KiB of a stack: beyond 90 to 155 Python calls (some 70 on 3.14 and 3.15) a
  sample has its leaf and no root, so that of `deep` only the branches 20, 50 and, up to 3.13, 100 calls deep are there.
  By frame pointers the kernel records 127 entries (`kernel.perf_event_max_stack`), which is less still: 20 calls.
  Native `-X perf` and `-X perf_jit` have the same bounds. `pyperf-run perf record` completes such chains from 3.11
  on ([deep-stacks.md](deep-stacks.md)). profiling.sampling, Austin and pyinstrument read the interpreter's own frames
  (with `--binary` profiling.sampling lost the branches 300 and 900 deep).
- **Calls and generators cost more under us than without**, as under any frame evaluator, native `-X perf` included; so
  branches that call a lot look larger than they are without a profiler (the second table's first figures). What then
  is so, is shown right (its second figures). A sampler from outside does not have this error. In `calls` we move shares
  by 5 to 6 points, and `-X perf` by 5 to 8.
- **`--call-graph dwarf` without `,65528`** copies 8 KiB, which hold 10 to 20 Python calls: the bottom of `fib(14)` in
  `calls` is cut off on 3.15.

Who is nearer by line, `pyperf-run lines` or 3.15's sampler with its heatmap? On a quiet machine the sampler, by a point.
Both misread what ran by about as much, 0.4 to 1.0 and 0.6 to 1.2 points. But the evaluator had moved the shares by 2.0 to
2.4, since calls cost more, and the sampler by 0.3 to 0.7. From the truth we were 1.9 to 2.4 points away, the sampler 0.8 to
1.3 (with `--mode gil` 23). On a busy machine the sampler counts time in which it waits: then both were equally near.

profiling.sampling with `--mode cpu --blocking` had no sample at all: a thread that was stopped to be looked at is not
running.

## Not in the tables

- **py-spy** is in neither Debian nor npm; **memray** profiles memory.
- **Scalene** 1.5 is made for Debian's 3.14 only, and in the table of that interpreter, where it was measured.
- **samply** 0.13 refuses to record where `perf_event_paranoid` is 2, for root as well. It reads what perf recorded.
- **sysprof**, **bpftrace**, **perfetto**: know no Python; they see what perf sees by frame pointers.
- **line_profiler**, **pprofile**: trace each line, which multiplies the time of the lines that do little.
- **profiling.sampling `--async-aware`** tells of asyncio's tasks only, of which these programs have none; its
  **`--heatmap`** shows the same counts as the chains used here (compared on a recording that was replayed as both).
- What depends on the version is in the table of the interpreter that has it: `-X perf` from 3.12, `-X perf_jit` from
  3.13, profiling.sampling from 3.15. Austin 3.7 shows no frame of 3.13 and later.

## Measure it yourself

    scripts/profilers            # fetches what Debian has of the others; optional
    bench/run truth              # 3.12, 3.14 and 3.15, where they are found: about 20 minutes
    bench/run truth --quick      # one round, half the work
    bench/run truth --python 3.13.0
    bench/run truth --docs       # renew this page

A profiler that is not there is left out, and named below. `tests/integration/test_bench.py` checks that the reckoning
tells right from wrong, and that the programs are what it believes.
"""
