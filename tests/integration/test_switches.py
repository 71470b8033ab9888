"""The environment variables of include/pyperf.h, on every interpreter."""

import os

import harness
import image
from harness import case

MODULE = "py::<module>:<string>"  # the frame of python -c


def go(t, **env):
    """Runs `python -c` with the preload and these settings; its outcome, image and map names."""
    done = t.py("-c", "print(6 * 7)", env=env)
    assert done.code == 0 and done.stdout == b"42\n", "%s: %s" % (env, done[:3])
    folder = "/tmp" if "PYPERF_DIR" in env else t.images
    paths = t.image_paths(done.pid, folder)
    names = {s.name for path in paths for s in image.symbols(path)}
    has_map = t.map_path(done.pid) in t.left_in_tmp(done.pid)
    listed = {e.name for e in image.read_map(t.map_path(done.pid))} if has_map else set()
    assert not paths or MODULE in names, "the image does not name %s" % MODULE
    assert not has_map or MODULE in listed, "the map does not name %s" % MODULE
    return done, bool(paths), has_map


def lines_of(path):
    if not os.path.exists(path):
        return []
    with open(path) as file:
        return file.read().splitlines()


@case("switches", each=harness.supported)
def both_outputs_by_default_and_silence(t):
    done, has_image, has_map = go(t)
    assert has_image and has_map, "image %s, map %s" % (has_image, has_map)
    assert not done.stderr, done.stderr


@case("switches", each=harness.supported)
def off_does_nothing_at_all(t):
    log = t.path("log")
    done, has_image, has_map = go(t, PYPERF="off", PYPERF_LOG="debug", PYPERF_LOG_FILE=log)
    assert not has_image and not has_map, "image %s, map %s" % (has_image, has_map)
    assert not done.stderr and not lines_of(log), done.stderr or lines_of(log)


@case("switches", each=harness.supported)
def output_selects(t):
    for value, wanted in (
        ("image", (True, False)),
        ("map", (False, True)),
        ("image,map", (True, True)),
        ("map,image", (True, True)),
    ):
        done, has_image, has_map = go(t, PYPERF_OUTPUT=value)
        assert (has_image, has_map) == wanted, "PYPERF_OUTPUT=%s: image %s, map %s" % (
            value,
            has_image,
            has_map,
        )
        assert not done.stderr, done.stderr


@case("switches", each=harness.supported)
def unknown_values_are_reported_once_and_the_default_used(t):
    for name in ("PYPERF", "PYPERF_OUTPUT"):
        log = t.path(name)
        env = {name: "nonsense", "PYPERF_LOG": "info", "PYPERF_LOG_FILE": log}
        done, has_image, has_map = go(t, **env)
        assert has_image and has_map, "%s: image %s, map %s" % (name, has_image, has_map)
        told = [line for line in lines_of(log) if "nonsense" in line]
        assert len(told) == 1 and name in told[0], "%s: log says %s" % (name, lines_of(log))
        assert not done.stderr, done.stderr


@case("switches", each=harness.supported)
def an_unknown_log_level_is_reported_once_too(t):
    log = t.path("log")
    done, has_image, has_map = go(t, PYPERF_LOG="nonsense", PYPERF_LOG_FILE=log)
    assert has_image and has_map and not done.stderr, (has_image, has_map, done.stderr)
    lines = lines_of(log)
    assert len(lines) == 1 and "PYPERF_LOG=nonsense" in lines[0], "log says %s" % lines


@case("switches", each=harness.supported)
def images_go_to_tmp_without_a_folder(t):
    _, has_image, has_map = go(t, PYPERF_DIR=None)
    assert has_image and has_map, "image %s, map %s" % (has_image, has_map)


@case("switches", each=harness.supported)
def a_folder_that_is_none_is_reported(t):
    for number, folder in enumerate(("/nonexistent/folder", "relative", "/dev/null")):
        log = t.path("log%d" % number)
        go(t, PYPERF_DIR=folder, PYPERF_LOG="error", PYPERF_LOG_FILE=log)
        told = [line for line in lines_of(log) if folder in line]
        assert len(told) == 1, "PYPERF_DIR=%s: log says %s" % (folder, lines_of(log))


@case("switches", each=harness.supported)
def log_goes_to_stderr_or_its_file(t):
    done, _, _ = go(t, PYPERF_LOG="debug")
    assert done.stderr.strip(), "PYPERF_LOG=debug says nothing"
    log = t.path("log")
    done, _, _ = go(t, PYPERF_LOG="debug", PYPERF_LOG_FILE=log)
    assert lines_of(log) and not done.stderr, (lines_of(log), done.stderr)
    before = len(lines_of(log))
    go(t, PYPERF_LOG="debug", PYPERF_LOG_FILE=log)
    assert len(lines_of(log)) > before, "the log file is not appended to"


@case("switches", each=harness.supported)
def a_log_file_that_cannot_be_written_changes_nothing(t):
    _, has_image, has_map = go(t, PYPERF_LOG="debug", PYPERF_LOG_FILE="/nonexistent/log")
    assert has_image and has_map, "image %s, map %s" % (has_image, has_map)
