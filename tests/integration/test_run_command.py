"""pyperf-run COMMAND: becomes the command, and says clearly what it cannot do."""

import os
import subprocess

import harness
import wrapper
from harness import case

NAMES_OWN_FRAME = "import os\nprint(sum('pyperf-' in l for l in open('/proc/self/maps')) > 0)"


@case("run", each=harness.supported)
def runs_a_program_with_the_preload(t):
    run = wrapper.Wrapper(t, root=t.python.root)
    done = run(t.python.path, "-c", NAMES_OWN_FRAME)
    harness.check_ok(done)
    assert done.stdout == b"True\n", done


@case("run")
def keeps_an_existing_preload(t):
    run = wrapper.Wrapper(t)
    python = t.world.newest_on_host()
    code = "import os; print(os.environ['LD_PRELOAD'])"
    done = run(python.path, "-c", code, env={"LD_PRELOAD": "libm.so.6"})
    assert done.stdout.decode().strip() == "libm.so.6:" + run.library, done
    done = run(run.program, python.path, "-c", code)
    assert done.stdout.decode().strip() == run.library, done


@case("run")
def becomes_the_command(t):
    """Same process, same exit status, same input."""
    run = wrapper.Wrapper(t)
    process = run.start("sh", "-c", "echo $$; cat; exit 5", stdin=-1)
    out, _ = process.communicate(b"input")
    assert out.decode() == "%d\ninput" % process.pid and process.returncode == 5, out
    process = run.start("sh", "-c", "kill -TERM $$")
    process.communicate()
    assert process.returncode == -15, process.returncode


def fails(run, code, words, *arguments, **options):
    done = run(*arguments, **options)
    lines = done.stderr.decode().splitlines()
    assert done.code == code, "%s: exit status %d: %s" % (arguments, done.code, lines)
    assert len(lines) == 1 and words in lines[0], "%s says %s" % (arguments, lines)
    assert lines[0].startswith("pyperf-run: ") and not done.stdout, done


@case("run")
def bad_input_gets_one_clear_line(t):
    run = wrapper.Wrapper(t)
    if t.world.perfs:
        run.put_perf(t.world.perfs[0])
    plain = t.path("plain")
    open(plain, "w").close()
    looping = run.script("loop", interpreter=run.bin + "/loop")
    orphan = run.script("orphan", interpreter="/nonexistent/python")
    fails(run, 2, "no command")
    fails(run, 2, "unknown option '--nonsense'", "--nonsense", "true")
    fails(run, 2, "no command", "--")
    fails(run, 127, "not found", "no-such-command")
    fails(run, 127, "not found", "/no/such/command")
    fails(run, 126, "ermission denied", plain)
    fails(run, 126, "ermission denied", "/tmp")
    fails(run, 126, "symbolic links", looping)
    fails(run, 127, "program that is not there", orphan)
    fails(run, 2, "needs a value", "perf", "record", "-F")
    fails(run, 2, "put -- before", "perf", "record", "--brand-new", "python")
    fails(run, 127, "not found", "perf", "record", "no-such-command")
    fails(run, 126, "ermission denied", "perf", "record", plain)
    os.remove(run.library)
    fails(run, 126, "libpyperf.so", "true")
    os.remove(os.path.join(run.bin, "perf"))
    fails(run, 127, "install", "perf", "record", "true", env={"PATH": run.bin})


@case("run")
def a_damaged_elf_is_named(t):
    run = wrapper.Wrapper(t)
    path = run.script("damaged")
    with open(path, "wb") as file:
        file.write(b"\x7fELF" + bytes(60))
    done = run(path)
    lines = done.stderr.decode().splitlines()
    assert done.code in (126, 127) and "damaged" in lines[0], done


@case("run")
def a_program_that_the_preload_cannot_reach_is_warned_of(t):
    run = wrapper.Wrapper(t)
    source = t.path("static.c")
    with open(source, "w") as file:
        file.write("int main(void) { return 3; }\n")
    static = t.path("static")
    if t.run(["cc", "-static", "-o", static, source], None).code != 0:
        raise harness.Skip("no static C library")
    done = run(static)
    assert done.code == 3 and b"statically linked" in done.stderr, done
    if os.geteuid() != 0:
        raise harness.Skip("setuid programs can only be made by root")
    os.chown(static, 65534, 65534)
    os.chmod(static, 0o4755)
    done = run(static)
    assert done.code == 3 and b"setuid" in done.stderr, done


@case("run")
def a_library_path_that_cannot_be_preloaded_is_refused(t):
    run = wrapper.Wrapper(t)
    spaced = t.path("with space")
    os.rename(run.bin, spaced)
    run.program = os.path.join(spaced, "pyperf-run")
    fails(run, 126, "space or colon", "true")


@case("run")
def help_and_version_go_to_stdout(t):
    run = wrapper.Wrapper(t)
    for option in ("--help", "-h", "--version", "-V"):
        done = run(option)
        assert done.code == 0 and b"pyperf-run" in done.stdout and not done.stderr, done


def processor_time(run, argv):
    """What a command and its children used; the least of several, in seconds."""
    times = []
    for _ in range(8):
        quiet = subprocess.DEVNULL
        process = subprocess.Popen(argv, env=run.env(), stdin=quiet, stdout=quiet, stderr=quiet)
        _, _, usage = os.wait4(process.pid, 0)
        process.returncode = 0
        times.append(usage.ru_utime + usage.ru_stime)
    return min(times)


@case("run", each=wrapper.perfs)
def costs_little_before_the_program_starts(t):
    """Under 20 ms.  In processor time, because other programs may want this machine too; with a
    perf that answers questions but records nothing, so that nothing comes afterwards."""
    run = wrapper.Wrapper(t, t.subject)
    os.rename(os.path.join(run.bin, "perf"), os.path.join(run.bin, "real"))
    perf = run.script("perf", '[ "$1" = record ] || exec %s/real "$@"' % run.bin)
    python = t.world.newest_on_host().path
    recording = ["perf", "record", "-g", python, "app.py"]
    before_perf = processor_time(run, [run.program] + recording) - processor_time(run, [perf, "record"])
    before_exec = processor_time(run, [run.program, "true"]) - processor_time(run, ["true"])
    figures = "perf record %.1f ms, plain %.1f ms" % (before_perf * 1e3, before_exec * 1e3)
    assert before_perf < 0.020 and before_exec < 0.020, figures
    return figures
