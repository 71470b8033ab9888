"""fork, in every way programs do it: children behave as without the library, write what is new to
them into files of their own, and nothing at all when nothing is."""

import json
import os

import harness
import image
from harness import case


def both_ways(t, name):
    """Runs one of fork.py's programs with the library and without; its outcome and what it
    told of its children."""
    # Since 3.12 Python warns of what is tested here: fork in a process with threads.
    # -S: what site packages import may have fork hooks, which children would meet.
    argv = [t.python.path, "-S", "-W", "ignore::DeprecationWarning"]
    argv += [t.program("fork.py"), name]
    plain = harness.check_ok(t.run(argv, None))
    ours = harness.check_ok(t.run(argv, t.preload()))
    told = [json.loads(done.stdout.decode()) for done in (plain, ours)]
    assert told[0]["alike"] == told[1]["alike"], "plain: %s\nours: %s" % (told[0], told[1])
    children = {int(pid): names for pid, names in told[1]["children"].items()}
    for pid in children:
        t.forget(pid)
    return ours, children


def names_of(t, pid):
    """The names in a process's images, which must be sound, and in its map, which must agree."""
    names = []
    for path in t.image_paths(pid):
        image.lint(path)
        names += [symbol.name for symbol in image.symbols(path)]
    listed = []
    if os.path.exists(t.map_path(pid)):
        listed = [entry.name for entry in image.read_map(t.map_path(pid))]
    assert sorted(names) == sorted(listed), "image and map of %d differ: %s" % (
        pid,
        sorted(set(names) ^ set(listed))[:10],
    )
    return names


def check_children(t, parent, children):
    elders = set(names_of(t, parent))
    for pid, wanted in children.items():
        names = names_of(t, pid)
        for name in wanted:
            full = ["py::%s:%s" % (name, file) for file in ("<new>", "<string>")]
            assert set(full) & set(names), "%s is missing in %d: %s" % (name, pid, names[:9])
            assert not set(full) & elders, "%s is in its parent's files" % name


@case("fork", each=harness.supported)
def a_child_that_meets_nothing_new_creates_nothing(t):
    ours, children = both_ways(t, "nothing_new")
    for pid in children:
        assert not t.image_paths(pid), "an image of a child that met nothing new"
        assert not t.left_in_tmp(pid), "a map of a child that met nothing new"
    names_of(t, ours.pid)


@case("fork", each=harness.supported)
def generations_write_their_own_files(t):
    ours, children = both_ways(t, "something_new")
    assert len(children) == 3
    check_children(t, ours.pid, children)


@case("fork", each=harness.supported)
def forks_of_threads(t):
    ours, children = both_ways(t, "from_a_thread")
    check_children(t, ours.pid, children)


@case("fork", each=harness.supported)
def forks_while_other_threads_name_functions(t):
    ours, children = both_ways(t, "while_naming")
    check_children(t, ours.pid, children)


@case("fork", each=harness.supported)
def recycled_workers_of_pools(t):
    ours, children = both_ways(t, "pools")
    assert len(children) >= 12, "%d workers" % len(children)
    for pid, wanted in children.items():
        names = names_of(t, pid)
        missing = ["py::%s:<new>" % name for name in wanted if "py::%s:<new>" % name not in names]
        assert not missing, "%s missing in %d: %s" % (missing, pid, names[:9])


@case("fork", each=harness.supported)
def processes_queues_and_managers(t):
    both_ways(t, "processes")


@case("fork", each=harness.supported)
def a_process_that_executes_starts_afresh(t):
    _, children = both_ways(t, "executes")
    for pid, wanted in children.items():
        listed = [entry.name for entry in image.read_map(t.map_path(pid))]
        assert "py::before_exec:<new>" not in listed, "a name from before exec in the map"
        assert "py::%s:<string>" % wanted[0] in listed, listed[:9]


@case("fork", each=harness.supported)
def daemons_that_close_everything(t):
    ours, children = both_ways(t, "daemon")
    check_children(t, ours.pid, children)
