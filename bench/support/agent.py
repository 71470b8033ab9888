"""Runs commands and says what each cost; lives inside the root whose programs are measured.

One agent serves a whole benchmark, so that entering a chroot is no part of any figure.  Reads one
JSON request a line from stdin, answers with one JSON line:

    {"commands": [{"argv": [...], "env": {...}}, ...], "rounds": 7, "cpu": 1 or null, "cwd": ...}
    [[{"wall": s, "cpu": s, "rss": KiB, "code": 0, "out": "...", "pid": n}, ... per command], ...]

Commands are run in order, and that `rounds` times: A B C A B C ...  `cpu` is user + system time of
the command and the children it waited for.  Every second round runs backwards, so that no command
is always the one that comes after another.
"""

import glob
import json
import os
import signal
import sys
import time

LIMIT = 600  # seconds for one command


def clean_up(pid):
    """Removes the maps and dumps that profilers leave in /tmp."""
    for pattern in ("/tmp/perf-%d.map", "/tmp/jit-%d.dump"):
        for path in glob.glob(pattern % pid):
            os.remove(path)


def run(command, cwd):
    out, err = os.path.join(cwd, "agent.out"), os.path.join(cwd, "agent.err")
    flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC
    actions = [
        (os.POSIX_SPAWN_OPEN, 0, "/dev/null", os.O_RDONLY, 0),
        (os.POSIX_SPAWN_OPEN, 1, out, flags, 0o600),
        (os.POSIX_SPAWN_OPEN, 2, err, flags, 0o600),
    ]
    argv = command["argv"]
    start = time.perf_counter()
    pid = os.posix_spawnp(argv[0], argv, command["env"], file_actions=actions)
    signal.signal(signal.SIGALRM, lambda *_: os.kill(pid, signal.SIGKILL))
    signal.alarm(LIMIT)
    _, status, usage = os.wait4(pid, 0)
    wall = time.perf_counter() - start
    signal.alarm(0)
    if not command.get("keep"):
        clean_up(pid)
    with open(out, errors="replace") as file:
        text = file.read()
    with open(err, errors="replace") as file:
        complaint = file.read()
    return {
        "wall": wall,
        "cpu": usage.ru_utime + usage.ru_stime,
        "rss": usage.ru_maxrss,
        "code": os.waitstatus_to_exitcode(status),
        "out": text,
        "err": complaint[-4000:],
        "pid": pid,
    }


def serve(request):
    if request.get("cpu") is not None:
        os.sched_setaffinity(0, {request["cpu"]})
    else:
        os.sched_setaffinity(0, range(os.cpu_count()))
    os.chdir(request["cwd"])
    rounds = []
    for number in range(request["rounds"]):
        commands = list(enumerate(request["commands"]))
        if number % 2:
            commands.reverse()
        results = {index: run(command, request["cwd"]) for index, command in commands}
        rounds.append([results[index] for index in range(len(commands))])
    return rounds


for line in sys.stdin:
    print(json.dumps(serve(json.loads(line))), flush=True)
